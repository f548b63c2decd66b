//! Ways to die on purpose, as vendors' libraries do. Each ends the process; none returns.

use std::hint::black_box;

/// A way to die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// A call through a null pointer, as when a companion file is missing.
    Null,
    /// abort().
    Abort,
    /// The stack overflows.
    Stack,
}

impl Crash {
    /// Dies.
    pub fn now(self) -> ! {
        match self {
            Self::Null => call_through_null(),
            Self::Abort => {}
            Self::Stack => _ = overflow(black_box(0)),
        }
        std::process::abort()
    }
}

/// An entry of a table of functions at address 0; the first page of a process is never mapped.
const ENTRY_OF_NULL_TABLE: usize = 16;

fn call_through_null() {
    let entry = std::ptr::without_provenance::<()>(black_box(ENTRY_OF_NULL_TABLE));
    // SAFETY: not sound by intention: no function is there, the call faults and the process dies, which is what was asked
    // for. The pointer is not null itself, so the value is a valid function pointer as far as the compiler may assume.
    let function = unsafe { std::mem::transmute::<*const (), extern "C" fn()>(entry) };
    function();
}

/// Uses a page of stack per step; the sum keeps the compiler from making it a loop.
fn overflow(depth: u64) -> u64 {
    let page = black_box([depth; 512]);
    if black_box(depth) == u64::MAX {
        return depth;
    }
    overflow(depth + 1) + page.iter().sum::<u64>()
}

//! Every function of the table as a test can call it without knowing it: the C arguments that its views stand for, and
//! memory to point them at. From this the walks over all functions are made.

use std::ffi::c_void;

use cryptoki_sys::*;
use ukeyhub_vendors::error::{Outcome, outcome};
use ukeyhub_vendors::functions::{Class, ROWS, Row};

/// A function as a number of machine words. On every platform we build for the caller takes words off the stack again.
type Words =
    unsafe extern "C" fn(usize, usize, usize, usize, usize, usize, usize, usize, usize, usize, usize, usize) -> CK_RV;

/// The most arguments of a function (C_UnwrapKeyAuthenticated has ten).
const MOST: usize = 12;

/// What one C argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A pointer that must not be null.
    Needed,
    /// A pointer whose length goes with it: null is wrong while the length is not zero.
    Counted,
    /// A pointer that may be null.
    Optional,
    /// A pointer that must be null.
    Reserved,
    /// The length of the `Counted` before it.
    Length,
    /// Any other number.
    Number,
    /// A callback.
    Callback,
}

/// The C arguments of one view.
fn kinds(view: &str) -> &'static [Kind] {
    use Kind::*;
    match view {
        "Flags" | "ObjectHandle" | "UserType" | "MechanismType" | "ValidationType" | "Value" | "Present" => &[Number],
        "Bytes" | "Text" | "Parameter" | "Fill" | "Template" | "Query" | "Handles" => &[Counted, Length],
        "Pin" => &[Optional, Number],
        "Output" | "List" | "InterfaceList" => &[Optional, Needed],
        "PartOutput" => &[Optional, Optional],
        "Mechanism" | "OptionalHandle" | "InterfaceName" | "WantedVersion" | "InitArguments" => &[Optional],
        "Reserved" => &[Reserved],
        "Notify" => &[Optional, Callback],
        "Info" | "SlotInfo" | "TokenInfo" | "MechanismInfo" | "SessionInfo" | "Count" | "NewHandle" | "Label"
        | "Name" | "AsyncData" | "NewSession" | "NewSlot" | "FunctionList" | "InterfacePlace" => &[Needed],
        other => panic!("the walk does not know the view {other}"),
    }
}

/// One function of a list.
pub struct Function {
    pub row: &'static Row,
    pub arguments: Vec<Kind>,
    address: usize,
}

/// All functions of a list of the module, in the table's order. `count` is the list's number of functions.
///
/// # Safety
/// `list` points to a function list with that many functions.
pub unsafe fn of_list(list: *const c_void, count: usize) -> Vec<Function> {
    let first = std::mem::offset_of!(CK_FUNCTION_LIST, C_Initialize);
    (0..count)
        .map(|at| {
            // SAFETY: the caller's promise.
            let address = unsafe { list.byte_add(first).cast::<usize>().add(at).read_unaligned() };
            Function::new(&ROWS[at], address)
        })
        .collect()
}

impl Function {
    pub fn new(row: &'static Row, address: usize) -> Self {
        let arguments = row.arguments.iter().flat_map(|view| kinds(view)).copied().collect();
        Self { row, arguments, address }
    }

    /// Calls the function. `handle` is the slot id or session handle, where it has one.
    pub fn call(&self, handle: usize, arguments: &[usize]) -> Outcome {
        let mut words = [0; MOST];
        let first = usize::from(self.row.class != Class::Global);
        words[0] = handle;
        words[first..first + arguments.len()].copy_from_slice(arguments);
        let [a, b, c, d, e, f, g, h, i, j, k, l] = words;
        // SAFETY: an entry of the module, with as many words as it takes and more.
        outcome(unsafe { std::mem::transmute::<usize, Words>(self.address)(a, b, c, d, e, f, g, h, i, j, k, l) })
    }

    /// Whether the function works without C_Initialize.
    pub fn is_always_there(&self) -> bool {
        matches!(self.row.name, "C_Initialize" | "C_GetFunctionList" | "C_GetInterfaceList" | "C_GetInterface")
    }
}

/// Memory for the arguments of one call: each pointer leads to zeros of its own, each length is small.
pub struct Scratch {
    /// Freed with this value: the arguments point here. It never grows, so it never moves.
    _memory: Vec<[u64; 64]>,
}

impl Scratch {
    /// Arguments with which no pointer is null that should not be.
    pub fn for_call(function: &Function) -> (Self, Vec<usize>) {
        let mut memory = vec![[0; 64]; function.arguments.len()];
        let words = function.arguments.iter().zip(&mut memory).map(|(kind, room)| match kind {
            Kind::Needed | Kind::Counted | Kind::Optional => room.as_mut_ptr() as usize,
            Kind::Length => 2,
            Kind::Number | Kind::Callback | Kind::Reserved => 0,
        });
        let words = words.collect();
        (Self { _memory: memory }, words)
    }
}

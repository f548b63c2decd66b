//! The one guard that every exported function passes: no panic reaches the host, and the log shows calls and answers
//! without a PIN or key material. It must not know any function's arguments.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use cryptoki_sys::{CK_RV, CKR_GENERAL_ERROR};
use tracing::Level;
use ukeyhub_vendors::error::{Outcome, return_value};
use ukeyhub_vendors::functions::Function;

use crate::log;

/// Runs the body of an entry point and gives C its answer. A panic becomes CKR_GENERAL_ERROR.
#[inline]
pub fn run(function: Function, body: impl FnOnce() -> Outcome) -> CK_RV {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(outcome) => {
            if log::shows(Level::ERROR) {
                answered(function, outcome);
            }
            return_value(outcome)
        }
        Err(payload) => {
            // Dropping it could panic again.
            std::mem::forget(payload);
            CKR_GENERAL_ERROR
        }
    }
}

#[cold]
#[inline(never)]
fn answered(function: Function, outcome: Outcome) {
    match outcome {
        Ok(()) => tracing::debug!(answer = "CKR_OK", "{}", function.name()),
        Err(error) if error.is_routine() => tracing::debug!(answer = %error, "{}", function.name()),
        Err(error) => tracing::warn!(answer = %error, "{}", function.name()),
    }
}

/// Whether calls are written to the log.
#[inline(always)]
pub fn tracing_calls() -> bool {
    log::shows(Level::TRACE)
}

/// Writes a call with its arguments. The views' Debug forms show names, lengths and handles, never contents.
#[cold]
#[inline(never)]
pub fn called(function: Function, handle: Option<u64>, arguments: &[(&str, &dyn Debug)]) {
    struct Arguments<'a>(&'a [(&'a str, &'a dyn Debug)]);
    impl Debug for Arguments<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_map()
                .entries(self.0.iter().map(|(name, value)| (format_args!("{name}").to_string(), value)))
                .finish()
        }
    }
    tracing::trace!(handle, arguments = ?Arguments(arguments), "{}", function.name());
}

/// Panics of the module go to the log only: its own copy of the standard library would print them into the host's output.
pub fn silence_panics() {
    // Not a Once: a child forked while another thread is in it would wait for that thread.
    static DONE: AtomicBool = AtomicBool::new(false);
    if DONE.swap(true, Ordering::AcqRel) {
        return;
    }
    std::panic::set_hook(Box::new(|panic| {
        // The message may quote data of the host, so only the place is logged.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use ukeyhub_vendors::error::Error;

    #[test]
    fn a_panic_becomes_a_general_error() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropping the payload");
            }
        }
        assert_eq!(run(Function::C_Sign, || std::panic::panic_any(Bomb)), CKR_GENERAL_ERROR);
    }

    #[test]
    fn answers_pass_through() {
        assert_eq!(run(Function::C_Sign, || Ok(())), 0);
        assert_eq!(run(Function::C_Sign, || Err(Error::unknown_slot())), Error::unknown_slot().code());
    }
}

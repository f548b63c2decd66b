//! What surrounds every function: faults on request, functions that a product does not have, delays, panics, and the
//! product's own code for a failure. It must not know any function's arguments.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use skf_sys::codes;

use crate::api::{Call, Done};
use crate::views::{self, ULONG};

/// Runs the body of an exported function and gives C its answer. A panic becomes SAR_UNKNOWNERR.
pub fn run(function: &'static str, body: impl FnOnce(&Call) -> Done) -> ULONG {
    let answer = catch_unwind(AssertUnwindSafe(|| answer(function, body)));
    let code = answer.unwrap_or_else(|payload| {
        // Dropping it could panic again.
        std::mem::forget(payload);
        codes::SAR_UNKNOWNERR
    });
    views::ulong(code)
}

fn answer(function: &'static str, body: impl FnOnce(&Call) -> Done) -> u32 {
    let call = match Call::new(function) {
        Ok(call) => call,
        Err(sar) => return sar.0,
    };
    views::forget_outputs();
    let done = call.begin().and_then(|()| body(&call));
    let personality = call.personality();
    thread::sleep(personality.delay_of(function));
    let mut code = match done {
        Ok(()) => codes::SAR_OK,
        Err(failure) => failure.code(&personality),
    };
    for outcome in call.outcomes() {
        if outcome.remove_key {
            call.remove_key();
        }
        if outcome.changes_outputs() {
            views::change_outputs(|bytes| outcome.spoil(bytes), |len| outcome.length(len));
        }
        code = outcome.answer.unwrap_or(code);
    }
    code
}

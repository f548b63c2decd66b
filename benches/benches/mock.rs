//! Calls on the library that does nothing: bare, through the module, through p11-kit-proxy.
//! It must hold nothing but the choice of the library.
#![allow(missing_docs, reason = "a bench target has no public items")]

use std::process::ExitCode;

use ukeyhub_benches::peers::{Native, Peer};
use ukeyhub_benches::run;

fn main() -> ExitCode {
    run::main("mock", &[Native::Mock], Peer::ALL.len(), |criterion, run, stage| {
        run::calls(criterion, run, stage, Native::Mock)
    })
}

//! Calls on the software token SoftHSM2: bare, through the module, through p11-kit-proxy.
//! It must hold nothing but the choice of the library.
#![allow(missing_docs, reason = "a bench target has no public items")]

use std::process::ExitCode;

use ukeyhub_benches::peers::{Native, Peer};
use ukeyhub_benches::run;

fn main() -> ExitCode {
    run::main("softhsm", &[Native::SoftHsm], Peer::ALL.len(), |criterion, run, stage| {
        run::calls(criterion, run, stage, Native::SoftHsm)
    })
}

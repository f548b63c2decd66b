//! Cold starts with 1, 5 and 20 libraries: bare, through the module, through p11-kit-proxy. Also the memory they take.
//! It must hold nothing but the choice of the libraries.
#![allow(missing_docs, reason = "a bench target has no public items")]

use std::path::Path;
use std::process::ExitCode;

use ukeyhub_benches::cold::{MOST, starts};
use ukeyhub_benches::peers::Native;
use ukeyhub_benches::run;

fn main() -> ExitCode {
    run::main("start", &Native::ALL, MOST, |criterion, run, stage| {
        let cold = Path::new(env!("CARGO_BIN_EXE_cold"));
        Native::ALL.into_iter().try_for_each(|native| starts(criterion, run, stage, native, cold))
    })
}

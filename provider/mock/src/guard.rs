//! What every call passes first: counting, instructions, rules, "initialised". The bodies come after it. It must not
//! be on the quiet path.

use cryptoki_sys::{CK_RV, CK_ULONG, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_OK, CKR_VENDOR_DEFINED};

use crate::arguments::Answer;
use crate::entries::Function;
use crate::faults::{self, Then};
use crate::{instruct, report, state};

/// The answer of every call while an instruction of the environment or the file is refused.
pub const BAD_INSTRUCTION: CK_RV = CKR_VENDOR_DEFINED | 0x4D4F_434B;

/// Runs a call: its rules, then its body.
pub fn enter(
    function: Function,
    spoil: impl FnOnce(Option<CK_ULONG>) -> Answer,
    body: impl FnOnce() -> Answer,
) -> CK_RV {
    let _inside = report::arrive(function);
    if let Err(reason) = instruct::refresh() {
        complain(&reason);
        return BAD_INSTRUCTION;
    }
    let answer = match faults::due(function).map_or(Then::RunBody, faults::act) {
        Then::Answer(code) => return code,
        Then::Spoil(wrong) => spoil(wrong),
        Then::RunBody if state::initialised() || function.works_uninitialised() => body(),
        Then::RunBody => Err(CKR_CRYPTOKI_NOT_INITIALIZED),
    };
    answer.err().unwrap_or(CKR_OK)
}

/// Says why an instruction was refused: a test that mistypes one must see it.
#[expect(clippy::print_stderr, reason = "a test library that cannot obey says so where the test's output is shown")]
pub fn complain(reason: &str) {
    eprintln!("ukeyhub-mock: instruction refused: {reason}");
}

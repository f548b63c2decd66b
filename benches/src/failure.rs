//! The one error of the benches: what went wrong, in words. It must not be swallowed: a bench with a wrong answer ends.

use std::fmt::Display;

use cryptoki_sys::CK_RV;

/// Why a bench cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A C function did not answer CKR_OK.
    #[error("{function} answered {code:#x}")]
    Refused {
        /// The function's C name.
        function: &'static str,
        /// Its return value.
        code: CK_RV,
    },
    /// A call succeeded with an output that is not the right one.
    #[error("wrong answer: {0}")]
    Wrong(String),
    /// The surroundings are not as the benches need them.
    #[error("{0}")]
    Setup(String),
}

impl Failure {
    /// For `map_err`: an error of the surroundings, with what was being done.
    pub fn during<E: Display>(what: impl Display) -> impl FnOnce(E) -> Self {
        move |error| Self::Setup(format!("{what}: {error}"))
    }

    /// `Ok` when `holds`, else the wrong answer in words. The words are only made when needed.
    ///
    /// # Errors
    /// When it does not hold.
    #[inline]
    pub fn unless(holds: bool, what: impl FnOnce() -> String) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::Wrong(what())) }
    }
}

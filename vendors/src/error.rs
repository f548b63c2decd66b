//! The one error of the backend layer: a PKCS#11 return value that is not CKR_OK.
//! Each situation has a named constructor, so call sites say what happened and only this file knows the codes.
//! It must not carry text: a call that fails a thousand times a second allocates nothing.

use std::fmt;
use std::num::NonZero;

use cryptoki_sys::*;

use crate::names;

/// What every call of a backend answers. One machine word: zero is `Ok`, as in C.
pub type Outcome<T = ()> = Result<T, Error>;

/// A PKCS#11 return value other than CKR_OK.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Error(NonZero<CK_RV>);

/// The return value of a native call as an outcome. Vendor codes pass through untouched.
#[inline]
pub fn outcome(rv: CK_RV) -> Outcome {
    match NonZero::new(rv) {
        None => Ok(()),
        Some(code) => Err(Error(code)),
    }
}

/// The outcome as the return value that C expects.
#[inline]
pub fn return_value(outcome: Outcome) -> CK_RV {
    match outcome {
        Ok(()) => CKR_OK,
        Err(error) => error.code(),
    }
}

macro_rules! situations {
    ($($(#[$doc:meta])* $name:ident = $code:ident;)*) => {
        impl Error {
            $($(#[$doc])* #[inline] pub const fn $name() -> Self { Self::of($code) })*
        }
    };
}

situations! {
    /// A pointer that must not be null is null, or a length does not fit the address space.
    bad_argument = CKR_ARGUMENTS_BAD;
    /// The host has not called C_Initialize, or this is a forked child, or the process is ending.
    not_initialized = CKR_CRYPTOKI_NOT_INITIALIZED;
    /// C_Initialize was called twice.
    already_initialized = CKR_CRYPTOKI_ALREADY_INITIALIZED;
    /// The library behind this call has no such function, and software cannot stand in for it.
    not_supported = CKR_FUNCTION_NOT_SUPPORTED;
    /// No session has this handle: never opened, closed, or of another process.
    unknown_session = CKR_SESSION_HANDLE_INVALID;
    /// Every session handle is in use.
    too_many_sessions = CKR_SESSION_COUNT;
    /// A session must be opened with CKF_SERIAL_SESSION (PKCS#11 3.0, 5.6.1).
    parallel_session = CKR_SESSION_PARALLEL_NOT_SUPPORTED;
    /// No slot has this id.
    unknown_slot = CKR_SLOT_ID_INVALID;
    /// The token that this slot stands for is not in its reader.
    token_absent = CKR_TOKEN_NOT_PRESENT;
    /// The caller's buffer is shorter than the answer; its length argument now says what is needed.
    buffer_too_small = CKR_BUFFER_TOO_SMALL;
    /// Nothing has happened on any slot.
    no_event = CKR_NO_EVENT;
    /// The operation runs on the token and cannot be given up without finishing it.
    cannot_cancel = CKR_OPERATION_CANCEL_FAILED;
    /// No operation of this kind has been started.
    no_operation = CKR_OPERATION_NOT_INITIALIZED;
    /// An operation of this kind is already running.
    operation_active = CKR_OPERATION_ACTIVE;
    /// The mechanism's parameter cannot be kept for later messages.
    bad_parameter = CKR_MECHANISM_PARAM_INVALID;
    /// The process is ending: the module cannot start again.
    too_late = CKR_FUNCTION_FAILED;
    /// The module itself failed; the log says why.
    internal = CKR_GENERAL_ERROR;
    /// The system has no memory.
    no_memory = CKR_HOST_MEMORY;
    /// The token does not answer as it should.
    device = CKR_DEVICE_ERROR;
}

impl Error {
    /// The error of a code. CKR_OK is not an error; asking for it gives all ones, which no library answers.
    pub const fn of(code: CK_RV) -> Self {
        match NonZero::new(code) {
            Some(code) => Self(code),
            None => Self(NonZero::<CK_RV>::MAX),
        }
    }

    /// The PKCS#11 return value.
    #[inline]
    pub const fn code(self) -> CK_RV {
        self.0.get()
    }

    /// Whether a session that answers this has ceased to exist in its library.
    pub fn session_is_gone(self) -> bool {
        matches!(
            self.code(),
            CKR_SESSION_HANDLE_INVALID
                | CKR_SESSION_CLOSED
                | CKR_DEVICE_REMOVED
                | CKR_TOKEN_NOT_PRESENT
                | CKR_CRYPTOKI_NOT_INITIALIZED
        )
    }

    /// Whether hosts meet this answer in ordinary use, so that the log need not draw attention to it.
    pub fn is_routine(self) -> bool {
        !matches!(
            self.code(),
            CKR_GENERAL_ERROR
                | CKR_HOST_MEMORY
                | CKR_FUNCTION_FAILED
                | CKR_DEVICE_ERROR
                | CKR_DEVICE_MEMORY
                | CKR_DEVICE_REMOVED
                | CKR_PIN_LOCKED
        )
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names::RETURN_VALUES.show(self.code()).fmt(f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names::RETURN_VALUES.show(self.code()).fmt(f)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_one_word_and_round_trips() {
        assert_eq!(size_of::<Outcome>(), size_of::<CK_RV>());
        for code in [CKR_OK, CKR_ARGUMENTS_BAD, CKR_VENDOR_DEFINED | 7, CK_RV::MAX] {
            assert_eq!(return_value(outcome(code)), code);
        }
    }

    #[test]
    fn errors_print_the_name_of_the_standard() {
        assert_eq!(Error::unknown_session().to_string(), "CKR_SESSION_HANDLE_INVALID");
        assert_eq!(Error::of(CKR_VENDOR_DEFINED | 0x1234).to_string(), "0x80001234");
    }
}

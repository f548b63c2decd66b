//! What newer hosts expect of libraries older than PKCS#11 3.0 (design D8): C_LoginUser with an empty name, C_SessionCancel,
//! signing and verifying messages over the plain forms. A library that has the function is always asked itself.
//! It must not make a signature, spend a PIN try or use a key unless the host asked for just that.

use std::sync::{MutexGuard, PoisonError};

use cryptoki_sys::*;

use super::call::{DirectSession, own};
use crate::abi::*;
use crate::error::{Error, Outcome};
use crate::traits::Session;

/// C_GetSessionInfo: the host knows the slot by our id.
pub(super) fn get_session_info(session: &DirectSession, info: SessionInfo) -> Outcome {
    own::get_session_info(session, info).unwrap_or(Err(Error::not_supported()))?;
    let mut filled = info.get();
    filled.slotID = session.slot_id();
    info.set(filled);
    Ok(())
}

/// C_LoginUser (PKCS#11 3.0, 5.6.9): without a name it is C_Login.
pub(super) fn login_user(session: &DirectSession, user: UserType, pin: Pin, name: Text) -> Outcome {
    match own::login_user(session, user, pin, name) {
        Some(answer) => answer,
        None if name.as_slice().is_empty() => session.login(user, pin),
        None => Err(Error::not_supported()),
    }
}

/// C_SessionCancel (PKCS#11 3.0, 5.6.11). Searches, digests and verifications are brought to their end; an operation with a
/// secret key cannot be ended without using the key, so asking for one answers CKR_OPERATION_CANCEL_FAILED.
pub(super) fn session_cancel(session: &DirectSession, flags: Flags) -> Outcome {
    if let Some(answer) = own::session_cancel(session, flags) {
        return answer;
    }
    let mut left = flags.0;
    let mut cancel = |flag: CK_FLAGS, end: &dyn Fn() -> Outcome| {
        if left & flag == 0 {
            return Ok(());
        }
        left &= !flag;
        end()
    };
    cancel(CKF_FIND_OBJECTS, &|| inactive_is_fine(session.find_objects_final()))?;
    cancel(CKF_DIGEST, &|| {
        let (mut room, mut length) = ([0; 512], 0);
        inactive_is_fine(session.digest_final(Output::new(&mut room, &mut length)))
    })?;
    cancel(CKF_VERIFY, &|| end_verification(session))?;
    cancel(CKF_MESSAGE_SIGN, &|| forget(session, Kind::Sign))?;
    cancel(CKF_MESSAGE_VERIFY, &|| forget(session, Kind::Verify))?;
    if left == 0 { Ok(()) } else { Err(Error::cannot_cancel()) }
}

/// Any error but "too small" ends a final call's operation (PKCS#11 3.0, 5.2), and an absent one was what we wanted.
fn inactive_is_fine(answer: Outcome) -> Outcome {
    match answer {
        Err(error) if error == Error::buffer_too_small() => Err(Error::cannot_cancel()),
        _ => Ok(()),
    }
}

/// A wrong signature ends a verification, of one part or of many.
fn end_verification(session: &DirectSession) -> Outcome {
    let wrong = [0u8];
    let inactive = Err(Error::no_operation());
    if session.verify_final(Bytes::from(wrong.as_slice())) != inactive {
        return Ok(());
    }
    let single = session.verify(Bytes::from(wrong.as_slice()), Bytes::from(wrong.as_slice()));
    if single == Err(Error::operation_active()) { Err(Error::cannot_cancel()) } else { Ok(()) }
}

/// The message operations that software keeps for one session.
#[derive(Default)]
pub(super) struct Messages {
    sign: Option<Kept>,
    verify: Option<Kept>,
}

/// One message operation: what to start again for each message.
#[derive(Clone)]
struct Kept {
    mechanism: CK_MECHANISM_TYPE,
    parameter: Vec<u8>,
    key: ObjectHandle,
    /// The plain operation below is started and waits for data or for a longer buffer.
    running: bool,
    /// C_…MessageBegin was called: parts follow.
    parts: bool,
    /// The last part went down already and only its answer is outstanding.
    taken: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Sign,
    Verify,
}

fn kept<'a>(session: &'a DirectSession<'_>) -> MutexGuard<'a, Messages> {
    session.messages().lock().unwrap_or_else(PoisonError::into_inner)
}

impl Messages {
    fn place(&mut self, kind: Kind) -> &mut Option<Kept> {
        match kind {
            Kind::Sign => &mut self.sign,
            Kind::Verify => &mut self.verify,
        }
    }
}

/// Keeps a mechanism for the messages to come. Only a parameter without pointers inside can be kept.
fn keep(session: &DirectSession, kind: Kind, mechanism: Mechanism, key: ObjectHandle) -> Outcome {
    let (Some(read), Some(parameter)) = (mechanism.read(), mechanism.parameter()) else {
        return forget(session, kind);
    };
    if !is_flat(read.mechanism, parameter.len()) {
        return Err(Error::bad_parameter());
    }
    let mut messages = kept(session);
    let place = messages.place(kind);
    if place.is_some() {
        return Err(Error::operation_active());
    }
    *place = Some(Kept { mechanism: read.mechanism, parameter, key, running: false, parts: false, taken: false });
    Ok(())
}

/// Parameters known to hold no pointer: none, the PSS parameters, and a single length.
fn is_flat(mechanism: CK_MECHANISM_TYPE, length: usize) -> bool {
    let pss = [
        CKM_RSA_PKCS_PSS,
        CKM_SHA1_RSA_PKCS_PSS,
        CKM_SHA224_RSA_PKCS_PSS,
        CKM_SHA256_RSA_PKCS_PSS,
        CKM_SHA384_RSA_PKCS_PSS,
        CKM_SHA512_RSA_PKCS_PSS,
    ];
    length == 0
        || length == size_of::<CK_ULONG>()
        || (pss.contains(&mechanism) && length == size_of::<CK_RSA_PKCS_PSS_PARAMS>())
}

fn forget(session: &DirectSession, kind: Kind) -> Outcome {
    let running = kept(session).place(kind).take().is_some_and(|kept| kept.running);
    match (running, kind) {
        (false, _) => Ok(()),
        (true, Kind::Verify) => end_verification(session),
        (true, Kind::Sign) => Err(Error::cannot_cancel()),
    }
}

/// Starts the plain operation for the next message, if it does not run already.
fn ready(session: &DirectSession, kind: Kind, parameter: Parameter) -> Outcome<Kept> {
    if !parameter.as_slice().is_empty() {
        // The plain mechanisms have no parameter of a single message.
        return Err(Error::bad_parameter());
    }
    let mut state = kept(session).place(kind).clone().ok_or(Error::no_operation())?;
    if !state.running {
        let mut bytes = state.parameter.clone();
        let start = if bytes.is_empty() { std::ptr::null_mut() } else { bytes.as_mut_ptr() };
        let mut mechanism = CK_MECHANISM {
            mechanism: state.mechanism,
            pParameter: start.cast(),
            ulParameterLen: bytes.len() as CK_ULONG,
        };
        let mechanism = Mechanism::from(&mut mechanism);
        match kind {
            Kind::Sign => session.sign_init(mechanism, state.key)?,
            Kind::Verify => session.verify_init(mechanism, state.key)?,
        }
        state.running = true;
    }
    Ok(state)
}

/// Remembers where an operation stands after a call.
fn note(session: &DirectSession, kind: Kind, state: Kept) {
    if let Some(place) = kept(session).place(kind) {
        *place = state;
    }
}

/// Whether a producing call leaves its operation running: the length was asked for, or the buffer was too small.
fn still_running(answer: Outcome, asked: bool) -> bool {
    answer == Err(Error::buffer_too_small()) || (asked && answer.is_ok())
}

/// C_MessageSignInit (PKCS#11 3.0, 5.14.1).
pub(super) fn message_sign_init(session: &DirectSession, mechanism: Mechanism, key: ObjectHandle) -> Outcome {
    own::message_sign_init(session, mechanism, key).unwrap_or_else(|| keep(session, Kind::Sign, mechanism, key))
}

/// C_SignMessage (PKCS#11 3.0, 5.14.2).
pub(super) fn sign_message(session: &DirectSession, parameter: Parameter, data: Bytes, signature: Output) -> Outcome {
    if let Some(answer) = own::sign_message(session, parameter, data, signature) {
        return answer;
    }
    let mut state = ready(session, Kind::Sign, parameter)?;
    let answer = session.sign(data, signature);
    state.running = still_running(answer, signature.asks_length());
    note(session, Kind::Sign, state);
    answer
}

/// C_SignMessageBegin (PKCS#11 3.0, 5.14.3).
pub(super) fn sign_message_begin(session: &DirectSession, parameter: Parameter) -> Outcome {
    own::sign_message_begin(session, parameter).unwrap_or_else(|| begin(session, Kind::Sign, parameter))
}

fn begin(session: &DirectSession, kind: Kind, parameter: Parameter) -> Outcome {
    if kept(session).place(kind).as_ref().is_some_and(|state| state.parts) {
        return Err(Error::operation_active());
    }
    let mut state = ready(session, kind, parameter)?;
    state.parts = true;
    note(session, kind, state);
    Ok(())
}

/// C_SignMessageNext (PKCS#11 3.0, 5.14.4): a part, and with the last one the signature.
pub(super) fn sign_message_next(
    session: &DirectSession,
    parameter: Parameter,
    part: Bytes,
    signature: PartOutput,
) -> Outcome {
    if let Some(answer) = own::sign_message_next(session, parameter, part, signature) {
        return answer;
    }
    let mut state = next(session, Kind::Sign)?;
    if !state.taken {
        let taken = session.sign_update(part);
        if taken.is_err() {
            (state.running, state.parts) = (false, false);
            note(session, Kind::Sign, state);
            return taken;
        }
    }
    let Some(output) = signature.last() else {
        note(session, Kind::Sign, state);
        return Ok(());
    };
    let answer = session.sign_final(output);
    let running = still_running(answer, output.asks_length());
    (state.running, state.parts, state.taken) = (running, running, running);
    note(session, Kind::Sign, state);
    answer
}

fn next(session: &DirectSession, kind: Kind) -> Outcome<Kept> {
    kept(session).place(kind).clone().filter(|state| state.parts).ok_or(Error::no_operation())
}

/// C_MessageSignFinal (PKCS#11 3.0, 5.14.5).
pub(super) fn message_sign_final(session: &DirectSession) -> Outcome {
    own::message_sign_final(session).unwrap_or_else(|| end(session, Kind::Sign))
}

fn end(session: &DirectSession, kind: Kind) -> Outcome {
    if kept(session).place(kind).is_none() {
        return Err(Error::no_operation());
    }
    forget(session, kind)
}

/// C_MessageVerifyInit (PKCS#11 3.0, 5.16.1).
pub(super) fn message_verify_init(session: &DirectSession, mechanism: Mechanism, key: ObjectHandle) -> Outcome {
    own::message_verify_init(session, mechanism, key).unwrap_or_else(|| keep(session, Kind::Verify, mechanism, key))
}

/// C_VerifyMessage (PKCS#11 3.0, 5.16.2).
pub(super) fn verify_message(session: &DirectSession, parameter: Parameter, data: Bytes, signature: Bytes) -> Outcome {
    if let Some(answer) = own::verify_message(session, parameter, data, signature) {
        return answer;
    }
    let mut state = ready(session, Kind::Verify, parameter)?;
    let answer = session.verify(data, signature);
    state.running = false;
    note(session, Kind::Verify, state);
    answer
}

/// C_VerifyMessageBegin (PKCS#11 3.0, 5.16.3).
pub(super) fn verify_message_begin(session: &DirectSession, parameter: Parameter) -> Outcome {
    own::verify_message_begin(session, parameter).unwrap_or_else(|| begin(session, Kind::Verify, parameter))
}

/// C_VerifyMessageNext (PKCS#11 3.0, 5.16.4): a part; a signature with the last one.
pub(super) fn verify_message_next(
    session: &DirectSession,
    parameter: Parameter,
    part: Bytes,
    signature: Bytes,
) -> Outcome {
    if let Some(answer) = own::verify_message_next(session, parameter, part, signature) {
        return answer;
    }
    let mut state = next(session, Kind::Verify)?;
    let mut answer = session.verify_update(part);
    let last = !signature.is_null();
    if answer.is_ok() && last {
        answer = session.verify_final(signature);
    }
    if answer.is_err() || last {
        (state.running, state.parts) = (false, false);
    }
    note(session, Kind::Verify, state);
    answer
}

/// C_MessageVerifyFinal (PKCS#11 3.0, 5.16.5).
pub(super) fn message_verify_final(session: &DirectSession) -> Outcome {
    own::message_verify_final(session).unwrap_or_else(|| end(session, Kind::Verify))
}

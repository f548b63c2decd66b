//! The message functions of 3.0: many messages under one key. It must not look into message parameters: they are mixed
//! in as raw bytes, so the two sides must give the same.

use cryptoki_sys::{
    CK_BYTE, CK_FLAGS, CK_SESSION_HANDLE, CKF_END_OF_MESSAGE, CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED,
    CKR_SIGNATURE_INVALID,
};

use crate::arguments::{Answer, Array};
use crate::operations::{Kind, Operation};
use crate::state;
use crate::toy::{Mixer, SIGNATURE_LENGTH, xor};

/// A message given in parts.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    key: u64,
    position: u64,
    mixer: Mixer,
}

impl Message {
    fn new(operation: &Operation, parameter: &[u8], associated: &[u8]) -> Self {
        let mixer = Mixer::new(operation.key).with(parameter).with(associated);
        Self { key: mixer.0, position: 0, mixer }
    }
}

fn idle(operation: &Operation) -> Answer {
    if operation.message.is_some() { Err(CKR_OPERATION_ACTIVE) } else { Ok(()) }
}

/// C_EncryptMessage, C_DecryptMessage (3.0, 5.9 and 5.11).
pub fn cipher(
    kind: Kind,
    handle: CK_SESSION_HANDLE,
    parameter: &[u8],
    associated: &[u8],
    input: &[u8],
    output: Array<CK_BYTE>,
) -> Answer {
    let mut state = state::lock();
    let operation = state.session(handle)?.operation(kind)?;
    idle(operation)?;
    output.give(&xor(Message::new(operation, parameter, associated).key, 0, input))
}

/// C_EncryptMessageBegin, C_DecryptMessageBegin, C_SignMessageBegin, C_VerifyMessageBegin.
pub fn begin(kind: Kind, handle: CK_SESSION_HANDLE, parameter: &[u8], associated: &[u8]) -> Answer {
    let mut state = state::lock();
    let operation = state.session(handle)?.operation(kind)?;
    idle(operation)?;
    operation.message = Some(Message::new(operation, parameter, associated));
    Ok(())
}

/// C_EncryptMessageNext, C_DecryptMessageNext (3.0, 5.9 and 5.11).
pub fn cipher_next(
    kind: Kind,
    handle: CK_SESSION_HANDLE,
    _parameter: &[u8],
    input: &[u8],
    output: Array<CK_BYTE>,
    flags: CK_FLAGS,
) -> Answer {
    let mut state = state::lock();
    let operation = state.session(handle)?.operation(kind)?;
    let message = operation.message.as_mut().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
    if output.room(input.len())? {
        output.give(&xor(message.key, message.position, input))?;
        message.position += input.len() as u64;
        if flags & CKF_END_OF_MESSAGE != 0 {
            operation.message = None;
        }
    }
    Ok(())
}

/// C_SignMessage (3.0, 5.14).
pub fn sign(handle: CK_SESSION_HANDLE, parameter: &[u8], data: &[u8], signature: Array<CK_BYTE>) -> Answer {
    let mut state = state::lock();
    let operation = state.session(handle)?.operation(Kind::MessageSign)?;
    idle(operation)?;
    signature.give(&Message::new(operation, parameter, &[]).mixer.with(data).expand(SIGNATURE_LENGTH))
}

/// C_SignMessageNext (3.0, 5.14). Without a signature length more parts follow.
pub fn sign_next(
    handle: CK_SESSION_HANDLE,
    _parameter: &[u8],
    data: &[u8],
    signature: Option<Array<CK_BYTE>>,
) -> Answer {
    let mut state = state::lock();
    let operation = state.session(handle)?.operation(Kind::MessageSign)?;
    let message = operation.message.as_mut().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
    match signature {
        None => message.mixer.absorb(data),
        Some(signature) => {
            if signature.room(SIGNATURE_LENGTH)? {
                signature.give(&message.mixer.with(data).expand(SIGNATURE_LENGTH))?;
                operation.message = None;
            }
        }
    }
    Ok(())
}

/// C_VerifyMessage (3.0, 5.16).
pub fn verify(handle: CK_SESSION_HANDLE, parameter: &[u8], data: &[u8], signature: &[u8]) -> Answer {
    let mut state = state::lock();
    let operation = state.session(handle)?.operation(Kind::MessageVerify)?;
    idle(operation)?;
    let right = Message::new(operation, parameter, &[]).mixer.with(data).expand(SIGNATURE_LENGTH);
    if right == signature { Ok(()) } else { Err(CKR_SIGNATURE_INVALID) }
}

/// C_VerifyMessageNext (3.0, 5.16). Without a signature more parts follow.
pub fn verify_next(handle: CK_SESSION_HANDLE, _parameter: &[u8], data: &[u8], signature: Option<&[u8]>) -> Answer {
    let mut state = state::lock();
    let operation = state.session(handle)?.operation(Kind::MessageVerify)?;
    let message = operation.message.as_mut().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
    message.mixer.absorb(data);
    let Some(signature) = signature else { return Ok(()) };
    let right = message.mixer.expand(SIGNATURE_LENGTH);
    operation.message = None;
    if right == signature { Ok(()) } else { Err(CKR_SIGNATURE_INVALID) }
}

/// C_MessageEncryptFinal, C_MessageDecryptFinal, C_MessageSignFinal, C_MessageVerifyFinal.
pub fn end(kind: Kind, handle: CK_SESSION_HANDLE) -> Answer {
    let mut state = state::lock();
    state.session(handle)?.operations.remove(&kind).map(|_| ()).ok_or(CKR_OPERATION_NOT_INITIALIZED)
}

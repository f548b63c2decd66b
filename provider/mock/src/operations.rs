//! The operation state machine of a session: begin, go on, end; encrypt, digest, sign, verify and their mixtures over
//! the toy transforms. It must not end an operation on a length query or CKR_BUFFER_TOO_SMALL.

use cryptoki_sys::{
    CK_BYTE, CK_FLAGS, CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CKA_ALWAYS_AUTHENTICATE, CKF_DECRYPT,
    CKF_DIGEST, CKF_ENCRYPT, CKF_FIND_OBJECTS, CKF_MESSAGE_DECRYPT, CKF_MESSAGE_ENCRYPT, CKF_MESSAGE_SIGN,
    CKF_MESSAGE_VERIFY, CKF_SIGN, CKF_SIGN_RECOVER, CKF_VERIFY, CKF_VERIFY_RECOVER, CKR_KEY_HANDLE_INVALID,
    CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED, CKR_SIGNATURE_INVALID, CKR_SIGNATURE_LEN_RANGE,
    CKR_USER_NOT_LOGGED_IN,
};

use crate::arguments::{Answer, Array, Mechanism, Spoil};
use crate::messages::Message;
use crate::sessions::Session;
use crate::state;
use crate::toy::{DIGEST_LENGTH, Mixer, SIGNATURE_LENGTH, xor};

/// The kinds of operation; a session has at most one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Encrypt,
    Decrypt,
    Digest,
    Sign,
    SignRecover,
    Verify,
    VerifyRecover,
    VerifySignature,
    MessageEncrypt,
    MessageDecrypt,
    MessageSign,
    MessageVerify,
}
impl Spoil for Kind {}

/// The flags of C_SessionCancel and the kind each one stands for.
const CANCELLABLE: [(CK_FLAGS, Kind); 12] = [
    (CKF_ENCRYPT, Kind::Encrypt),
    (CKF_DECRYPT, Kind::Decrypt),
    (CKF_DIGEST, Kind::Digest),
    (CKF_SIGN, Kind::Sign),
    (CKF_SIGN_RECOVER, Kind::SignRecover),
    (CKF_VERIFY, Kind::Verify),
    (CKF_VERIFY, Kind::VerifySignature),
    (CKF_VERIFY_RECOVER, Kind::VerifyRecover),
    (CKF_MESSAGE_ENCRYPT, Kind::MessageEncrypt),
    (CKF_MESSAGE_DECRYPT, Kind::MessageDecrypt),
    (CKF_MESSAGE_SIGN, Kind::MessageSign),
    (CKF_MESSAGE_VERIFY, Kind::MessageVerify),
];

/// A running operation.
#[derive(Clone, Debug)]
pub struct Operation {
    pub mechanism: CK_MECHANISM_TYPE,
    /// The key's secret.
    pub secret: u64,
    /// The key's secret mixed with the mechanism and its parameter.
    pub key: u64,
    /// The mix of all input so far.
    pub mixer: Mixer,
    /// Bytes transformed so far.
    pub position: u64,
    /// True once a part was given; a single-part call is then too late.
    pub started: bool,
    /// CKA_ALWAYS_AUTHENTICATE: C_Login with CKU_CONTEXT_SPECIFIC must come first.
    pub locked: bool,
    /// The signature to compare with (C_VerifySignatureInit).
    pub signature: Vec<u8>,
    /// The message in progress, in a message operation.
    pub message: Option<Message>,
}

impl Operation {
    fn new(mechanism: &Mechanism, secret: u64, locked: bool) -> Self {
        let mixer = Mixer::new(secret ^ mechanism.kind as u64).with(&mechanism.parameter);
        let (mechanism, key) = (mechanism.kind, mixer.0);
        let signature = Vec::new();
        Self { mechanism, secret, key, mixer, position: 0, started: false, locked, signature, message: None }
    }

    fn transform(&mut self, input: &[u8]) -> Vec<u8> {
        let output = xor(self.key, self.position, input);
        self.position += input.len() as u64;
        output
    }
}

impl Session {
    /// A running operation that may be used now.
    pub fn operation(&mut self, kind: Kind) -> Answer<&mut Operation> {
        let operation = self.operations.get_mut(&kind).ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
        if operation.locked { Err(CKR_USER_NOT_LOGGED_IN) } else { Ok(operation) }
    }

    fn begin(&mut self, kind: Kind, operation: Operation) -> Answer {
        if self.operations.contains_key(&kind) {
            return Err(CKR_OPERATION_ACTIVE);
        }
        self.operations.insert(kind, operation);
        Ok(())
    }

    /// The operation, for a call that ends it and gives no output.
    fn end(&mut self, kind: Kind) -> Answer<Operation> {
        self.operation(kind)?;
        self.operations.remove(&kind).ok_or(CKR_OPERATION_NOT_INITIALIZED)
    }

    /// The operation, for a call that ends it and gives `needed` bytes; None when only the length was asked for.
    fn end_with(&mut self, kind: Kind, output: &Array<CK_BYTE>, needed: usize) -> Answer<Option<Operation>> {
        self.operation(kind)?;
        if output.room(needed)? { self.end(kind).map(Some) } else { Ok(None) }
    }
}

fn not_started(operation: &Operation) -> Answer {
    if operation.started { Err(CKR_OPERATION_ACTIVE) } else { Ok(()) }
}

fn compare(right: &[u8], given: &[u8]) -> Answer {
    match (right.len() == given.len(), right == given) {
        (false, _) => Err(CKR_SIGNATURE_LEN_RANGE),
        (true, false) => Err(CKR_SIGNATURE_INVALID),
        (true, true) => Ok(()),
    }
}

/// C_EncryptInit, C_DecryptInit, C_SignInit, C_VerifyInit, the recover and the message forms. Takes any mechanism.
/// No mechanism cancels what is running (3.0, 5.8).
pub fn init(kind: Kind, handle: CK_SESSION_HANDLE, mechanism: Option<Mechanism>, key: CK_OBJECT_HANDLE) -> Answer {
    let mut state = state::lock();
    let (session, token) = state.pair(handle)?;
    let Some(mechanism) = mechanism else {
        session.operations.remove(&kind);
        return Ok(());
    };
    let key = token.object(key).map_err(|_| CKR_KEY_HANDLE_INVALID)?;
    session.begin(kind, Operation::new(&mechanism, key.secret, key.is(CKA_ALWAYS_AUTHENTICATE, false)))
}

/// C_DigestInit (2.40, 5.10).
pub fn digest_init(handle: CK_SESSION_HANDLE, mechanism: Option<Mechanism>) -> Answer {
    let mut state = state::lock();
    let session = state.session(handle)?;
    match mechanism {
        Some(mechanism) => session.begin(Kind::Digest, Operation::new(&mechanism, 0, false)),
        None => {
            session.operations.remove(&Kind::Digest);
            Ok(())
        }
    }
}

/// C_VerifySignatureInit (3.2).
pub fn verify_signature_init(
    handle: CK_SESSION_HANDLE,
    mechanism: Option<Mechanism>,
    key: CK_OBJECT_HANDLE,
    signature: &[u8],
) -> Answer {
    init(Kind::VerifySignature, handle, mechanism, key)?;
    if let Some(operation) = state::lock().session(handle)?.operations.get_mut(&Kind::VerifySignature) {
        operation.signature = signature.to_vec();
    }
    Ok(())
}

/// C_Encrypt, C_Decrypt: as many bytes out as in.
pub fn cipher(kind: Kind, handle: CK_SESSION_HANDLE, input: &[u8], output: Array<CK_BYTE>) -> Answer {
    let mut state = state::lock();
    let session = state.session(handle)?;
    not_started(session.operation(kind)?)?;
    match session.end_with(kind, &output, input.len())? {
        Some(mut operation) => output.give(&operation.transform(input)),
        None => Ok(()),
    }
}

/// C_EncryptUpdate, C_DecryptUpdate.
pub fn cipher_update(kind: Kind, handle: CK_SESSION_HANDLE, input: &[u8], output: Array<CK_BYTE>) -> Answer {
    let mut state = state::lock();
    let operation = state.session(handle)?.operation(kind)?;
    if output.room(input.len())? {
        operation.started = true;
        output.give(&operation.transform(input))?;
    }
    Ok(())
}

/// C_EncryptFinal, C_DecryptFinal: nothing is ever held back.
pub fn cipher_final(kind: Kind, handle: CK_SESSION_HANDLE, output: Array<CK_BYTE>) -> Answer {
    let mut state = state::lock();
    state.session(handle)?.end_with(kind, &output, 0).map(|_| ())
}

fn mixed_length(kind: Kind) -> usize {
    if kind == Kind::Digest { DIGEST_LENGTH } else { SIGNATURE_LENGTH }
}

/// C_Digest, C_Sign.
pub fn mix(kind: Kind, handle: CK_SESSION_HANDLE, input: &[u8], output: Array<CK_BYTE>) -> Answer {
    let mut state = state::lock();
    let session = state.session(handle)?;
    not_started(session.operation(kind)?)?;
    match session.end_with(kind, &output, mixed_length(kind))? {
        Some(operation) => output.give(&operation.mixer.with(input).expand(mixed_length(kind))),
        None => Ok(()),
    }
}

/// C_DigestUpdate, C_SignUpdate, C_VerifyUpdate, C_VerifySignatureUpdate.
pub fn mix_update(kind: Kind, handle: CK_SESSION_HANDLE, input: &[u8]) -> Answer {
    let mut state = state::lock();
    let operation = state.session(handle)?.operation(kind)?;
    operation.started = true;
    operation.mixer.absorb(input);
    Ok(())
}

/// C_DigestKey (2.40, 5.10).
pub fn digest_key(handle: CK_SESSION_HANDLE, key: CK_OBJECT_HANDLE) -> Answer {
    let mut state = state::lock();
    let (session, token) = state.pair(handle)?;
    let secret = token.object(key).map_err(|_| CKR_KEY_HANDLE_INVALID)?.secret;
    let operation = session.operation(Kind::Digest)?;
    operation.started = true;
    operation.mixer.absorb(&secret.to_le_bytes());
    Ok(())
}

/// C_DigestFinal, C_SignFinal.
pub fn mix_final(kind: Kind, handle: CK_SESSION_HANDLE, output: Array<CK_BYTE>) -> Answer {
    let mut state = state::lock();
    match state.session(handle)?.end_with(kind, &output, mixed_length(kind))? {
        Some(operation) => output.give(&operation.mixer.expand(mixed_length(kind))),
        None => Ok(()),
    }
}

/// C_Verify (2.40, 5.12).
pub fn verify(handle: CK_SESSION_HANDLE, data: &[u8], signature: &[u8]) -> Answer {
    let mut state = state::lock();
    let session = state.session(handle)?;
    not_started(session.operation(Kind::Verify)?)?;
    compare(&session.end(Kind::Verify)?.mixer.with(data).expand(SIGNATURE_LENGTH), signature)
}

/// C_VerifyFinal (2.40, 5.12).
pub fn verify_final(handle: CK_SESSION_HANDLE, signature: &[u8]) -> Answer {
    let operation = state::lock().session(handle)?.end(Kind::Verify)?;
    compare(&operation.mixer.expand(SIGNATURE_LENGTH), signature)
}

/// C_VerifySignature (3.2).
pub fn verify_signature(handle: CK_SESSION_HANDLE, data: &[u8]) -> Answer {
    let mut state = state::lock();
    let session = state.session(handle)?;
    not_started(session.operation(Kind::VerifySignature)?)?;
    let operation = session.end(Kind::VerifySignature)?;
    compare(&operation.mixer.with(data).expand(SIGNATURE_LENGTH), &operation.signature)
}

/// C_VerifySignatureFinal (3.2).
pub fn verify_signature_final(handle: CK_SESSION_HANDLE) -> Answer {
    let operation = state::lock().session(handle)?.end(Kind::VerifySignature)?;
    compare(&operation.mixer.expand(SIGNATURE_LENGTH), &operation.signature)
}

/// C_SignRecover (2.40, 5.11): the data under the pattern, then eight bytes of mix.
pub fn sign_recover(handle: CK_SESSION_HANDLE, data: &[u8], signature: Array<CK_BYTE>) -> Answer {
    let mut state = state::lock();
    match state.session(handle)?.end_with(Kind::SignRecover, &signature, data.len() + 8)? {
        Some(mut operation) => {
            let proof = operation.mixer.with(data).0.to_le_bytes();
            signature.give(&[operation.transform(data), proof.to_vec()].concat())
        }
        None => Ok(()),
    }
}

/// C_VerifyRecover (2.40, 5.12).
pub fn verify_recover(handle: CK_SESSION_HANDLE, signature: &[u8], data: Array<CK_BYTE>) -> Answer {
    let mut state = state::lock();
    let session = state.session(handle)?;
    session.operation(Kind::VerifyRecover)?;
    let Some((hidden, proof)) = signature.split_last_chunk::<8>() else {
        session.end(Kind::VerifyRecover)?;
        return Err(CKR_SIGNATURE_LEN_RANGE);
    };
    match session.end_with(Kind::VerifyRecover, &data, hidden.len())? {
        Some(mut operation) => {
            let recovered = operation.transform(hidden);
            compare(&operation.mixer.with(&recovered).0.to_le_bytes(), proof)?;
            data.give(&recovered)
        }
        None => Ok(()),
    }
}

/// C_DigestEncryptUpdate, C_SignEncryptUpdate, C_DecryptDigestUpdate, C_DecryptVerifyUpdate: `mixing` takes in the
/// plain text, whichever side that is.
pub fn dual(mixing: Kind, cipher: Kind, handle: CK_SESSION_HANDLE, input: &[u8], output: Array<CK_BYTE>) -> Answer {
    let mut state = state::lock();
    let session = state.session(handle)?;
    session.operation(mixing)?;
    let operation = session.operation(cipher)?;
    if output.room(input.len())? {
        operation.started = true;
        let transformed = operation.transform(input);
        output.give(&transformed)?;
        let plain = if cipher == Kind::Encrypt { input } else { &transformed };
        let operation = session.operation(mixing)?;
        operation.started = true;
        operation.mixer.absorb(plain);
    }
    Ok(())
}

/// C_SessionCancel (3.0, 5.6).
pub fn cancel(handle: CK_SESSION_HANDLE, flags: CK_FLAGS) -> Answer {
    let mut state = state::lock();
    let session = state.session(handle)?;
    for (_, kind) in CANCELLABLE.iter().filter(|(flag, _)| flags & flag != 0) {
        session.operations.remove(kind);
    }
    if flags & CKF_FIND_OBJECTS != 0 {
        session.search = None;
    }
    Ok(())
}

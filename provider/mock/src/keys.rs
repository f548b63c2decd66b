//! Making keys: generate, wrap, unwrap, derive, encapsulate; random numbers; saved operation states.
//! THIS IS NO CRYPTOGRAPHY (see `toy.rs`). It must not check what a mechanism is good for: all are taken.

use std::collections::BTreeMap;

use cryptoki_sys::{
    CK_ATTRIBUTE_TYPE, CK_BYTE, CK_MECHANISM_TYPE, CK_OBJECT_CLASS, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_ULONG,
    CKA_CLASS, CKA_EXTRACTABLE, CKA_LOCAL, CKA_PRIVATE, CKA_VALUE, CKA_VALUE_LEN, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY,
    CKO_SECRET_KEY, CKR_KEY_CHANGED, CKR_KEY_HANDLE_INVALID, CKR_KEY_NEEDED, CKR_KEY_NOT_NEEDED, CKR_KEY_UNEXTRACTABLE,
    CKR_OPERATION_NOT_INITIALIZED, CKR_SAVED_STATE_INVALID, CKR_STATE_UNSAVEABLE, CKR_TEMPLATE_INCONSISTENT,
    CKR_UNWRAPPING_KEY_HANDLE_INVALID, CKR_WRAPPING_KEY_HANDLE_INVALID,
};

use crate::arguments::{Answer, Array, Limited, Mechanism, Place, Template};
use crate::objects::{attributes, number, store, truth};
use crate::operations::{Kind, Operation};
use crate::state::{self, State};
use crate::toy::{Mixer, scatter, xor};

/// Bytes of a ciphertext of C_EncapsulateKey.
const CIPHERTEXT_LENGTH: usize = 32;
/// The longest CKA_VALUE_LEN that is made.
const LONGEST_KEY: usize = 4096;

type Attributes = BTreeMap<CK_ATTRIBUTE_TYPE, Vec<u8>>;

fn random(state: &mut State, length: usize) -> Vec<u8> {
    state.random = scatter(state.random);
    Mixer::new(state.random).expand(length)
}

fn with_class(template: Template, class: CK_OBJECT_CLASS) -> Answer<Attributes> {
    let mut attributes = attributes(template)?;
    attributes.entry(CKA_CLASS).or_insert_with(|| number(class));
    Ok(attributes)
}

fn wanted_length(attributes: &Attributes) -> Answer<usize> {
    let Some(value) = attributes.get(&CKA_VALUE_LEN) else { return Ok(CIPHERTEXT_LENGTH) };
    let value = value.as_slice().try_into().map_err(|_| CKR_TEMPLATE_INCONSISTENT)?;
    let length = CK_ULONG::from_ne_bytes(value) as usize;
    if (1..=LONGEST_KEY).contains(&length) { Ok(length) } else { Err(CKR_TEMPLATE_INCONSISTENT) }
}

/// Stores a key whose value is given; two keys with the same value do the same.
fn store_value(
    state: &mut State,
    session: CK_SESSION_HANDLE,
    mut attributes: Attributes,
    value: Vec<u8>,
) -> Answer<CK_OBJECT_HANDLE> {
    attributes.insert(CKA_VALUE_LEN, number(value.len() as CK_ULONG));
    let secret = Mixer::new(0).with(&value).0;
    attributes.insert(CKA_VALUE, value);
    store(state, session, attributes, Some(secret))
}

fn secret_of(state: &mut State, session: CK_SESSION_HANDLE, key: CK_OBJECT_HANDLE) -> Answer<u64> {
    state.pair(session)?.1.object(key).map(|key| key.secret).map_err(|_| CKR_KEY_HANDLE_INVALID)
}

/// The number that two sides with the same key, mechanism and further bytes have in common.
fn shared(secret: u64, mechanism: &Mechanism, further: &[u8]) -> Mixer {
    Mixer::new(secret ^ mechanism.kind as u64).with(&mechanism.parameter).with(further)
}

/// C_GenerateKey (2.40, 5.14).
pub fn generate(
    session: CK_SESSION_HANDLE,
    _mechanism: Mechanism,
    template: Template,
    key: Place<CK_OBJECT_HANDLE>,
) -> Answer {
    let mut state = state::lock();
    state.session(session)?;
    let mut attributes = with_class(template, CKO_SECRET_KEY)?;
    attributes.insert(CKA_LOCAL, truth(true));
    let length = wanted_length(&attributes)?;
    let value = random(&mut state, length);
    key.set(store_value(&mut state, session, attributes, value)?);
    Ok(())
}

/// C_GenerateKeyPair (2.40, 5.14).
pub fn generate_pair(
    session: CK_SESSION_HANDLE,
    _mechanism: Mechanism,
    public: Template,
    private: Template,
    public_key: Place<CK_OBJECT_HANDLE>,
    private_key: Place<CK_OBJECT_HANDLE>,
) -> Answer {
    let mut state = state::lock();
    state.session(session)?;
    let mut public = with_class(public, CKO_PUBLIC_KEY)?;
    let mut private = with_class(private, CKO_PRIVATE_KEY)?;
    public.insert(CKA_LOCAL, truth(true));
    private.insert(CKA_LOCAL, truth(true));
    private.entry(CKA_PRIVATE).or_insert_with(|| truth(true));
    let value = random(&mut state, CIPHERTEXT_LENGTH);
    let secret = Mixer::new(0).with(&value).0;
    let private_handle = store_value(&mut state, session, private, value)?;
    match store(&mut state, session, public, Some(secret)) {
        Ok(public_handle) => {
            public_key.set(public_handle);
            private_key.set(private_handle);
            Ok(())
        }
        Err(code) => {
            state.pair(session)?.1.objects.remove(&private_handle);
            Err(code)
        }
    }
}

/// C_WrapKey (2.40, 5.14) and C_WrapKeyAuthenticated (3.2).
pub fn wrap(
    session: CK_SESSION_HANDLE,
    mechanism: Mechanism,
    wrapping: CK_OBJECT_HANDLE,
    key: CK_OBJECT_HANDLE,
    associated: &[u8],
    wrapped: Array<CK_BYTE>,
) -> Answer {
    let mut state = state::lock();
    let (_, token) = state.pair(session)?;
    let with = token.object(wrapping).map_err(|_| CKR_WRAPPING_KEY_HANDLE_INVALID)?.secret;
    let key = token.object(key).map_err(|_| CKR_KEY_HANDLE_INVALID)?;
    let value = key.attributes.get(&CKA_VALUE).filter(|_| key.is(CKA_EXTRACTABLE, true));
    wrapped.give(&xor(shared(with, &mechanism, associated).0, 0, value.ok_or(CKR_KEY_UNEXTRACTABLE)?))
}

/// C_UnwrapKey (2.40, 5.14) and C_UnwrapKeyAuthenticated (3.2).
pub fn unwrap(
    session: CK_SESSION_HANDLE,
    mechanism: Mechanism,
    unwrapping: CK_OBJECT_HANDLE,
    wrapped: &[u8],
    template: Template,
    associated: &[u8],
    key: Place<CK_OBJECT_HANDLE>,
) -> Answer {
    let mut state = state::lock();
    let (_, token) = state.pair(session)?;
    let with = token.object(unwrapping).map_err(|_| CKR_UNWRAPPING_KEY_HANDLE_INVALID)?.secret;
    let value = xor(shared(with, &mechanism, associated).0, 0, wrapped);
    let attributes = with_class(template, CKO_SECRET_KEY)?;
    key.set(store_value(&mut state, session, attributes, value)?);
    Ok(())
}

/// C_DeriveKey (2.40, 5.14).
pub fn derive(
    session: CK_SESSION_HANDLE,
    mechanism: Mechanism,
    base: CK_OBJECT_HANDLE,
    template: Template,
    key: Place<CK_OBJECT_HANDLE>,
) -> Answer {
    let mut state = state::lock();
    let secret = secret_of(&mut state, session, base)?;
    let attributes = with_class(template, CKO_SECRET_KEY)?;
    let value = shared(secret, &mechanism, &[]).expand(wanted_length(&attributes)?);
    key.set(store_value(&mut state, session, attributes, value)?);
    Ok(())
}

/// C_EncapsulateKey (3.2).
pub fn encapsulate(
    session: CK_SESSION_HANDLE,
    mechanism: Mechanism,
    public: CK_OBJECT_HANDLE,
    template: Template,
    ciphertext: Array<CK_BYTE>,
    key: Place<CK_OBJECT_HANDLE>,
) -> Answer {
    let mut state = state::lock();
    let secret = secret_of(&mut state, session, public)?;
    if !ciphertext.room(CIPHERTEXT_LENGTH)? {
        return Ok(());
    }
    let sent = random(&mut state, CIPHERTEXT_LENGTH);
    let attributes = with_class(template, CKO_SECRET_KEY)?;
    let value = shared(secret, &mechanism, &sent).expand(wanted_length(&attributes)?);
    key.set(store_value(&mut state, session, attributes, value)?);
    ciphertext.give(&sent)
}

/// C_DecapsulateKey (3.2).
pub fn decapsulate(
    session: CK_SESSION_HANDLE,
    mechanism: Mechanism,
    private: CK_OBJECT_HANDLE,
    template: Template,
    ciphertext: &[u8],
    key: Place<CK_OBJECT_HANDLE>,
) -> Answer {
    let mut state = state::lock();
    let secret = secret_of(&mut state, session, private)?;
    let attributes = with_class(template, CKO_SECRET_KEY)?;
    let value = shared(secret, &mechanism, ciphertext).expand(wanted_length(&attributes)?);
    key.set(store_value(&mut state, session, attributes, value)?);
    Ok(())
}

/// C_SeedRandom (2.40, 5.15).
pub fn seed(session: CK_SESSION_HANDLE, seed: &[u8]) -> Answer {
    let mut state = state::lock();
    state.session(session)?;
    state.random = Mixer::new(state.random).with(seed).0;
    Ok(())
}

/// C_GenerateRandom (2.40, 5.15). The same numbers in every process.
pub fn generate_random(session: CK_SESSION_HANDLE, output: Limited<CK_BYTE>) -> Answer {
    let mut state = state::lock();
    state.session(session)?;
    output.give(&random(&mut state, output.limit()));
    Ok(())
}

/// Kinds whose state can be saved, and the byte that stands for each.
const SAVEABLE: [(u8, Kind); 3] = [(1, Kind::Digest), (2, Kind::Sign), (3, Kind::Verify)];
const STATE_LENGTH: usize = 1 + 4 * 8;

/// C_GetOperationState (2.40, 5.6): one digest, signature or verification.
pub fn get_operation_state(session: CK_SESSION_HANDLE, output: Array<CK_BYTE>) -> Answer {
    let mut state = state::lock();
    let session = state.session(session)?;
    let mut running = session.operations.iter();
    let (kind, operation) = running.next().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
    let mark = SAVEABLE.iter().find(|(_, saveable)| saveable == kind);
    let (Some((mark, _)), None) = (mark, running.next()) else { return Err(CKR_STATE_UNSAVEABLE) };
    let mut saved = vec![*mark];
    for word in [operation.mechanism as u64, operation.secret, operation.key, operation.mixer.0] {
        saved.extend(word.to_le_bytes());
    }
    output.give(&saved)
}

/// C_SetOperationState (2.40, 5.6).
pub fn set_operation_state(
    handle: CK_SESSION_HANDLE,
    saved: &[u8],
    encryption_key: CK_OBJECT_HANDLE,
    authentication_key: CK_OBJECT_HANDLE,
) -> Answer {
    let mut state = state::lock();
    state.session(handle)?;
    let saved: &[u8; STATE_LENGTH] = saved.try_into().map_err(|_| CKR_SAVED_STATE_INVALID)?;
    let mut words = saved[1..].chunks_exact(8).filter_map(|word| word.try_into().ok()).map(u64::from_le_bytes);
    let (mechanism, secret, key, mixed) = (words.next(), words.next(), words.next(), words.next());
    let kind = SAVEABLE.iter().find(|(mark, _)| *mark == saved[0]).map(|(_, kind)| *kind);
    let (Some(kind), Some(mechanism), Some(secret), Some(key), Some(mixed)) = (kind, mechanism, secret, key, mixed)
    else {
        return Err(CKR_SAVED_STATE_INVALID);
    };
    match (kind, authentication_key) {
        _ if encryption_key != 0 => return Err(CKR_KEY_NOT_NEEDED),
        (Kind::Digest, 0) => {}
        (Kind::Digest, _) => return Err(CKR_KEY_NOT_NEEDED),
        (_, 0) => return Err(CKR_KEY_NEEDED),
        (_, given) if secret_of(&mut state, handle, given)? != secret => return Err(CKR_KEY_CHANGED),
        _ => {}
    }
    let operation = Operation {
        mechanism: mechanism as CK_MECHANISM_TYPE,
        secret,
        key,
        mixer: Mixer(mixed),
        position: 0,
        started: true,
        locked: false,
        signature: Vec::new(),
        message: None,
    };
    let session = state.session(handle)?;
    session.operations.clear();
    session.search = None;
    session.operations.insert(kind, operation);
    Ok(())
}

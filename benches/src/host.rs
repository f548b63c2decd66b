//! A host that has a library ready for use: initialised, a token chosen, sessions open, objects made.
//! It must do the same on every peer, so that what is compared is only the way to the library.

use cryptoki_sys::*;
use ukeyhub_artefacts::softhsm::USER_PIN;

use crate::Failure;
use crate::call::{Answer, Attribute, FOUND_AT_ONCE, Library, ulong};
use crate::peers::{Native, Peer, p11_kit_proxy};
use crate::stage::Stage;

/// How many objects [`Host::start`] makes.
pub const OBJECTS: usize = 1000;

/// The application name of these objects.
pub const APPLICATION: &[u8] = b"ukeyhub bench";

/// The label of the key on SoftHSM.
const KEY_LABEL: &[u8] = b"bench key";

/// How many threads a bench uses at most; each has a session of its own.
pub const THREADS: usize = 2;

/// A peer in use.
pub struct Host {
    /// The way to the library.
    pub peer: Peer,
    /// The library, initialised.
    pub library: Library,
    /// The slot of the token, as this peer numbers it.
    pub slot: CK_SLOT_ID,
    /// How many slots with a token there are.
    pub slots: usize,
    /// A mechanism without parameter whose signatures are always the same.
    pub mechanism: CK_MECHANISM_TYPE,
    /// A key for it.
    pub key: CK_OBJECT_HANDLE,
    /// One of the [`OBJECTS`], a CKO_DATA.
    pub object: CK_OBJECT_HANDLE,
    /// A session for each thread, open until C_Finalize.
    pub sessions: [CK_SESSION_HANDLE; THREADS],
}

impl Host {
    /// Starts `peer` over the copy of `native` that is its own. [`Peer::Bare`] must come first: it makes the key.
    ///
    /// # Errors
    /// When any call fails, or the peer shows other tokens than expected.
    pub fn start(stage: &Stage, native: Native, peer: Peer) -> Result<Self, Failure> {
        let own = |number| stage.library(native, number);
        let path = match peer {
            Peer::Bare => own(0),
            Peer::Ukeyhub => {
                stage.configure_module(native, &[own(1)])?;
                stage.module()
            }
            Peer::P11KitProxy => {
                stage.configure_p11_kit(&[own(2)])?;
                p11_kit_proxy()?
            }
        };
        let library = Library::load(&path)?;
        library.initialize()?;
        let (slot, slots) = token(&library)?;
        let mut sessions = [0; THREADS];
        for session in &mut sessions {
            *session = library.open_session(slot)?;
        }
        let [session, _] = sessions;
        let object = make_objects(&library, session)?;
        let (mechanism, key) = match native {
            // The quiet path takes any key.
            Native::Mock => (CKM_SHA256_HMAC, 1),
            Native::SoftHsm => {
                library.login(session, USER_PIN)?;
                (CKM_RSA_PKCS, rsa_key(&library, session, peer)?)
            }
        };
        Ok(Self { peer, library, slot, slots, mechanism, key, object, sessions })
    }
}

/// The slot of the one initialised token, and how many slots hold a token.
fn token(library: &Library) -> Answer<(CK_SLOT_ID, usize)> {
    let mut list = [0; 64];
    let count = library.slots(&mut list)?;
    let mut initialised = Vec::new();
    for slot in &list[..count] {
        if library.token_info(*slot)?.flags & CKF_TOKEN_INITIALIZED != 0 {
            initialised.push(*slot);
        }
    }
    match initialised[..] {
        [slot] => Ok((slot, count)),
        _ => Err(Failure::Setup(format!("one initialised token expected, {} seen", initialised.len()))),
    }
}

/// Session objects: a token keeps nothing of a bench. Answers the last one.
fn make_objects(library: &Library, session: CK_SESSION_HANDLE) -> Answer<CK_OBJECT_HANDLE> {
    let mut object = 0;
    for number in 0..OBJECTS {
        object = library.create_object(
            session,
            &[
                Attribute { kind: CKA_CLASS, value: &ulong(CKO_DATA) },
                Attribute { kind: CKA_TOKEN, value: &[CK_FALSE] },
                Attribute { kind: CKA_PRIVATE, value: &[CK_FALSE] },
                Attribute { kind: CKA_APPLICATION, value: APPLICATION },
                Attribute { kind: CKA_LABEL, value: label(number).as_bytes() },
                Attribute { kind: CKA_VALUE, value: b"x" },
            ],
        )?;
    }
    Ok(object)
}

/// The label of an object by its number.
pub fn label(number: usize) -> String {
    format!("object {number:04}")
}

/// The token's RSA key of 2,048 bits; made by the first peer, found by the others.
fn rsa_key(library: &Library, session: CK_SESSION_HANDLE, peer: Peer) -> Answer<CK_OBJECT_HANDLE> {
    if peer == Peer::Bare {
        let yes: &[u8] = &[CK_TRUE];
        return library.generate_key_pair(
            session,
            CKM_RSA_PKCS_KEY_PAIR_GEN,
            &[
                Attribute { kind: CKA_TOKEN, value: yes },
                Attribute { kind: CKA_VERIFY, value: yes },
                Attribute { kind: CKA_MODULUS_BITS, value: &ulong(2048) },
                Attribute { kind: CKA_PUBLIC_EXPONENT, value: &[1, 0, 1] },
            ],
            &[
                Attribute { kind: CKA_TOKEN, value: yes },
                Attribute { kind: CKA_PRIVATE, value: yes },
                Attribute { kind: CKA_SENSITIVE, value: yes },
                Attribute { kind: CKA_SIGN, value: yes },
                Attribute { kind: CKA_LABEL, value: KEY_LABEL },
            ],
        );
    }
    let mut found = [0; FOUND_AT_ONCE];
    let template = [
        Attribute { kind: CKA_CLASS, value: &ulong(CKO_PRIVATE_KEY) },
        Attribute { kind: CKA_LABEL, value: KEY_LABEL },
    ];
    match library.find(session, &template, &mut found)? {
        1 => Ok(found[0]),
        count => Err(Failure::Setup(format!("one private key expected, {count} found"))),
    }
}

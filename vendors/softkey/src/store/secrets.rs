//! Encryption at rest: AES-256-GCM under an application's data key, and the handle that a right PIN gives. It must not
//! know what a private key looks like, nor write to disk.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use skf_sys::codes;
use zeroize::Zeroizing;

use super::container::{Container, KeyPair, Kind, Usage};
use super::error::StoreError;
use super::model::Application;
use super::pin::Role;
use crate::sar::Sar;

/// Length of the random ids of keys and applications.
pub(super) const ID_LEN: usize = 16;
/// Length of keys of AES-256-GCM.
pub(super) const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 12;
/// What sealing adds: nonce and tag.
pub(super) const SEAL_OVERHEAD: usize = NONCE_LEN + 16;

/// A key of AES-256-GCM.
pub(super) type SecretKey = Zeroizing<[u8; KEY_LEN]>;

/// What a right PIN gives: the application's data key, in memory until dropped, then zeroised. It opens private keys of
/// that application only, and not of one made later under the same name.
pub struct Secrets {
    application: [u8; ID_LEN],
    role: Role,
    data_key: SecretKey,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({:?})", self.role)
    }
}

impl Secrets {
    pub(super) fn new(application: [u8; ID_LEN], role: Role, data_key: SecretKey) -> Secrets {
        Secrets { application, role, data_key }
    }

    /// Whose PIN it was.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether these secrets are of this application. False too when the application was deleted and made again.
    pub fn belong_to(&self, application: &Application) -> bool {
        *application.id == self.application
    }

    /// Puts a pair into a container, in place of the one that is there.
    /// SAR_KEYNOTFOUNTERR (no such container), SAR_KEYINFOTYPEERR (the container is of another kind),
    /// SAR_USER_NOT_LOGGED_IN (secrets of another application).
    pub fn put_pair(
        &self,
        application: &mut Application,
        container: &[u8],
        usage: Usage,
        kind: Kind,
        public: &[u8],
        private: &[u8],
    ) -> Result<(), Sar> {
        self.check_owner(application)?;
        let container = application.container_mut(container)?;
        container.accepts(kind)?;
        let place = self.place(container, usage, kind, public);
        let private = seal(&self.data_key, &place, private)?.into();
        *container.pair_place(usage) = Some(KeyPair { public: public.into(), private });
        container.kind = kind;
        Ok(())
    }

    /// The private key of a pair, in clear.
    /// SAR_KEYNOTFOUNTERR (no such container or pair), SAR_USER_NOT_LOGGED_IN (secrets of another application),
    /// SAR_FILEERR (the key file was tampered with).
    pub fn private(
        &self,
        application: &Application,
        container: &[u8],
        usage: Usage,
    ) -> Result<Zeroizing<Vec<u8>>, Sar> {
        self.check_owner(application)?;
        let container = application.container(container)?;
        let pair = container.pair(usage)?;
        let place = self.place(container, usage, container.kind, &pair.public);
        open(&self.data_key, &place, &pair.private).ok_or(Sar(codes::SAR_FILEERR))
    }

    fn check_owner(&self, application: &Application) -> Result<(), Sar> {
        if self.belong_to(application) { Ok(()) } else { Err(Sar(codes::SAR_USER_NOT_LOGGED_IN)) }
    }

    /// Associated data: a sealed key moved to another place, or beside another public key, does not open.
    fn place(&self, container: &Container, usage: Usage, kind: Kind, public: &[u8]) -> Vec<u8> {
        let name = container.name.as_bytes();
        let usage = match usage {
            Usage::Signing => b's',
            Usage::Encryption => b'e',
        };
        let mut place = b"softkey 1 private key".to_vec();
        place.extend_from_slice(&self.application);
        place.extend_from_slice(&(name.len() as u64).to_be_bytes());
        place.extend_from_slice(name);
        place.extend_from_slice(&[usage, kind.number() as u8]);
        place.extend_from_slice(public);
        place
    }
}

/// Nonce, ciphertext and tag.
pub(super) fn seal(key: &SecretKey, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, Sar> {
    let nonce = random::<NONCE_LEN>()?;
    let payload = Payload { msg: plain, aad: place };
    // Fails only for plaintexts of 64 GiB.
    let sealed = cipher(key).encrypt(&Nonce::from(nonce), payload).map_err(|_| Sar(codes::SAR_INDATALENERR))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// The plaintext, or `None` when key, place or bytes are not those of `seal`.
pub(super) fn open(key: &SecretKey, place: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let payload = Payload { msg: sealed, aad: place };
    cipher(key).decrypt(&Nonce::from(*nonce), payload).ok().map(Zeroizing::new)
}

fn cipher(key: &SecretKey) -> Aes256Gcm {
    Aes256Gcm::new((&**key).into())
}

/// Random bytes of the system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Sar> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::NoRandom)?;
    Ok(bytes)
}

/// A new data key.
pub(super) fn random_data_key() -> Result<SecretKey, Sar> {
    let mut key = SecretKey::default();
    getrandom::fill(key.as_mut_slice()).map_err(|_| StoreError::NoRandom)?;
    Ok(key)
}

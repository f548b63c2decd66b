//! Session keys (clause 7.6): made and exported under a public key, imported, or set in the clear; and SKF_CloseHandle. A key
//! never leaves but wrapped. SM4 only: SM1 and SSF33 are not public, so they answer SAR_NOTSUPPORTYETERR.

use skf_sys::{EccPublicKeyBlob, RsaPublicKeyBlob, codes, constants};
use zeroize::Zeroizing;

use super::call::{Call, Done, Failure, OrWhen};
use super::open::{Connection, OpenContainer};
use super::running::Running;
use crate::crypto::block::{self, BLOCK_LEN, Direction, Mode, Stream};
use crate::crypto::encryption::Cipher;
use crate::crypto::{random, rsa, sm2};
use crate::handles::{Handle, Handled};
use crate::sar::Sar;
use crate::store::{Kind, Usage};
use crate::views::{CipherOut, In, Input, KeyBytes, OutHandle, Output, WIDTH};

/// The bytes of an SM4 key, wiped when dropped.
pub type KeyValue = Zeroizing<[u8; BLOCK_LEN]>;

/// What a session key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithm(
    /// The mode of encryption; none for SM4-MAC, whose keys do not encrypt.
    Option<Mode>,
);

impl Algorithm {
    /// From an SGD number. SAR_NOTSUPPORTYETERR: not SM4.
    pub fn from_id(id: u32) -> Result<Self, Sar> {
        match id {
            constants::SGD_SM4_MAC => Ok(Self(None)),
            _ => Ok(Self(Some(Mode::from_id(id)?))),
        }
    }

    /// The mode; SAR_KEYUSAGEERR for a key that does not encrypt.
    pub fn mode(self) -> Result<Mode, Sar> {
        self.0.ok_or(Sar(codes::SAR_KEYUSAGEERR))
    }
}

/// A session key, with the encryption and the decryption under way: they do not disturb each other.
pub struct SessionKey {
    /// Its own handle.
    pub handle: Handle,
    /// What it is for.
    pub algorithm: Algorithm,
    /// The key.
    pub value: KeyValue,
    encryption: Running<Stream>,
    decryption: Running<Stream>,
}

impl Handled for SessionKey {
    const BY_CLOSE_HANDLE: bool = true;
}

impl SessionKey {
    /// What is under way in this direction.
    pub(super) fn running(&self, direction: Direction) -> &Running<Stream> {
        match direction {
            Direction::Encrypt => &self.encryption,
            Direction::Decrypt => &self.decryption,
        }
    }
}

/// Gives a new session key a handle.
pub(super) fn register(connection: &Connection, algorithm: Algorithm, value: KeyValue) -> Result<Handle, Sar> {
    let (encryption, decryption) = (Running::idle(), Running::idle());
    let key = connection.register(|handle| SessionKey { handle, algorithm, value, encryption, decryption })?;
    Ok(key.handle)
}

/// Makes a session key and gives it out under someone's RSA key (PKCS#1 v1.5). Nothing of the container is used, so nobody
/// needs to be logged in.
pub fn SKF_RSAExportSessionKey(
    call: &Call,
    container: Handle,
    alg: u32,
    key: In<RsaPublicKeyBlob>,
    wrapped: Output,
    session_key: OutHandle,
) -> Done {
    let container = call.container(container)?;
    let algorithm = Algorithm::from_id(alg)?;
    let public = rsa::PublicKey::from_blob(&key.read()?)?;
    if !wrapped.wants(public.size())? {
        return Ok(());
    }
    let value = random::bytes::<BLOCK_LEN>()?;
    let bytes = public.encrypt(value.as_slice())?;
    let handle = register(container.connection(), algorithm, value)?;
    wrapped.put(&bytes)?;
    session_key.put_handle(handle);
    Ok(())
}

/// Makes a session key and gives it out under someone's SM2 key. Nothing of the container is used, so nobody needs to be
/// logged in.
pub fn SKF_ECCExportSessionKey(
    call: &Call,
    container: Handle,
    alg: u32,
    key: In<EccPublicKeyBlob>,
    wrapped: CipherOut,
    session_key: OutHandle,
) -> Done {
    let container = call.container(container)?;
    let algorithm = Algorithm::from_id(alg)?;
    let public = sm2::PublicKey::from_blob(&key.read()?)?;
    let value = random::bytes::<BLOCK_LEN>()?;
    let cipher = public.encrypt(value.as_slice())?;
    let handle = register(container.connection(), algorithm, value)?;
    wrapped.put(&cipher)?;
    session_key.put_handle(handle);
    Ok(())
}

/// Takes a session key that was wrapped for the encryption pair: an ECCCIPHERBLOB, or a PKCS#1 v1.5 block. The user must be
/// logged in.
pub fn SKF_ImportSessionKey(
    call: &Call,
    container: Handle,
    alg: u32,
    wrapped: Input,
    session_key: OutHandle,
) -> Done {
    let container = call.container(container)?;
    let algorithm = Algorithm::from_id(alg)?;
    let value = unwrap(&container, &wrapped)?;
    session_key.put_handle(register(container.connection(), algorithm, value)?);
    Ok(())
}

fn unwrap(container: &OpenContainer, wrapped: &Input) -> Result<KeyValue, Failure> {
    let (kind, private) = container.private_key(Usage::Encryption)?;
    let plain = match kind {
        Kind::Rsa => {
            let plain = rsa::PrivateKey::from_pkcs1_der(&private)?.decrypt(&wrapped.read());
            plain.code_when(codes::SAR_RSADECERR, |errors| &errors.rsa_failed)?
        }
        _ => {
            let cipher = Cipher::from_blob(&wrapped.read(), WIDTH)?;
            let plain = sm2_key(&private)?.decrypt(&cipher);
            plain.code_when(codes::SAR_HASHNOTEQUALERR, |errors| &errors.ecc_failed)?
        }
    };
    Ok(block::key_from_slice(&plain)?)
}

/// An SM2 private key as it is stored. SAR_FAIL: what is stored is none.
pub(super) fn sm2_key(stored: &[u8]) -> Result<sm2::PrivateKey, Sar> {
    let bytes = stored.first_chunk::<32>().filter(|_| stored.len() == 32).ok_or(Sar(codes::SAR_FAIL))?;
    sm2::PrivateKey::from_bytes(bytes)
}

/// Takes a session key in the clear.
pub fn SKF_SetSymmKey(call: &Call, device: Handle, key: KeyBytes, alg: u32, session_key: OutHandle) -> Done {
    let connection = call.device(device)?;
    let algorithm = Algorithm::from_id(alg)?;
    session_key.put_handle(register(&connection, algorithm, key.read())?);
    Ok(())
}

/// Ends a session key, hash, MAC or agreement. It goes on where another connection holds the device, and when the key has
/// gone: a host can always give back what it has.
pub fn SKF_CloseHandle(call: &Call, handle: Handle) -> Done {
    call.process.handles.parent_of_object(handle)?;
    let connection = call.connection_of(handle).ok_or(Sar(codes::SAR_INVALIDHANDLEERR))?;
    call.concerns(&connection.device())?;
    call.process.handles.end(handle);
    Ok(())
}

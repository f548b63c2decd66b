//! SM2 (clause 7.6): key pairs, signatures of the value e, encryption and decryption with keys that the host brings.
//! It must not hash a message, nor import a key.

use skf_sys::{EccPrivateKeyBlob, EccPublicKeyBlob, EccSignatureBlob, codes};
use zeroize::Zeroize;

use super::call::{Call, Done, Failure, OrWhen};
use super::open::OpenContainer;
use crate::crypto::sm2::{PrivateKey, PublicKey, Signature};
use crate::handles::Handle;
use crate::sar::Sar;
use crate::store::{Kind, Role, Usage};
use crate::views::{CipherIn, CipherOut, In, Input, Out, Output};

/// The private key of a pair. The user must be logged in. SAR_KEYINFOTYPEERR: the pairs of this container are RSA ones.
pub(super) fn sm2_private(container: &OpenContainer, usage: Usage) -> Result<PrivateKey, Failure> {
    let (kind, bytes) = container.private_key(usage)?;
    if kind != Kind::Ecc {
        return Err(Sar(codes::SAR_KEYINFOTYPEERR).into());
    }
    let bytes = bytes.as_slice().try_into().map_err(|_| Sar(codes::SAR_FILEERR))?;
    Ok(PrivateKey::from_bytes(bytes)?)
}

/// Decrypts into the host's buffer, for all functions that do. SAR_INDATALENERR: nothing, or more than the product takes at
/// once (MaxECCBufferSize).
pub(super) fn decrypt_into(call: &Call, private: &PrivateKey, cipher: CipherIn, plain: &Output) -> Done {
    let cipher = cipher.read()?;
    check_len(call, cipher.data.len())?;
    if plain.wants(cipher.data.len())? {
        let message = private.decrypt(&cipher);
        plain.put(&message.code_when(codes::SAR_HASHNOTEQUALERR, |errors| &errors.ecc_failed)?)?;
    }
    Ok(())
}

fn check_len(call: &Call, len: usize) -> Result<(), Sar> {
    let most = *call.personality().device.max_ecc_buffer as usize;
    if (1..=most).contains(&len) { Ok(()) } else { Err(Sar(codes::SAR_INDATALENERR)) }
}

/// The value e: 32 bytes.
fn e(digest: &Input) -> Result<[u8; 32], Sar> {
    let wrong = Sar(codes::SAR_INDATALENERR);
    if digest.len() == 32 { digest.read().as_slice().try_into().map_err(|_| wrong) } else { Err(wrong) }
}

/// A private key of the host; our copy of its blob is wiped.
fn brought(key: In<EccPrivateKeyBlob>) -> Result<PrivateKey, Sar> {
    let mut blob = key.read()?;
    let private = PrivateKey::from_blob(&blob);
    blob.private_key.zeroize();
    private
}

/// A new signing pair in place of the one that is there. The user must be logged in.
pub fn SKF_GenECCKeyPair(call: &Call, container: Handle, alg: u32, key: Out<EccPublicKeyBlob>) -> Done {
    let container = call.container(container)?;
    if alg != call.personality().sm2_ids().sign {
        return Err(Failure::when(|errors| &errors.sm2_id));
    }
    container.require(Role::User)?;
    let private = PrivateKey::generate()?;
    let public = private.public();
    container.put_pair(Usage::Signing, Kind::Ecc, &public.to_uncompressed(), private.to_bytes().as_slice())?;
    key.put(public.to_blob());
    Ok(())
}

/// Signs the value e with the signing key. The user must be logged in.
pub fn SKF_ECCSignData(call: &Call, container: Handle, digest: Input, signature: Out<EccSignatureBlob>) -> Done {
    let container = call.container(container)?;
    let private = sm2_private(&container, Usage::Signing)?;
    signature.put(private.sign(&e(&digest)?)?.to_blob());
    Ok(())
}

fn verify(
    call: &Call,
    device: Handle,
    key: In<EccPublicKeyBlob>,
    digest: Input,
    signature: In<EccSignatureBlob>,
) -> Done {
    call.device(device)?;
    let public = PublicKey::from_blob(&key.read()?)?;
    let e = e(&digest)?;
    let checked = public.verify(&e, &Signature::from_blob(&signature.read()?)?);
    checked.code_when(codes::SAR_HASHNOTEQUALERR, |errors| &errors.verify_failed)
}

/// Checks a signature of the value e with the host's key.
pub fn SKF_ECCVerify(
    call: &Call,
    device: Handle,
    key: In<EccPublicKeyBlob>,
    digest: Input,
    signature: In<EccSignatureBlob>,
) -> Done {
    verify(call, device, key, digest, signature)
}

/// The same as [`SKF_ECCVerify`], under the name of the functions for keys from outside.
pub fn SKF_ExtECCVerify(
    call: &Call,
    device: Handle,
    key: In<EccPublicKeyBlob>,
    digest: Input,
    signature: In<EccSignatureBlob>,
) -> Done {
    verify(call, device, key, digest, signature)
}

/// Encrypts with the host's key.
pub fn SKF_ExtECCEncrypt(
    call: &Call,
    device: Handle,
    key: In<EccPublicKeyBlob>,
    plain: Input,
    cipher: CipherOut,
) -> Done {
    call.device(device)?;
    let public = PublicKey::from_blob(&key.read()?)?;
    check_len(call, plain.len())?;
    Ok(cipher.put(&public.encrypt(&plain.read())?)?)
}

/// Decrypts with the host's key.
pub fn SKF_ExtECCDecrypt(
    call: &Call,
    device: Handle,
    key: In<EccPrivateKeyBlob>,
    cipher: CipherIn,
    plain: Output,
) -> Done {
    call.device(device)?;
    decrypt_into(call, &brought(key)?, cipher, &plain)
}

/// Signs the value e with the host's key.
pub fn SKF_ExtECCSign(
    call: &Call,
    device: Handle,
    key: In<EccPrivateKeyBlob>,
    digest: Input,
    signature: Out<EccSignatureBlob>,
) -> Done {
    call.device(device)?;
    let private = brought(key)?;
    signature.put(private.sign(&e(&digest)?)?.to_blob());
    Ok(())
}

//! RSA (clause 7.6): key pairs, PKCS#1 v1.5 signatures over what the caller has encoded, and the raw operations with keys
//! that the host brings. It must not hash, nor import a key.

use skf_sys::{RsaPrivateKeyBlob, RsaPublicKeyBlob, codes};
use zeroize::Zeroize;

use super::call::{Call, Done, Failure, OrWhen};
use super::open::OpenContainer;
use crate::crypto::rsa::{OVERHEAD, PrivateKey, PublicKey};
use crate::handles::Handle;
use crate::sar::Sar;
use crate::store::{Kind, Role, Usage};
use crate::views::{In, Input, Out, Output, bytes_of};

const LENGTH: Sar = Sar(codes::SAR_INDATALENERR);

/// The private key of a pair. The user must be logged in. SAR_KEYINFOTYPEERR: the pairs of this container are SM2 ones.
pub(super) fn rsa_private(container: &OpenContainer, usage: Usage) -> Result<PrivateKey, Failure> {
    match container.private_key(usage)? {
        (Kind::Rsa, der) => Ok(PrivateKey::from_pkcs1_der(&der)?),
        _ => Err(Sar(codes::SAR_KEYINFOTYPEERR).into()),
    }
}

/// Data that a block of type 1 has room for: one byte or more.
fn signable(data: &Input, size: usize) -> Result<(), Sar> {
    if data.is_empty() || data.len() > size - OVERHEAD { Err(LENGTH) } else { Ok(()) }
}

/// Overwrites the private numbers of a copy that is not needed any more.
fn wipe(blob: &mut RsaPrivateKeyBlob) {
    blob.private_exponent.zeroize();
    blob.prime1.zeroize();
    blob.prime2.zeroize();
    blob.prime1_exponent.zeroize();
    blob.prime2_exponent.zeroize();
    blob.coefficient.zeroize();
}

/// A new pair, given away in clear and not kept.
pub fn SKF_GenExtRSAKey(call: &Call, device: Handle, bits: u32, key: Out<RsaPrivateKeyBlob>) -> Done {
    call.device(device)?;
    let mut blob = PrivateKey::generate(bits)?.to_blob()?;
    key.put(blob);
    wipe(&mut blob);
    Ok(())
}

/// A new signing pair in place of the one that is there. The user must be logged in.
pub fn SKF_GenRSAKeyPair(call: &Call, container: Handle, bits: u32, key: Out<RsaPublicKeyBlob>) -> Done {
    let container = call.container(container)?;
    container.require(Role::User)?;
    // Before the work, which takes seconds; `put_pair` checks again.
    if container.kind()? == Kind::Ecc {
        return Err(Sar(codes::SAR_KEYINFOTYPEERR).into());
    }
    let private = PrivateKey::generate(bits)?;
    let public = private.public().to_blob()?;
    container.put_pair(Usage::Signing, Kind::Rsa, &bytes_of(&public), &private.to_pkcs1_der()?)?;
    key.put(public);
    Ok(())
}

/// Signs a DigestInfo, or whatever the caller has, with the signing key. The user must be logged in.
pub fn SKF_RSASignData(call: &Call, container: Handle, data: Input, signature: Output) -> Done {
    let container = call.container(container)?;
    let private = rsa_private(&container, Usage::Signing)?;
    signable(&data, private.size())?;
    if signature.wants(private.size())? {
        signature.put(&private.sign(&data.read())?)?;
    }
    Ok(())
}

/// Checks a signature with the host's key.
pub fn SKF_RSAVerify(call: &Call, device: Handle, key: In<RsaPublicKeyBlob>, data: Input, signature: Input) -> Done {
    call.device(device)?;
    let public = PublicKey::from_blob(&key.read()?)?;
    signable(&data, public.size())?;
    if signature.len() != public.size() {
        return Err(LENGTH.into());
    }
    let checked = public.verify(&data.read(), &signature.read());
    checked.code_when(codes::SAR_HASHNOTEQUALERR, |errors| &errors.verify_failed)
}

/// The raw operation with the host's public key.
pub fn SKF_ExtRSAPubKeyOperation(
    call: &Call,
    device: Handle,
    key: In<RsaPublicKeyBlob>,
    input: Input,
    output: Output,
) -> Done {
    call.device(device)?;
    let public = PublicKey::from_blob(&key.read()?)?;
    if input.len() != public.size() {
        return Err(LENGTH.into());
    }
    if output.wants(public.size())? {
        output.put(&public.raw(&input.read())?)?;
    }
    Ok(())
}

/// The raw operation with the host's private key.
pub fn SKF_ExtRSAPriKeyOperation(
    call: &Call,
    device: Handle,
    key: In<RsaPrivateKeyBlob>,
    input: Input,
    output: Output,
) -> Done {
    call.device(device)?;
    let mut blob = key.read()?;
    let private = PrivateKey::from_blob(&blob);
    wipe(&mut blob);
    let private = private?;
    if input.len() != private.size() {
        return Err(LENGTH.into());
    }
    if output.wants(private.size())? {
        let result = private.raw(&input.read());
        output.put(&result.code_when(codes::SAR_RSADECERR, |errors| &errors.rsa_failed)?)?;
    }
    Ok(())
}

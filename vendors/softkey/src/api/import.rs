//! Import of encryption pairs as a CA delivers them (clause 7.6): wrapped under a symmetric key, which is wrapped
//! under the signing pair. It must not trust them: what goes into the container is a pair that fits together.

use skf_sys::{codes, constants};
use zeroize::Zeroizing;

use super::call::{Call, Done, Failure, OrWhen};
use super::ecc::sm2_private;
use super::rsa::rsa_private;
use crate::crypto::block::{Direction, Mode, Padding, Parameters, Stream, key_from_slice};
use crate::crypto::{rsa, sm2};
use crate::handles::Handle;
use crate::sar::Sar;
use crate::store::{Kind, Usage};
use crate::views::{EnvelopeIn, Input, bytes_of};

const MALFORMED: Sar = Sar(codes::SAR_INDATAERR);

/// SM4 in ECB is what can be unwrapped: SM1 and SSF33 are not public, and nothing brings an IV for another mode.
fn check_algorithm(id: u64) -> Result<(), Sar> {
    if id == u64::from(constants::SGD_SM4_ECB) { Ok(()) } else { Err(Sar(codes::SAR_NOTSUPPORTYETERR)) }
}

/// SM4-ECB without padding. SAR_INDATALENERR: the session key is not of 16 bytes, or the data are not of whole blocks.
fn unwrap(session_key: &[u8], encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, Sar> {
    let key = key_from_slice(session_key)?;
    let parameters = Parameters { iv: Vec::new(), padding: Padding::None, feed_bits: 0 };
    let stream = Stream::new(&key, Mode::Ecb, Direction::Decrypt, &parameters)?;
    Ok(Zeroizing::new(stream.whole(encrypted)?))
}

/// Imports an RSA pair: the session key under the signing key (PKCS#1 v1.5), and an RSAPrivateKey of PKCS#1 under the
/// session key, filled up to whole blocks in any way. The user must be logged in.
pub fn SKF_ImportRSAKeyPair(call: &Call, container: Handle, alg: u32, wrapped: Input, encrypted: Input) -> Done {
    let container = call.container(container)?;
    check_algorithm(alg.into())?;
    let signing = rsa_private(&container, Usage::Signing)?;
    let most = *call.personality().device.max_buffer as usize;
    if wrapped.len() != signing.size() || !(1..=most).contains(&encrypted.len()) {
        return Err(Sar(codes::SAR_INDATALENERR).into());
    }
    let session_key = signing.decrypt(&wrapped.read());
    let session_key = session_key.code_when(codes::SAR_RSADECERR, |errors| &errors.rsa_failed)?;
    let private = rsa::PrivateKey::from_pkcs1_der(&unwrap(&session_key, &encrypted.read())?)?;
    let public = private.public().to_blob()?;
    container.put_pair(Usage::Encryption, Kind::Rsa, &bytes_of(&public), &private.to_pkcs1_der()?)
}

/// Imports an SM2 pair from ENVELOPEDKEYBLOB. The user must be logged in.
pub fn SKF_ImportECCKeyPair(call: &Call, container: Handle, enveloped: EnvelopeIn) -> Done {
    let container = call.container(container)?;
    let envelope = enveloped.read()?;
    if (envelope.version, envelope.bits) != (1, 256) {
        return Err(MALFORMED.into());
    }
    check_algorithm(envelope.algorithm)?;
    let public = sm2::PublicKey::from_blob(&envelope.public)?;
    let signing = sm2_private(&container, Usage::Signing)?;
    let session_key = signing.decrypt(&envelope.wrapped);
    let session_key = session_key.code_when(codes::SAR_HASHNOTEQUALERR, |errors| &errors.ecc_failed)?;
    let private = private_from_field(&session_key, &envelope.encrypted)?;
    if *private.public() != public {
        return Err(Failure::Standard(MALFORMED));
    }
    container.put_pair(Usage::Encryption, Kind::Ecc, &public.to_uncompressed(), private.to_bytes().as_slice())
}

/// The key in EncryptedPriKey. CAs encrypt the whole field, or only the 32 bytes of the key at its end. In ECB the key comes
/// out the same in both cases; in front of it there are zeros, after or before decryption.
fn private_from_field(session_key: &[u8], field: &[u8; 64]) -> Result<sm2::PrivateKey, Sar> {
    let plain = unwrap(session_key, field)?;
    let (front, key) = plain.split_at(32);
    if front.iter().any(|byte| *byte != 0) && field[..32].iter().any(|byte| *byte != 0) {
        return Err(MALFORMED);
    }
    sm2::PrivateKey::from_bytes(key.try_into().map_err(|_| MALFORMED)?)
}

//! What a CA sends with an encryption certificate: the encryption key pair, wrapped for the key that holds the signing pair
//! (GM/T 0016, ImportECCKeyPair and ImportRSAKeyPair). Bytes in, bytes out; nothing is imported here.

use skf_sys::constants::SGD_SM4_ECB;
use zeroize::Zeroizing;

use super::MakeError;
use crate::crypto::{
    blob::Width,
    block::{Direction, Mode, Padding, Parameters, Stream},
    random, rsa, sm2,
};

/// Length of the symmetric key under which the private key is wrapped.
pub const SESSION_KEY_LEN: usize = 16;

/// How the private key fills its field of 64 bytes in ENVELOPEDKEYBLOB. CAs differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// 32 zero bytes in clear, then the encrypted 32 bytes of the key.
    Last32,
    /// 32 zero bytes and the key, encrypted as a whole.
    Whole64,
}

/// How the PKCS#1 DER of an RSA key, of any length, is made into whole blocks. The standard does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaPadding {
    /// PKCS#5: 1 to 16 bytes, each holding their number.
    Pkcs5,
    /// Zeros, as many as needed, none if none is.
    Zeros,
}

/// The two inputs of ImportRSAKeyPair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RsaEnvelope {
    /// The session key, encrypted with the signing public key (PKCS#1 v1.5).
    pub wrapped_key: Vec<u8>,
    /// The RSAPrivateKey, encrypted under the session key.
    pub encrypted_private: Vec<u8>,
}

/// ENVELOPEDKEYBLOB of an SM2 encryption pair.
///
/// Public keys are x ‖ y, 64 bytes; `symmetric` is an SGD number and must be SM4-ECB (0x401): other numbers are an error,
/// as no public code has SM1. The answer has 388 bytes with a 32-bit ULONG, 404 with a 64-bit one, scalars in this machine's
/// order. Errors: a point off the curve, a private key out of range, a public key that is not the private key's.
pub fn envelope(
    signing_public: &[u8; 64],
    private: &[u8; 32],
    public: &[u8; 64],
    symmetric: u32,
    form: KeyForm,
    width: Width,
) -> Result<Vec<u8>, MakeError> {
    if symmetric != SGD_SM4_ECB {
        return Err(MakeError::Wrapping(symmetric));
    }
    let (signing, public) = (point(signing_public)?, point(public)?);
    if *sm2::PrivateKey::from_bytes(private)?.public() != public {
        return Err(MakeError::Pair);
    }
    let session = random::bytes::<SESSION_KEY_LEN>()?;

    let mut field = Zeroizing::new([0; 64]);
    field[32..].copy_from_slice(private);
    match form {
        KeyForm::Last32 => {
            let encrypted = sm4_ecb(&session, private, Padding::None)?;
            field[32..].copy_from_slice(&encrypted);
        }
        KeyForm::Whole64 => {
            let encrypted = sm4_ecb(&session, &field[..], Padding::None)?;
            field.copy_from_slice(&encrypted);
        }
    }

    let mut out = Vec::new();
    for head in [1, symmetric, 256] {
        match width {
            Width::Bits32 => out.extend(head.to_ne_bytes()),
            Width::Bits64 => out.extend(u64::from(head).to_ne_bytes()),
        }
    }
    out.extend_from_slice(&field[..]);
    // ECCPUBLICKEYBLOB, the same in both widths
    out.extend(256_u32.to_ne_bytes());
    for coordinate in [public.x(), public.y()] {
        out.extend_from_slice(&[0; 32]);
        out.extend_from_slice(coordinate);
    }
    out.extend(signing.encrypt(&session[..])?.to_blob(width)?);
    Ok(out)
}

/// The twin for RSA: the signing public key as modulus and exponent, big-endian, and the private key of the encryption pair
/// as RSAPrivateKey of PKCS#1 in DER, which is checked.
pub fn envelope_rsa(
    signing_modulus: &[u8],
    signing_exponent: &[u8],
    private_pkcs1: &[u8],
    symmetric: u32,
    padding: RsaPadding,
) -> Result<RsaEnvelope, MakeError> {
    if symmetric != SGD_SM4_ECB {
        return Err(MakeError::Wrapping(symmetric));
    }
    let signing = rsa::PublicKey::from_parts(signing_modulus, signing_exponent)?;
    let private = rsa::PrivateKey::from_pkcs1_der(private_pkcs1)?.to_pkcs1_der()?;
    let session = random::bytes::<SESSION_KEY_LEN>()?;
    let encrypted_private = match padding {
        RsaPadding::Pkcs5 => sm4_ecb(&session, &private, Padding::Pkcs5)?,
        RsaPadding::Zeros => {
            let mut padded = Zeroizing::new(vec![0; private.len().next_multiple_of(16)]);
            padded[..private.len()].copy_from_slice(&private);
            sm4_ecb(&session, &padded, Padding::None)?
        }
    };
    Ok(RsaEnvelope { wrapped_key: signing.encrypt(&session[..])?, encrypted_private })
}

fn point(coordinates: &[u8; 64]) -> Result<sm2::PublicKey, MakeError> {
    let mut bytes = [4; 65];
    bytes[1..].copy_from_slice(coordinates);
    Ok(sm2::PublicKey::from_uncompressed(&bytes)?)
}

fn sm4_ecb(key: &[u8; SESSION_KEY_LEN], plain: &[u8], padding: Padding) -> Result<Vec<u8>, MakeError> {
    let parameters = Parameters { iv: Vec::new(), padding, feed_bits: 0 };
    Ok(Stream::new(key, Mode::Ecb, Direction::Encrypt, &parameters)?.whole(plain)?)
}

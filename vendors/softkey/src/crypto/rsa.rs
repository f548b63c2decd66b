//! RSA with keys of 1024 and 2048 bits: PKCS#1 v1.5 signatures and encryption, the raw operations, and PKCS#1 DER.
//! New keys are of 2048 bits only. What is signed is the caller's DigestInfo, never a message (GM/T 0016, RSASignData).

use std::fmt;

use ::rsa::{
    BoxedUint, Pkcs1v15Encrypt, Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey, hazmat,
    pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey},
    traits::{PrivateKeyParts, PublicKeyParts},
};
use skf_sys::codes;
use zeroize::Zeroizing;

use super::random;
use crate::sar::Sar;

/// Bytes that a PKCS#1 v1.5 block has besides its data.
pub const OVERHEAD: usize = 11;

const MALFORMED: Sar = Sar(codes::SAR_INDATAERR);
const LENGTH: Sar = Sar(codes::SAR_INDATALENERR);

/// A public key of 1024 or 2048 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(RsaPublicKey);

impl PublicKey {
    /// From modulus and exponent, big-endian. SAR_RSAMODULUSLENERR: not 1024 or 2048 bits; SAR_INDATAERR: no RSA key (an
    /// even modulus; an exponent of 0, 1, even, or of more than 32 bits).
    pub fn from_parts(modulus: &[u8], exponent: &[u8]) -> Result<Self, Sar> {
        let (n, e) = (number(modulus), number(exponent));
        accepted(&n, &e)?;
        RsaPublicKey::new(n, e).map(Self).map_err(|_| MALFORMED)
    }

    /// The modulus, big-endian, [`Self::size`] bytes.
    pub fn modulus(&self) -> Vec<u8> {
        self.0.n_bytes().into()
    }

    /// The public exponent, big-endian, without leading zeros.
    pub fn exponent(&self) -> Vec<u8> {
        self.0.e_bytes().into()
    }

    /// Length of the modulus, of a signature and of a ciphertext in bytes: 128 or 256.
    pub fn size(&self) -> usize {
        self.0.size()
    }

    /// Checks a PKCS#1 v1.5 signature over exactly `data`. SAR_INDATALENERR: data or signature have a length that no
    /// signature of this key has; SAR_HASHNOTEQUALERR: it is not this key's signature of these data.
    pub fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), Sar> {
        if data.len() + OVERHEAD > self.size() || signature.len() != self.size() {
            return Err(LENGTH);
        }
        let scheme = Pkcs1v15Sign::new_unprefixed();
        self.0.verify(scheme, data, signature).map_err(|_| Sar(codes::SAR_HASHNOTEQUALERR))
    }

    /// Encrypts up to size - 11 bytes (block type 2). SAR_INDATALENERR: more; SAR_GENRANDERR: no randomness.
    pub fn encrypt(&self, message: &[u8]) -> Result<Vec<u8>, Sar> {
        if message.len() + OVERHEAD > self.size() {
            return Err(LENGTH);
        }
        let mut random = random::generator()?;
        self.0.encrypt(&mut random, Pkcs1v15Encrypt, message).map_err(|_| Sar(codes::SAR_RSAENCERR))
    }

    /// input^e mod n (ExtRSAPubKeyOperation). SAR_INDATALENERR: not [`Self::size`] bytes; SAR_INDATAERR: n or greater.
    pub fn raw(&self, input: &[u8]) -> Result<Vec<u8>, Sar> {
        let input = operand(&self.0, input)?;
        let output = hazmat::rsa_encrypt(&self.0, &input).map_err(|_| Sar(codes::SAR_RSAENCERR))?;
        Ok(fixed(&output, self.size())?.to_vec())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rsa::PublicKey({} bits)", self.size() * 8)
    }
}

/// The numbers of a private key, big-endian: modulus, private exponent as long as the modulus, the others half as long.
/// Wiped when dropped.
pub struct Parts {
    /// n.
    pub modulus: Vec<u8>,
    /// e, without leading zeros.
    pub public_exponent: Vec<u8>,
    /// d.
    pub private_exponent: Zeroizing<Vec<u8>>,
    /// p.
    pub prime1: Zeroizing<Vec<u8>>,
    /// q.
    pub prime2: Zeroizing<Vec<u8>>,
    /// d mod (p - 1).
    pub prime1_exponent: Zeroizing<Vec<u8>>,
    /// d mod (q - 1).
    pub prime2_exponent: Zeroizing<Vec<u8>>,
    /// q^-1 mod p.
    pub coefficient: Zeroizing<Vec<u8>>,
}

/// A private key of 1024 or 2048 bits, wiped when dropped.
#[derive(Clone)]
pub struct PrivateKey(RsaPrivateKey);

impl PrivateKey {
    /// A new key with exponent 65537. SAR_RSAMODULUSLENERR: not 2048 bits (1024 is for keys that exist already);
    /// SAR_GENRANDERR: no randomness; SAR_GENRSAKEYERR: none was found.
    pub fn generate(bits: u32) -> Result<Self, Sar> {
        if bits != 2048 {
            return Err(Sar(codes::SAR_RSAMODULUSLENERR));
        }
        let mut random = random::generator()?;
        RsaPrivateKey::new(&mut random, 2048).map(Self).map_err(|_| Sar(codes::SAR_GENRSAKEYERR))
    }

    /// From n, e, d, p and q, big-endian; the values for the Chinese remainders are computed.
    /// SAR_RSAMODULUSLENERR: not 1024 or 2048 bits; SAR_INDATAERR: the numbers do not make a key.
    pub fn from_parts(n: &[u8], e: &[u8], d: &[u8], p: &[u8], q: &[u8]) -> Result<Self, Sar> {
        let (n, e) = (number(n), number(e));
        accepted(&n, &e)?;
        let key = RsaPrivateKey::from_components(n, e, number(d), vec![number(p), number(q)]);
        Self::checked(key.map_err(|_| MALFORMED)?)
    }

    /// From an RSAPrivateKey of PKCS#1 in DER. Bytes after it are not looked at: a wrapped key ends in the padding of its
    /// block cipher. Errors as in [`Self::from_parts`].
    pub fn from_pkcs1_der(bytes: &[u8]) -> Result<Self, Sar> {
        // any key of 1024 bits or more has a length of two bytes here
        let [0x30, 0x82, high, low, ..] = *bytes else { return Err(MALFORMED) };
        let end = 4 + usize::from(u16::from_be_bytes([high, low]));
        let der = bytes.get(..end).ok_or(MALFORMED)?;
        Self::checked(RsaPrivateKey::from_pkcs1_der(der).map_err(|_| MALFORMED)?)
    }

    fn checked(key: RsaPrivateKey) -> Result<Self, Sar> {
        accepted(key.n(), key.e())?;
        // equal or common-factor "primes" leave no coefficient
        if key.qinv().is_none() { Err(MALFORMED) } else { Ok(Self(key)) }
    }

    /// The key as RSAPrivateKey of PKCS#1 in DER.
    pub fn to_pkcs1_der(&self) -> Result<Zeroizing<Vec<u8>>, Sar> {
        self.0.to_pkcs1_der().map(|der| der.to_bytes()).map_err(|_| Sar(codes::SAR_FAIL))
    }

    /// All numbers of the key.
    pub fn parts(&self) -> Result<Parts, Sar> {
        let key = &self.0;
        let (size, half) = (key.size(), key.size() / 2);
        let missing = Sar(codes::SAR_FAIL);
        let [p, q] = key.primes() else { return Err(missing) };
        Ok(Parts {
            modulus: key.n_bytes().into(),
            public_exponent: key.e_bytes().into(),
            private_exponent: fixed(key.d(), size)?,
            prime1: fixed(p.as_ref(), half)?,
            prime2: fixed(q.as_ref(), half)?,
            prime1_exponent: fixed(key.dp().ok_or(missing)?, half)?,
            prime2_exponent: fixed(key.dq().ok_or(missing)?, half)?,
            coefficient: fixed(&key.crt_coefficient().ok_or(missing)?, half)?,
        })
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.to_public_key())
    }

    /// Length of the modulus, of a signature and of a ciphertext in bytes: 128 or 256.
    pub fn size(&self) -> usize {
        self.0.size()
    }

    /// Signs exactly `data`, up to size - 11 bytes (PKCS#1 v1.5, block type 1). SAR_INDATALENERR: more;
    /// SAR_GENRANDERR: no randomness for blinding.
    pub fn sign(&self, data: &[u8]) -> Result<Vec<u8>, Sar> {
        if data.len() + OVERHEAD > self.size() {
            return Err(LENGTH);
        }
        let mut random = random::generator()?;
        let scheme = Pkcs1v15Sign::new_unprefixed();
        self.0.sign_with_rng(&mut random, scheme, data).map_err(|_| Sar(codes::SAR_RSAENCERR))
    }

    /// Decrypts a block of type 2. SAR_INDATALENERR: not [`Self::size`] bytes; SAR_INDATAERR: n or greater;
    /// SAR_DECRYPTPADERR: no such block inside. The standard wants that code; whoever can ask often learns from it
    /// (Bleichenbacher), which a key for tests accepts and a real key must not.
    pub fn decrypt(&self, cipher: &[u8]) -> Result<Zeroizing<Vec<u8>>, Sar> {
        let block = self.raw(cipher)?;
        let [0, 2, rest @ ..] = block.as_slice() else { return Err(Sar(codes::SAR_DECRYPTPADERR)) };
        match rest.iter().position(|byte| *byte == 0) {
            Some(end) if end >= OVERHEAD - 3 => Ok(Zeroizing::new(rest[end + 1..].to_vec())),
            _ => Err(Sar(codes::SAR_DECRYPTPADERR)),
        }
    }

    /// input^d mod n, blinded and checked by the public operation (ExtRSAPriKeyOperation). SAR_INDATALENERR: not
    /// [`Self::size`] bytes; SAR_INDATAERR: n or greater; SAR_GENRANDERR: no randomness.
    pub fn raw(&self, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, Sar> {
        let input = operand(&self.0, input)?;
        let mut random = random::generator()?;
        let output = hazmat::rsa_decrypt_and_check(&self.0, Some(&mut random), &input);
        fixed(&output.map_err(|_| Sar(codes::SAR_RSADECERR))?, self.size())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rsa::PrivateKey({} bits)", self.size() * 8)
    }
}

fn number(bytes: &[u8]) -> BoxedUint {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    BoxedUint::from_be_slice_vartime(&bytes[zeros..])
}

/// The sizes that the structures of GM/T 0016 have room for.
fn accepted(modulus: &BoxedUint, exponent: &BoxedUint) -> Result<(), Sar> {
    match (modulus.bits(), exponent.bits()) {
        (1024 | 2048, 0..=32) => Ok(()),
        (1024 | 2048, _) => Err(MALFORMED),
        _ => Err(Sar(codes::SAR_RSAMODULUSLENERR)),
    }
}

/// Input of a raw operation, in the precision of the modulus.
fn operand(key: &impl PublicKeyParts, input: &[u8]) -> Result<BoxedUint, Sar> {
    if input.len() != key.size() {
        return Err(LENGTH);
    }
    let input = BoxedUint::from_be_slice(input, key.n_bits_precision()).map_err(|_| LENGTH)?;
    if input < *key.n().as_ref() { Ok(input) } else { Err(MALFORMED) }
}

/// The number in exactly `len` bytes.
fn fixed(number: &BoxedUint, len: usize) -> Result<Zeroizing<Vec<u8>>, Sar> {
    let bytes = Zeroizing::new(number.to_be_bytes().into_vec());
    let zeros = bytes.len().saturating_sub(len);
    if bytes[..zeros].iter().any(|byte| *byte != 0) {
        return Err(Sar(codes::SAR_FAIL));
    }
    // made at full length: a vector that grows leaves copies behind
    let mut out = Zeroizing::new(vec![0; len]);
    out[len - (bytes.len() - zeros)..].copy_from_slice(&bytes[zeros..]);
    Ok(out)
}

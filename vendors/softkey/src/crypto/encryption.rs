//! SM2 public-key encryption and its key derivation function (GM/T 0003.4). It keeps C1, C2 and C3 apart: how they are
//! joined is a matter of `blob` and of callers.

use ::sm2::Scalar;
use skf_sys::codes;
use zeroize::{Zeroize, Zeroizing};

use super::hash;
use super::sm2::{self, PrivateKey, PublicKey};
use crate::sar::Sar;

/// A ciphertext. Any bytes can stand here; decryption checks them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cipher {
    /// x of C1, big-endian.
    pub x: [u8; 32],
    /// y of C1, big-endian.
    pub y: [u8; 32],
    /// C3, the hash over the message.
    pub hash: [u8; 32],
    /// C2, as long as the message.
    pub data: Vec<u8>,
}

impl PublicKey {
    /// Encrypts a message of one byte or more (GM/T 0003.4, clause 6.1). SAR_INDATALENERR: no message, or one beyond the
    /// key derivation function; SAR_GENRANDERR: no randomness.
    pub fn encrypt(&self, message: &[u8]) -> Result<Cipher, Sar> {
        loop {
            let mut k = sm2::random_scalar()?;
            let cipher = self.encrypt_with(message, &k);
            k.zeroize();
            if let Some(cipher) = cipher? {
                return Ok(cipher);
            }
        }
    }

    /// Steps A2 to A8 with a given k; none where the standard asks for another k.
    pub(super) fn encrypt_with(&self, message: &[u8], k: &Scalar) -> Result<Option<Cipher>, Sar> {
        if message.is_empty() {
            return Err(Sar(codes::SAR_INDATALENERR));
        }
        let point = |point| PublicKey::from_point(point).ok_or(Sar(codes::SAR_FAIL));
        let c1 = point(sm2::multiply_generator(k))?;
        let shared = point(self.point() * k)?;
        let stream = derive(&[shared.x(), shared.y()], message.len())?;
        if stream.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let data = message.iter().zip(stream.iter()).map(|(byte, mask)| byte ^ mask).collect();
        let hash = hash::sm3(&[shared.x(), message, shared.y()]);
        Ok(Some(Cipher { x: *c1.x(), y: *c1.y(), hash, data }))
    }
}

impl PrivateKey {
    /// Decrypts (GM/T 0003.4, clause 7.1). SAR_INDATALENERR: nothing to decrypt; SAR_INDATAERR: C1 is not on the curve, or
    /// the key stream is all zero; SAR_HASHNOTEQUALERR: C3 does not fit, so the key is another one or the data were changed.
    pub fn decrypt(&self, cipher: &Cipher) -> Result<Zeroizing<Vec<u8>>, Sar> {
        if cipher.data.is_empty() {
            return Err(Sar(codes::SAR_INDATALENERR));
        }
        let c1 = PublicKey::from_coordinates(cipher.x, cipher.y)?;
        let shared = PublicKey::from_point(c1.point() * self.scalar()).ok_or(Sar(codes::SAR_INDATAERR))?;
        // what goes in as key stream comes out as message
        let mut message = derive(&[shared.x(), shared.y()], cipher.data.len())?;
        if message.iter().all(|byte| *byte == 0) {
            return Err(Sar(codes::SAR_INDATAERR));
        }
        message.iter_mut().zip(&cipher.data).for_each(|(mask, byte)| *mask ^= byte);
        let hash = hash::sm3(&[shared.x(), &message, shared.y()]);
        if !equal(&hash, &cipher.hash) {
            return Err(Sar(codes::SAR_HASHNOTEQUALERR));
        }
        Ok(message)
    }
}

/// The key derivation function (GM/T 0003.4, clause 5.4.3): `len` bytes from the parts, one after the other.
/// SAR_INDATALENERR: more than its 32-bit counter can give.
pub(super) fn derive(parts: &[&[u8; 32]], len: usize) -> Result<Zeroizing<Vec<u8>>, Sar> {
    let mut out = Zeroizing::new(vec![0; len]);
    let mut counter = 0_u32;
    for piece in out.chunks_mut(32) {
        counter = counter.checked_add(1).ok_or(Sar(codes::SAR_INDATALENERR))?;
        let bytes = counter.to_be_bytes();
        let mut input: Vec<&[u8]> = parts.iter().map(|part| &part[..]).collect();
        input.push(&bytes);
        piece.copy_from_slice(&Zeroizing::new(hash::sm3(&input))[..piece.len()]);
    }
    Ok(out)
}

/// Whether two hashes are equal, in a time that does not depend on where they differ.
fn equal(one: &[u8; 32], two: &[u8; 32]) -> bool {
    let difference = one.iter().zip(two).fold(0, |all, (a, b)| all | (a ^ b));
    std::hint::black_box(difference) == 0
}

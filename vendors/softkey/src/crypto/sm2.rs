//! SM2 keys and signatures on the recommended curve (GM/T 0003.1, .2 and .5). What is signed is the value e, never a message.
//! Encryption is in `encryption`, key agreement in `exchange`, the C layouts in `blob`.

use std::fmt;

use ::sm2::{
    AffinePoint, FieldBytes, ProjectivePoint, Scalar,
    elliptic_curve::{Group, PrimeField, ops::Reduce, point::AffineCoordinates},
};
use skf_sys::codes;
use zeroize::{Zeroize, Zeroizing};

use super::{hash, random};
use crate::sar::Sar;

/// The signer's id that applications use where none was agreed on (GM/T 0009, clause 10).
pub const DEFAULT_ID: &[u8] = b"1234567812345678";

/// a, b, xG and yG, as they go into Z (GM/T 0003.5).
const CURVE: [u8; 128] = {
    let mut out = [0; 128];
    let words: [u32; 32] = [
        0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0x00000000, 0xFFFFFFFF, 0xFFFFFFFC, //
        0x28E9FA9E, 0x9D9F5E34, 0x4D5A9E4B, 0xCF6509A7, 0xF39789F5, 0x15AB8F92, 0xDDBCBD41, 0x4D940E93, //
        0x32C4AE2C, 0x1F198119, 0x5F990446, 0x6A39C994, 0x8FE30BBF, 0xF2660BE1, 0x715A4589, 0x334C74C7, //
        0xBC3736A2, 0xF4F6779C, 0x59BDCEE3, 0x6B692153, 0xD0A9877C, 0xC62A4740, 0x02DF32E5, 0x2139F0A0, //
    ];
    let mut at = 0;
    while at < 128 {
        out[at] = words[at / 4].to_be_bytes()[at % 4];
        at += 1;
    }
    out
};

/// A public key: a point of the curve other than infinity, checked when made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey {
    x: [u8; 32],
    y: [u8; 32],
    point: AffinePoint,
}

impl PublicKey {
    /// The point with these big-endian coordinates; SAR_INDATAERR if it is not on the curve.
    pub fn from_coordinates(x: [u8; 32], y: [u8; 32]) -> Result<Self, Sar> {
        let point = AffinePoint::from_coordinates(&x.into(), &y.into());
        let point = point.into_option().ok_or(Sar(codes::SAR_INDATAERR))?;
        Ok(Self { x, y, point })
    }

    /// The point, unless it is infinity.
    pub(super) fn from_point(point: ProjectivePoint) -> Option<Self> {
        if point.is_identity().into() {
            return None;
        }
        let point = point.to_affine();
        Some(Self { x: point.x().into(), y: point.y().into(), point })
    }

    /// x, big-endian.
    pub fn x(&self) -> &[u8; 32] {
        &self.x
    }

    /// y, big-endian.
    pub fn y(&self) -> &[u8; 32] {
        &self.y
    }

    /// 04 ‖ x ‖ y, the form of certificates (GM/T 0009, clause 7.1).
    pub fn to_uncompressed(&self) -> [u8; 65] {
        let mut out = [4; 65];
        out[1..33].copy_from_slice(&self.x);
        out[33..].copy_from_slice(&self.y);
        out
    }

    /// From 04 ‖ x ‖ y; SAR_INDATAERR for any other form and for a point off the curve.
    pub fn from_uncompressed(bytes: &[u8]) -> Result<Self, Sar> {
        let mut x = [0; 32];
        let mut y = [0; 32];
        let [4, rest @ ..] = bytes else { return Err(Sar(codes::SAR_INDATAERR)) };
        if rest.len() != 64 {
            return Err(Sar(codes::SAR_INDATAERR));
        }
        x.copy_from_slice(&rest[..32]);
        y.copy_from_slice(&rest[32..]);
        Self::from_coordinates(x, y)
    }

    pub(super) fn point(&self) -> ProjectivePoint {
        self.point.into()
    }

    /// Checks a signature of the value e. SAR_HASHNOTEQUALERR if it is not this key's (GM/T 0003.2, clause 7.1).
    pub fn verify(&self, e: &[u8; 32], signature: &Signature) -> Result<(), Sar> {
        let wrong = Sar(codes::SAR_HASHNOTEQUALERR);
        let r = nonzero(&signature.r).ok_or(wrong)?;
        let s = nonzero(&signature.s).ok_or(wrong)?;
        let t = r + s;
        if t.is_zero().into() {
            return Err(wrong);
        }
        let sum = PublicKey::from_point(multiply_generator(&s) + self.point() * t).ok_or(wrong)?;
        if r == reduce(e) + reduce(&sum.x) { Ok(()) } else { Err(wrong) }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sm2::PublicKey(")?;
        self.to_uncompressed().iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// A signature: r and s, big-endian. Any bytes can stand here; verification checks the ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// r.
    pub r: [u8; 32],
    /// s.
    pub s: [u8; 32],
}

/// A private key d, 1 ≤ d ≤ n-2, with its public key; d is wiped when dropped.
#[derive(Clone)]
pub struct PrivateKey {
    scalar: Scalar,
    public: PublicKey,
}

impl PrivateKey {
    /// A new key. SAR_GENRANDERR: no randomness.
    pub fn generate() -> Result<Self, Sar> {
        loop {
            let candidate = random::bytes::<32>()?;
            if let Ok(key) = Self::from_bytes(&candidate) {
                return Ok(key);
            }
        }
    }

    /// The key with this big-endian number; SAR_INDATAERR outside 1 … n-2 (GM/T 0003.1, clause 6.1).
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Sar> {
        let refused = Sar(codes::SAR_INDATAERR);
        let scalar = nonzero(bytes).ok_or(refused)?;
        // n-1 is the one value for which 1+d has no inverse: nothing could be signed
        if (scalar + Scalar::ONE).is_zero().into() {
            return Err(refused);
        }
        let public = PublicKey::from_point(multiply_generator(&scalar)).ok_or(refused)?;
        Ok(Self { scalar, public })
    }

    /// The number, big-endian.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.scalar.to_repr().into())
    }

    /// The public key.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(super) fn scalar(&self) -> &Scalar {
        &self.scalar
    }

    /// Signs the value e with a fresh random k (GM/T 0003.2, clause 6.1). The caller has hashed: see [`digest_message`].
    /// SAR_GENRANDERR: no randomness.
    pub fn sign(&self, e: &[u8; 32]) -> Result<Signature, Sar> {
        loop {
            let mut k = random_scalar()?;
            let signature = self.sign_with(e, &k);
            k.zeroize();
            if let Some(signature) = signature {
                return Ok(signature);
            }
        }
    }

    /// Steps A4 to A6 with a given k; none where the standard asks for another k.
    pub(super) fn sign_with(&self, e: &[u8; 32], k: &Scalar) -> Option<Signature> {
        let x1 = PublicKey::from_point(multiply_generator(k))?.x;
        let r = reduce(e) + reduce(&x1);
        if bool::from(r.is_zero() | (r + k).is_zero()) {
            return None;
        }
        let inverse = Zeroizing::new((self.scalar + Scalar::ONE).invert().into_option()?);
        let s = *inverse * (*k - r * self.scalar);
        if s.is_zero().into() {
            return None;
        }
        Some(Signature { r: r.to_repr().into(), s: s.to_repr().into() })
    }
}

impl Drop for PrivateKey {
    fn drop(&mut self) {
        self.scalar.zeroize();
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("sm2::PrivateKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Z = SM3(ENTL ‖ ID ‖ a ‖ b ‖ xG ‖ yG ‖ x ‖ y), the hash of a signer's identity (GM/T 0003.2, clause 5.5).
/// SAR_INVALIDPARAMERR: an id of more than 8,191 bytes, whose length in bits does not fit ENTL.
pub fn z(public: &PublicKey, id: &[u8]) -> Result<[u8; 32], Sar> {
    let bits = id.len().checked_mul(8).and_then(|bits| u16::try_from(bits).ok());
    let entl = bits.ok_or(Sar(codes::SAR_INVALIDPARAMERR))?.to_be_bytes();
    Ok(hash::sm3(&[&entl, id, &CURVE, &public.x, &public.y]))
}

/// e = SM3(Z ‖ message), the value that is signed (GM/T 0003.2, steps A1 and A2).
pub fn digest_message(z: &[u8; 32], message: &[u8]) -> [u8; 32] {
    hash::sm3(&[z, message])
}

/// A random number in 1 … n-1.
pub(super) fn random_scalar() -> Result<Scalar, Sar> {
    loop {
        let candidate = random::bytes::<32>()?;
        if let Some(scalar) = nonzero(&candidate) {
            return Ok(scalar);
        }
    }
}

/// [k]G.
pub(super) fn multiply_generator(k: &Scalar) -> ProjectivePoint {
    ProjectivePoint::mul_by_generator(k)
}

/// The number if it is in 1 … n-1.
pub(super) fn nonzero(bytes: &[u8; 32]) -> Option<Scalar> {
    let scalar = Scalar::from_repr((*bytes).into()).into_option()?;
    (!bool::from(scalar.is_zero())).then_some(scalar)
}

/// The number modulo n.
pub(super) fn reduce(bytes: &[u8; 32]) -> Scalar {
    <Scalar as Reduce<FieldBytes>>::reduce(&(*bytes).into())
}

//! The key, signature and ciphertext structures of GM/T 0016 (clause 6.4), to and from the types of this room. Values shorter
//! than their field stand at its end; anything in front of them is refused. Layouts only, no mathematics.

use skf_sys::{
    ECC_MAX_COORDINATE_LEN, EccPrivateKeyBlob, EccPublicKeyBlob, EccSignatureBlob, MAX_RSA_EXPONENT_LEN,
    MAX_RSA_MODULUS_LEN, RsaPrivateKeyBlob, RsaPublicKeyBlob, codes, constants,
};
use zeroize::Zeroizing;

use super::encryption::Cipher;
use super::{rsa, sm2};
use crate::sar::Sar;

const MALFORMED: Sar = Sar(codes::SAR_INDATAERR);
const LENGTH: Sar = Sar(codes::SAR_INDATALENERR);

/// Length of SM2 numbers in bits, the only one that blobs may name.
const SM2_BITS: u32 = 256;

/// The width of ULONG in a library. Only structures with a ULONG in them differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 4 bytes: Windows, and most libraries elsewhere.
    Bits32,
    /// 8 bytes.
    Bits64,
}

impl Width {
    /// The width of a type that stands for ULONG: u32 or u64.
    pub const fn of<U>() -> Self {
        if size_of::<U>() == 8 { Self::Bits64 } else { Self::Bits32 }
    }

    /// 4 or 8.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Bits32 => 4,
            Self::Bits64 => 8,
        }
    }
}

impl sm2::PublicKey {
    /// From ECCPUBLICKEYBLOB. SAR_INDATAERR: not of 256 bits, not right-aligned, or not on the curve.
    pub fn from_blob(blob: &EccPublicKeyBlob) -> Result<Self, Sar> {
        let bits = blob.bit_len;
        if bits != SM2_BITS {
            return Err(MALFORMED);
        }
        Self::from_coordinates(number(&blob.x_coordinate)?, number(&blob.y_coordinate)?)
    }

    /// To ECCPUBLICKEYBLOB.
    pub fn to_blob(&self) -> EccPublicKeyBlob {
        EccPublicKeyBlob { bit_len: SM2_BITS, x_coordinate: field(self.x()), y_coordinate: field(self.y()) }
    }
}

impl sm2::PrivateKey {
    /// From ECCPRIVATEKEYBLOB. SAR_INDATAERR: not of 256 bits, not right-aligned, or outside 1 … n-2.
    pub fn from_blob(blob: &EccPrivateKeyBlob) -> Result<Self, Sar> {
        let bits = blob.bit_len;
        if bits != SM2_BITS {
            return Err(MALFORMED);
        }
        Self::from_bytes(&Zeroizing::new(number(&blob.private_key)?))
    }

    /// To ECCPRIVATEKEYBLOB. The caller wipes it.
    pub fn to_blob(&self) -> EccPrivateKeyBlob {
        EccPrivateKeyBlob { bit_len: SM2_BITS, private_key: field(&self.to_bytes()) }
    }
}

impl sm2::Signature {
    /// From ECCSIGNATUREBLOB. SAR_INDATAERR: not right-aligned.
    pub fn from_blob(blob: &EccSignatureBlob) -> Result<Self, Sar> {
        Ok(Self { r: number(&blob.r)?, s: number(&blob.s)? })
    }

    /// To ECCSIGNATUREBLOB.
    pub fn to_blob(&self) -> EccSignatureBlob {
        EccSignatureBlob { r: field(&self.r), s: field(&self.s) }
    }
}

/// Bytes of ECCCIPHERBLOB in front of CipherLen.
const CIPHER_HEAD: usize = 2 * ECC_MAX_COORDINATE_LEN + 32;

impl Cipher {
    /// Length of ECCCIPHERBLOB with `data_len` bytes of C2: the declared structure, less its one byte of data, plus those.
    pub const fn blob_len(data_len: usize, width: Width) -> usize {
        CIPHER_HEAD + width.bytes() + data_len
    }

    /// CipherLen of a blob that shows at least its first `blob_len(0, width)` bytes. For calls that come with no length:
    /// it says how many bytes to read. SAR_INDATALENERR: less than that, or a CipherLen of 0 or beyond memory.
    pub fn blob_data_len(head: &[u8], width: Width) -> Result<usize, Sar> {
        let rest = head.get(CIPHER_HEAD..).ok_or(LENGTH)?;
        let len = match width {
            Width::Bits32 => rest.first_chunk().map(|bytes| u64::from(u32::from_ne_bytes(*bytes))),
            Width::Bits64 => rest.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes)),
        };
        let len = len.and_then(|len| usize::try_from(len).ok()).filter(|len| *len > 0).ok_or(LENGTH)?;
        if Self::blob_len(0, width).checked_add(len).is_none() { Err(LENGTH) } else { Ok(len) }
    }

    /// From the bytes of ECCCIPHERBLOB; bytes after C2 are not looked at, as callers pass the size of the declared structure
    /// too. SAR_INDATALENERR: cut, or as in [`Self::blob_data_len`]; SAR_INDATAERR: not right-aligned.
    pub fn from_blob(bytes: &[u8], width: Width) -> Result<Self, Sar> {
        let start = Self::blob_len(0, width);
        let data = bytes.get(start..start + Self::blob_data_len(bytes, width)?).ok_or(LENGTH)?;
        let ([x, y, ..], _) = bytes.as_chunks::<ECC_MAX_COORDINATE_LEN>() else { return Err(LENGTH) };
        let hash = bytes[2 * ECC_MAX_COORDINATE_LEN..].first_chunk().ok_or(LENGTH)?;
        Ok(Self { x: number(x)?, y: number(y)?, hash: *hash, data: data.to_vec() })
    }

    /// The bytes of ECCCIPHERBLOB, `blob_len` of them. SAR_INDATALENERR: C2 too long for the width.
    pub fn to_blob(&self, width: Width) -> Result<Vec<u8>, Sar> {
        let mut out = Vec::with_capacity(Self::blob_len(self.data.len(), width));
        out.extend_from_slice(&field(&self.x));
        out.extend_from_slice(&field(&self.y));
        out.extend_from_slice(&self.hash);
        match width {
            Width::Bits32 => out.extend(u32::try_from(self.data.len()).map_err(|_| LENGTH)?.to_ne_bytes()),
            Width::Bits64 => out.extend((self.data.len() as u64).to_ne_bytes()),
        }
        out.extend_from_slice(&self.data);
        Ok(out)
    }
}

impl rsa::PublicKey {
    /// From RSAPUBLICKEYBLOB. SAR_INDATAERR: another algorithm, not right-aligned, or no key; SAR_RSAMODULUSLENERR: BitLen
    /// is not 1024 or 2048, or not that of the modulus.
    pub fn from_blob(blob: &RsaPublicKeyBlob) -> Result<Self, Sar> {
        let size = rsa_size(blob.alg_id, blob.bit_len)?;
        Self::from_parts(tail(&blob.modulus, size)?, &blob.public_exponent)
    }

    /// To RSAPUBLICKEYBLOB. SAR_FAIL: an exponent beyond its 4 bytes.
    pub fn to_blob(&self) -> Result<RsaPublicKeyBlob, Sar> {
        Ok(RsaPublicKeyBlob {
            alg_id: constants::SGD_RSA,
            bit_len: rsa_bits(self.size()),
            modulus: aligned(&self.modulus())?,
            public_exponent: aligned(&self.exponent())?,
        })
    }
}

impl rsa::PrivateKey {
    /// From RSAPRIVATEKEYBLOB. Its last three fields are not read but computed. Errors as for the public key.
    pub fn from_blob(blob: &RsaPrivateKeyBlob) -> Result<Self, Sar> {
        let size = rsa_size(blob.alg_id, blob.bit_len)?;
        Self::from_parts(
            tail(&blob.modulus, size)?,
            &blob.public_exponent,
            tail(&blob.private_exponent, size)?,
            tail(&blob.prime1, size / 2)?,
            tail(&blob.prime2, size / 2)?,
        )
    }

    /// To RSAPRIVATEKEYBLOB. The caller wipes it. SAR_FAIL: an exponent beyond its 4 bytes.
    pub fn to_blob(&self) -> Result<RsaPrivateKeyBlob, Sar> {
        let parts = self.parts()?;
        Ok(RsaPrivateKeyBlob {
            alg_id: constants::SGD_RSA,
            bit_len: rsa_bits(self.size()),
            modulus: aligned(&parts.modulus)?,
            public_exponent: aligned(&parts.public_exponent)?,
            private_exponent: aligned(&parts.private_exponent)?,
            prime1: aligned(&parts.prime1)?,
            prime2: aligned(&parts.prime2)?,
            prime1_exponent: aligned(&parts.prime1_exponent)?,
            prime2_exponent: aligned(&parts.prime2_exponent)?,
            coefficient: aligned(&parts.coefficient)?,
        })
    }
}

/// A 256-bit value in the last half of its field.
fn field(value: &[u8; 32]) -> [u8; ECC_MAX_COORDINATE_LEN] {
    let mut out = [0; ECC_MAX_COORDINATE_LEN];
    out[32..].copy_from_slice(value);
    out
}

fn number(field: &[u8; ECC_MAX_COORDINATE_LEN]) -> Result<[u8; 32], Sar> {
    tail(field, 32)?.try_into().map_err(|_| MALFORMED)
}

/// The last `len` bytes, if there is nothing in front of them.
fn tail(field: &[u8], len: usize) -> Result<&[u8], Sar> {
    let (zeros, value) = field.split_at(field.len() - len);
    if zeros.iter().all(|byte| *byte == 0) { Ok(value) } else { Err(MALFORMED) }
}

/// The value at the end of a field of N bytes.
fn aligned<const N: usize>(value: &[u8]) -> Result<[u8; N], Sar> {
    let mut out = [0; N];
    let start = N.checked_sub(value.len()).ok_or(Sar(codes::SAR_FAIL))?;
    out[start..].copy_from_slice(value);
    Ok(out)
}

fn rsa_bits(size: usize) -> u32 {
    if size == MAX_RSA_MODULUS_LEN { 2048 } else { 1024 }
}

/// Modulus length in bytes.
fn rsa_size(alg_id: u32, bits: u32) -> Result<usize, Sar> {
    match (alg_id, bits) {
        (constants::SGD_RSA, 1024) => Ok(128),
        (constants::SGD_RSA, 2048) => Ok(256),
        (constants::SGD_RSA, _) => Err(Sar(codes::SAR_RSAMODULUSLENERR)),
        _ => Err(MALFORMED),
    }
}

const _: () = assert!(MAX_RSA_EXPONENT_LEN == 4 && MAX_RSA_MODULUS_LEN == 256);

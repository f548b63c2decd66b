//! Public keys as certificates carry them (SubjectPublicKeyInfo). No private key comes here.

use std::fmt;

use der::{
    Encode, Sequence,
    asn1::{Any, BitString, Null, ObjectIdentifier, Uint},
};
use serde::Deserialize;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::MakeError;
use crate::crypto::{rsa, sm2};

/// Signature with SM2 over SM3 (GM/T 0006).
pub(super) const SM3_WITH_SM2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.501");
/// The SM2 curve (GM/T 0006).
pub(super) const SM2_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");
/// A key on an elliptic curve (RFC 5480); GM/T 0015 has SM2 keys under it.
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// sha256WithRSAEncryption (RFC 4055).
pub(super) const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
/// rsaEncryption (RFC 3279).
pub(super) const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// An algorithm of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// SM2, signing as SM3withSM2 with the default id.
    Sm2,
    /// RSA, signing as sha256WithRSAEncryption.
    Rsa,
}

impl Algorithm {
    /// AlgorithmIdentifier of its signatures: without parameters for SM2, with NULL for RSA.
    pub(super) fn of_signatures(self) -> AlgorithmIdentifierOwned {
        match self {
            Self::Sm2 => AlgorithmIdentifierOwned { oid: SM3_WITH_SM2, parameters: None },
            Self::Rsa => AlgorithmIdentifierOwned { oid: SHA256_WITH_RSA, parameters: Some(Any::from(Null)) },
        }
    }

    /// AlgorithmIdentifier of its keys.
    pub(super) fn of_keys(self) -> AlgorithmIdentifierOwned {
        match self {
            Self::Sm2 => AlgorithmIdentifierOwned { oid: EC_PUBLIC_KEY, parameters: Some(Any::from(SM2_CURVE)) },
            Self::Rsa => AlgorithmIdentifierOwned { oid: RSA_ENCRYPTION, parameters: Some(Any::from(Null)) },
        }
    }

    /// As in file names: `sm2` or `rsa`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sm2 => "sm2",
            Self::Rsa => "rsa",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sm2 => "SM2",
            Self::Rsa => "RSA",
        })
    }
}

/// A public key to be certified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// SM2.
    Sm2(sm2::PublicKey),
    /// RSA with 1024 or 2048 bits.
    Rsa(rsa::PublicKey),
}

/// RSAPublicKey of PKCS#1.
#[derive(Sequence)]
struct RsaPublicKey {
    modulus: Uint,
    public_exponent: Uint,
}

impl PublicKey {
    /// An SM2 key from 04 ‖ x ‖ y. An error if that is no point of the curve.
    pub fn sm2(uncompressed: &[u8]) -> Result<Self, MakeError> {
        Ok(Self::Sm2(sm2::PublicKey::from_uncompressed(uncompressed)?))
    }

    /// An RSA key from modulus and exponent, big-endian. An error if it has not 1024 or 2048 bits.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, MakeError> {
        Ok(Self::Rsa(rsa::PublicKey::from_parts(modulus, exponent)?))
    }

    /// Its algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Sm2(_) => Algorithm::Sm2,
            Self::Rsa(_) => Algorithm::Rsa,
        }
    }

    pub(super) fn to_spki(&self) -> Result<SubjectPublicKeyInfoOwned, MakeError> {
        let bytes = match self {
            Self::Sm2(key) => key.to_uncompressed().to_vec(),
            Self::Rsa(key) => {
                let (modulus, exponent) = (key.modulus(), key.exponent());
                let key = RsaPublicKey { modulus: Uint::new(&modulus)?, public_exponent: Uint::new(&exponent)? };
                key.to_der()?
            }
        };
        let subject_public_key = BitString::from_bytes(&bytes)?;
        Ok(SubjectPublicKeyInfoOwned { algorithm: self.algorithm().of_keys(), subject_public_key })
    }
}

//! The signing side of a CA: a trait, so that a CA's key may be anywhere, and the two issuers whose keys are in memory.

use der::{
    Encode, Sequence,
    asn1::{Null, ObjectIdentifier, OctetString, UintRef},
};
use sha2::{Digest, Sha256};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::{Algorithm, MakeError, PublicKey};
use crate::crypto::{rsa, sm2};

/// Signs certificates.
pub trait Issuer {
    /// The algorithm of its key and of its signatures.
    fn algorithm(&self) -> Algorithm {
        self.public_key().algorithm()
    }

    /// Its public key.
    fn public_key(&self) -> PublicKey;

    /// Signs the DER of a TBSCertificate. The answer is what goes into the BIT STRING: SEQUENCE { r, s } in DER for SM2
    /// (GM/T 0009, with the default id), the PKCS#1 v1.5 block for RSA.
    fn sign(&self, tbs_der: &[u8]) -> Result<Vec<u8>, MakeError>;
}

/// SM3withSM2, 1.2.156.10197.1.501.
#[derive(Debug)]
pub struct Sm2Issuer(sm2::PrivateKey);

/// sha256WithRSAEncryption.
#[derive(Debug)]
pub struct RsaIssuer(rsa::PrivateKey);

/// A signature of SM2 (GM/T 0009, clause 7.3).
#[derive(Sequence)]
struct Signature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// DigestInfo of PKCS#1.
#[derive(Sequence)]
struct DigestInfo {
    algorithm: AlgorithmIdentifierOwned,
    digest: OctetString,
}

const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

impl Sm2Issuer {
    /// With this key.
    pub const fn new(key: sm2::PrivateKey) -> Self {
        Self(key)
    }

    /// With a new key.
    pub fn generate() -> Result<Self, MakeError> {
        Ok(Self(sm2::PrivateKey::generate()?))
    }

    pub(super) const fn key(&self) -> &sm2::PrivateKey {
        &self.0
    }
}

impl Issuer for Sm2Issuer {
    fn public_key(&self) -> PublicKey {
        PublicKey::Sm2(*self.0.public())
    }

    fn sign(&self, tbs_der: &[u8]) -> Result<Vec<u8>, MakeError> {
        let z = sm2::z(self.0.public(), sm2::DEFAULT_ID)?;
        let signature = self.0.sign(&sm2::digest_message(&z, tbs_der))?;
        Ok(Signature { r: UintRef::new(&signature.r)?, s: UintRef::new(&signature.s)? }.to_der()?)
    }
}

impl RsaIssuer {
    /// With this key.
    pub const fn new(key: rsa::PrivateKey) -> Self {
        Self(key)
    }

    /// With a new key of 2048 bits.
    pub fn generate() -> Result<Self, MakeError> {
        Ok(Self(rsa::PrivateKey::generate(2048)?))
    }

    pub(super) const fn key(&self) -> &rsa::PrivateKey {
        &self.0
    }
}

impl Issuer for RsaIssuer {
    fn public_key(&self) -> PublicKey {
        PublicKey::Rsa(self.0.public())
    }

    fn sign(&self, tbs_der: &[u8]) -> Result<Vec<u8>, MakeError> {
        let info = DigestInfo {
            algorithm: AlgorithmIdentifierOwned { oid: SHA256, parameters: Some(Null.into()) },
            digest: OctetString::new(Sha256::digest(tbs_der).to_vec())?,
        };
        Ok(self.0.sign(&info.to_der()?)?)
    }
}

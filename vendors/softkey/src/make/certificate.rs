//! One certificate: what a caller asks for, and how it is put together and signed. Names and private extensions come from
//! the layout; the extensions that every certificate has are here.

use std::fmt;

use ::rsa::signature::Keypair;
use der::{
    Document, Encode,
    asn1::{BitString, ObjectIdentifier, OctetString},
};
use x509_cert::{
    TbsCertificate,
    builder::{self, Builder, CertificateBuilder, profile::BuilderProfile},
    ext::{
        Extension, ToExtension,
        pkix::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier},
    },
    name::Name,
    serial_number::SerialNumber,
    spki::{self, AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey, SubjectPublicKeyInfoRef},
};

use super::{Algorithm, Issuer, MakeError, Period, PublicKey, Purpose, Subject};
use crate::crypto::random;

/// Which of a holder's two certificates it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// keyUsage digitalSignature and nonRepudiation (GM/T 0015).
    Sign,
    /// keyUsage keyEncipherment, dataEncipherment and keyAgreement (GM/T 0015).
    Encrypt,
}

/// A serial number, greater than zero, of at most 20 bytes in DER. The certificates of one CA must have different ones.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Serial(Vec<u8>);

impl Serial {
    /// From its bytes, big-endian; leading zeros do not count.
    pub fn new(bytes: &[u8]) -> Result<Self, MakeError> {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let bytes = &bytes[zeros..];
        match bytes {
            [] => Err(MakeError::Serial),
            [first, ..] if bytes.len() + usize::from(*first >= 0x80) > 20 => Err(MakeError::Serial),
            _ => Ok(Self(bytes.to_vec())),
        }
    }

    /// 16 random bytes, the first one from 0x40 to 0x7F, so that all are equally long.
    pub fn random() -> Result<Self, MakeError> {
        let mut bytes = random::bytes::<16>()?;
        bytes[0] = bytes[0] & 0x3F | 0x40;
        Ok(Self(bytes.to_vec()))
    }

    /// Its bytes, big-endian, without leading zeros.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Serial {
    /// In hexadecimal capitals, as key numbers (证书key号) are written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}

/// A certificate to be made.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// For whom.
    pub subject: &'a Subject,
    /// For what.
    pub usage: Usage,
    /// The key to certify.
    pub key: &'a PublicKey,
    /// Its number; the two certificates of a key have different ones.
    pub serial: &'a Serial,
    /// From when until when.
    pub period: Period,
}

/// Everything that stands in one certificate but the CA's key and signature.
pub(super) struct Plan {
    pub(super) issuer: Name,
    pub(super) subject: Name,
    pub(super) serial: Serial,
    pub(super) period: Period,
    pub(super) key: PublicKey,
    pub(super) role: Role,
    pub(super) purposes: Vec<Purpose>,
    pub(super) extensions: Vec<Extension>,
}

/// Whose certificate it is.
#[derive(Clone, Copy)]
pub(super) enum Role {
    Authority,
    Holder(Usage),
}

impl Plan {
    /// The certificate in DER.
    pub(super) fn issue(self, issuer: &dyn Issuer) -> Result<Vec<u8>, MakeError> {
        let signer =
            Signer { key: VerifyingKey(issuer.public_key().to_spki()?.to_der()?), algorithm: issuer.algorithm() };
        let serial = SerialNumber::new(self.serial.as_bytes())?;
        let (validity, key) = (self.period.to_validity()?, self.key.to_spki()?);
        let mut builder = CertificateBuilder::new(self, serial, validity, key)?;
        let tbs = builder.finalize(&signer)?;
        let signature = BitString::from_bytes(&issuer.sign(&tbs)?)?;
        Ok(builder.assemble(signature, &signer)?.to_der()?)
    }
}

impl BuilderProfile for Plan {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        issuer_key: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let subject = tbs.subject();
        let mut out = Vec::new();
        out.push((&AuthorityKeyIdentifier::try_from(issuer_key)?).to_extension(subject, &out)?);
        out.push((&SubjectKeyIdentifier::try_from(key)?).to_extension(subject, &out)?);
        let usages = match self.role {
            Role::Authority => KeyUsages::KeyCertSign | KeyUsages::CRLSign,
            Role::Holder(Usage::Sign) => KeyUsages::DigitalSignature | KeyUsages::NonRepudiation,
            Role::Holder(Usage::Encrypt) => {
                KeyUsages::KeyEncipherment | KeyUsages::DataEncipherment | KeyUsages::KeyAgreement
            }
        };
        out.push((&KeyUsage(usages)).to_extension(subject, &out)?);
        if let Role::Authority = self.role {
            out.push(critical(&BasicConstraints { ca: true, path_len_constraint: Some(0) })?);
        }
        if !self.purposes.is_empty() {
            let purposes = self.purposes.iter().map(|purpose| match purpose {
                Purpose::ClientAuth => CLIENT_AUTH,
                Purpose::TimeStamping => TIME_STAMPING,
            });
            out.push((&ExtendedKeyUsage(purposes.collect())).to_extension(subject, &out)?);
        }
        out.extend_from_slice(&self.extensions);
        Ok(out)
    }
}

const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");

/// basicConstraints, critical as RFC 5280 4.2.1.9 wants it in a CA's certificate.
fn critical(constraints: &BasicConstraints) -> builder::Result<Extension> {
    let extn_value = OctetString::new(constraints.to_der()?)?;
    Ok(Extension { extn_id: BASIC_CONSTRAINTS, critical: true, extn_value })
}

/// What the builder asks of a signer, without the signing, which an [`Issuer`] does.
struct Signer {
    key: VerifyingKey,
    algorithm: Algorithm,
}

/// SubjectPublicKeyInfo in DER.
#[derive(Clone)]
struct VerifyingKey(Vec<u8>);

impl EncodePublicKey for VerifyingKey {
    fn to_public_key_der(&self) -> spki::Result<Document> {
        Ok(Document::try_from(self.0.as_slice())?)
    }
}

impl Keypair for Signer {
    type VerifyingKey = VerifyingKey;

    fn verifying_key(&self) -> VerifyingKey {
        self.key.clone()
    }
}

impl DynSignatureAlgorithmIdentifier for Signer {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        Ok(self.algorithm.of_signatures())
    }
}

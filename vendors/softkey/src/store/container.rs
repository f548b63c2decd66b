//! Containers: up to two key pairs and two certificates, RSA or ECC (clause 7.5). It must not see a private key in clear:
//! that is the business of `Secrets`.

use serde::{Deserialize, Serialize};
use skf_sys::{codes, constants};

use super::bytes::{Bytes, Text};
use super::limits::{Limits, check_name};
use super::model::Application;
use super::secrets::SEAL_OVERHEAD;
use crate::sar::Sar;

/// Space that a container takes beside its keys and certificates, in bytes.
const CONTAINER_SPACE: u64 = 256;

/// A container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// Its name.
    pub name: Text,
    /// The algorithm of its pairs; it is settled by the first pair.
    pub(super) kind: Kind,
    /// The signing pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signing: Option<KeyPair>,
    /// The encryption pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) encryption: Option<KeyPair>,
    /// The signing certificate as imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signing_certificate: Option<Bytes>,
    /// The encryption certificate as imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) encryption_certificate: Option<Bytes>,
}

/// The algorithm of a container's pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// No pair yet.
    None,
    /// RSA.
    Rsa,
    /// ECC (SM2).
    Ecc,
}

impl Kind {
    /// CONTAINER_… of SKF_GetContainerType.
    pub fn number(self) -> u32 {
        match self {
            Kind::None => constants::CONTAINER_UNKNOWN,
            Kind::Rsa => constants::CONTAINER_RSA,
            Kind::Ecc => constants::CONTAINER_ECC,
        }
    }
}

/// Which of the two pairs or certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    /// Signing.
    Signing,
    /// Encryption.
    Encryption,
}

/// A pair. The private part is sealed; `Secrets` opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPair {
    /// The public part, in the caller's form.
    pub public: Bytes,
    /// Nonce, ciphertext and tag of the private part.
    pub(super) private: Bytes,
}

impl Application {
    /// The container of this name, or SAR_KEYNOTFOUNTERR (the standard has no code of its own; personalities differ).
    pub fn container(&self, name: &[u8]) -> Result<&Container, Sar> {
        self.containers.iter().find(|container| container.name == *name).ok_or(Sar(codes::SAR_KEYNOTFOUNTERR))
    }

    /// The container of this name, to change it, or SAR_KEYNOTFOUNTERR.
    pub fn container_mut(&mut self, name: &[u8]) -> Result<&mut Container, Sar> {
        self.containers.iter_mut().find(|container| container.name == *name).ok_or(Sar(codes::SAR_KEYNOTFOUNTERR))
    }

    /// Adds an empty container.
    /// SAR_NAMELENERR, SAR_FILE_ALREADY_EXIST (the name is taken; the standard has no code of its own, personalities
    /// differ), SAR_REACH_MAX_CONTAINER_COUNT.
    pub fn create_container(&mut self, name: &[u8], limits: &Limits) -> Result<(), Sar> {
        check_name(name, limits.container_name, codes::SAR_NAMELENERR)?;
        if self.container(name).is_ok() {
            return Err(Sar(codes::SAR_FILE_ALREADY_EXIST));
        }
        if self.containers.len() >= limits.containers {
            return Err(Sar(codes::SAR_REACH_MAX_CONTAINER_COUNT));
        }
        self.containers.push(Container {
            name: name.into(),
            kind: Kind::None,
            signing: None,
            encryption: None,
            signing_certificate: None,
            encryption_certificate: None,
        });
        Ok(())
    }

    /// Removes a container with both pairs and both certificates, or SAR_KEYNOTFOUNTERR.
    pub fn delete_container(&mut self, name: &[u8]) -> Result<(), Sar> {
        self.container(name)?;
        self.containers.retain(|container| container.name != *name);
        Ok(())
    }
}

impl Container {
    /// The algorithm of its pairs.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// A pair, or SAR_KEYNOTFOUNTERR.
    pub fn pair(&self, usage: Usage) -> Result<&KeyPair, Sar> {
        let pair = match usage {
            Usage::Signing => &self.signing,
            Usage::Encryption => &self.encryption,
        };
        pair.as_ref().ok_or(Sar(codes::SAR_KEYNOTFOUNTERR))
    }

    /// A certificate, or SAR_CERTNOTFOUNTERR.
    pub fn certificate(&self, usage: Usage) -> Result<&[u8], Sar> {
        let certificate = match usage {
            Usage::Signing => &self.signing_certificate,
            Usage::Encryption => &self.encryption_certificate,
        };
        certificate.as_deref().ok_or(Sar(codes::SAR_CERTNOTFOUNTERR))
    }

    /// Puts a certificate in place of the one that is there.
    pub fn set_certificate(&mut self, usage: Usage, certificate: &[u8]) {
        let place = match usage {
            Usage::Signing => &mut self.signing_certificate,
            Usage::Encryption => &mut self.encryption_certificate,
        };
        *place = Some(certificate.into());
    }

    /// Removes a pair (a maker's extension), or SAR_KEYNOTFOUNTERR. Without pairs the container has no kind.
    pub fn delete_pair(&mut self, usage: Usage) -> Result<(), Sar> {
        self.pair(usage)?;
        *self.pair_place(usage) = None;
        if self.signing.is_none() && self.encryption.is_none() {
            self.kind = Kind::None;
        }
        Ok(())
    }

    /// Removes a certificate (a maker's extension), or SAR_CERTNOTFOUNTERR.
    pub fn delete_certificate(&mut self, usage: Usage) -> Result<(), Sar> {
        self.certificate(usage)?;
        match usage {
            Usage::Signing => self.signing_certificate = None,
            Usage::Encryption => self.encryption_certificate = None,
        }
        Ok(())
    }

    /// SAR_KEYINFOTYPEERR unless a pair of this kind may go in.
    pub(super) fn accepts(&self, kind: Kind) -> Result<(), Sar> {
        match (self.kind, kind) {
            (_, Kind::None) => Err(Sar(codes::SAR_KEYINFOTYPEERR)),
            (Kind::None, _) => Ok(()),
            (there, new) if there == new => Ok(()),
            _ => Err(Sar(codes::SAR_KEYINFOTYPEERR)),
        }
    }

    pub(super) fn pair_place(&mut self, usage: Usage) -> &mut Option<KeyPair> {
        match usage {
            Usage::Signing => &mut self.signing,
            Usage::Encryption => &mut self.encryption,
        }
    }

    pub(super) fn space(&self) -> u64 {
        let pairs = [&self.signing, &self.encryption].into_iter().flatten();
        let certificates = [&self.signing_certificate, &self.encryption_certificate].into_iter().flatten();
        let bytes = pairs.map(|pair| pair.public.len() + pair.private.len()).chain(certificates.map(|one| one.len()));
        CONTAINER_SPACE + bytes.map(|len| len as u64).sum::<u64>()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let pairs = [&self.signing, &self.encryption];
        if (self.kind == Kind::None) != pairs.iter().all(|pair| pair.is_none()) {
            return Err("its kind is \"none\" exactly when it has no pair".to_owned());
        }
        match pairs.into_iter().flatten().any(|pair| pair.private.len() < SEAL_OVERHEAD) {
            true => Err("a sealed private key is too short".to_owned()),
            false => Ok(()),
        }
    }
}

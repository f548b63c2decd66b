//! A test CA: one layout, one key, and its self-signed certificate. It keeps no list of what it has issued.

use std::fmt;

use super::{
    Algorithm, Issuer, Layout, MakeError, Period, Request, RsaIssuer, Serial, Sm2Issuer,
    certificate::{Plan, Role},
};

/// A CA that certifies in one layout.
pub struct Authority {
    layout: &'static Layout,
    issuer: Box<dyn Issuer + Send + Sync>,
    certificate: Vec<u8>,
}

impl Authority {
    /// A CA with a new key of this algorithm.
    pub fn generate(layout: &'static Layout, algorithm: Algorithm) -> Result<Self, MakeError> {
        layout.accepts(algorithm)?;
        match algorithm {
            Algorithm::Sm2 => Self::new(layout, Box::new(Sm2Issuer::generate()?)),
            Algorithm::Rsa => Self::new(layout, Box::new(RsaIssuer::generate()?)),
        }
    }

    /// A CA with this key and a new certificate, valid from 2010 to 2049.
    pub fn new(layout: &'static Layout, issuer: Box<dyn Issuer + Send + Sync>) -> Result<Self, MakeError> {
        layout.accepts(issuer.algorithm())?;
        let name = layout.issuer_name(issuer.algorithm())?;
        let plan = Plan {
            issuer: name.clone(),
            subject: name,
            serial: Serial::random()?,
            period: Period::of_authorities(),
            key: issuer.public_key(),
            role: Role::Authority,
            purposes: Vec::new(),
            extensions: Vec::new(),
        };
        let certificate = plan.issue(&*issuer)?;
        Ok(Self { layout, issuer, certificate })
    }

    /// A CA with this key and a certificate that it had before. The caller has checked that they belong together.
    pub(super) fn existing(
        layout: &'static Layout,
        issuer: Box<dyn Issuer + Send + Sync>,
        certificate: Vec<u8>,
    ) -> Result<Self, MakeError> {
        layout.accepts(issuer.algorithm())?;
        Ok(Self { layout, issuer, certificate })
    }

    /// Its layout.
    pub const fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// Algorithm of its key, and of the keys that it certifies.
    pub fn algorithm(&self) -> Algorithm {
        self.issuer.algorithm()
    }

    /// Its certificate in DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Certifies a key: a certificate in DER. Errors: a key of another algorithm than the CA's, a holder whose name or
    /// numbers the layout has no room for, a running number of 0.
    pub fn issue(&self, request: &Request<'_>) -> Result<Vec<u8>, MakeError> {
        let (issuer, subject) = (self.algorithm(), request.key.algorithm());
        if issuer != subject {
            return Err(MakeError::MixedAlgorithms { issuer, subject });
        }
        request.subject.check()?;
        let plan = Plan {
            issuer: self.layout.issuer_name(issuer)?,
            subject: self.layout.subject_name(request.subject, issuer)?,
            serial: request.serial.clone(),
            period: request.period,
            key: request.key.clone(),
            role: Role::Holder(request.usage),
            purposes: self.layout.purposes().to_vec(),
            extensions: self.layout.extensions(request.subject, issuer)?,
        };
        plan.issue(&*self.issuer)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (layout, algorithm) = (self.layout.name(), self.algorithm());
        f.debug_struct("Authority").field("layout", &layout).field("algorithm", &algorithm).finish_non_exhaustive()
    }
}

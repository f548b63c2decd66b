//! What can go wrong when certificates are made, in words for the person who asked. It must not carry private keys.

use std::{io, path::PathBuf};

use super::{Algorithm, IdentityFault, Kind};
use crate::sar::Sar;

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError {
    /// No layout has this name.
    #[error("there is no certificate layout '{0}'")]
    UnknownLayout(String),
    /// The table of layouts that is part of this program is wrong.
    #[error("the table of certificate layouts is wrong: {0}")]
    Table(String),
    /// The layout is for other keys.
    #[error("layout '{layout}' has no {algorithm} keys")]
    LayoutAlgorithm {
        /// Name of the layout.
        layout: String,
        /// The algorithm asked for.
        algorithm: Algorithm,
    },
    /// A CA certifies keys of its own algorithm.
    #[error("a CA with a key of {issuer} does not certify a key of {subject}")]
    MixedAlgorithms {
        /// The CA's.
        issuer: Algorithm,
        /// The holder's.
        subject: Algorithm,
    },
    /// A number of a person or an organisation is wrong.
    #[error("'{value}' is no {what}: {fault}")]
    Identity {
        /// Which number.
        what: &'static str,
        /// As it was given.
        value: String,
        /// What is wrong with it.
        fault: IdentityFault,
    },
    /// A text of the caller cannot stand in a certificate.
    #[error("{what} cannot be certified: {reason}")]
    Text {
        /// Which text, such as "the holder's name".
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A field of the certificate cannot hold what the layout puts there.
    #[error("layout '{layout}' cannot hold this in {field}: {reason}")]
    Field {
        /// Name of the layout.
        layout: String,
        /// The attribute or extension.
        field: String,
        /// What is wrong.
        reason: String,
    },
    /// A value that the layout needs was not given.
    #[error("layout '{layout}' needs {{{value}}} in {field}, which a holder of kind '{kind}' does not have")]
    Missing {
        /// Name of the layout.
        layout: String,
        /// The attribute or extension.
        field: String,
        /// Name of the value in the table.
        value: &'static str,
        /// The holder's kind.
        kind: Kind,
    },
    /// The time span is none, or not within that of the CA.
    #[error("validity: {0}")]
    Period(&'static str),
    /// The serial number is zero or too long.
    #[error("a serial number has 1 to 20 bytes and is greater than zero (RFC 5280, 4.1.2.2)")]
    Serial,
    /// The running number of a holder's key starts at 1.
    #[error("the running number of a holder's key starts at 1")]
    Number,
    /// A key is none, or an operation with it failed.
    #[error("key: {0}")]
    Key(Sar),
    /// A public key does not belong to its private key.
    #[error("the public key is not that of the private key")]
    Pair,
    /// A symmetric algorithm in which nothing can be wrapped here.
    #[error("keys are wrapped under SM4-ECB (0x401) only, not under algorithm {0:#x}")]
    Wrapping(u32),
    /// DER could not be written or read.
    #[error("DER: {0}")]
    Der(#[from] der::Error),
    /// A certificate could not be put together.
    #[error("certificate: {0}")]
    Builder(#[from] x509_cert::builder::Error),
    /// A file of the CA folder.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the CA folder holds something else than this layout's CA.
    #[error("{}: {reason}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl From<Sar> for MakeError {
    fn from(sar: Sar) -> Self {
        Self::Key(sar)
    }
}

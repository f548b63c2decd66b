//! Test certification: a CA of this project for each known layout, certificates with the names, extensions and key usage
//! that the layout's CA gives its holders, and the wrapped encryption pair that a CA sends to a key. The layouts are data
//! (`layouts.toml`). Nothing made here may pass for a real CA's: every issuer says that it is a test of ukeyhub.

#![forbid(unsafe_code)]

mod authority;
mod certificate;
mod encoding;
mod envelope;
mod error;
mod folder;
mod holder;
mod identity;
mod issuer;
mod key;
mod layout;
mod period;

#[cfg(test)]
mod tests;

pub use authority::Authority;
pub use certificate::{Request, Serial, Usage};
pub use encoding::Encoding;
pub use envelope::{KeyForm, RsaEnvelope, RsaPadding, SESSION_KEY_LEN, envelope, envelope_rsa};
pub use error::MakeError;
pub use folder::certificate_path;
pub use holder::{Holder, Kind, Subject};
pub use identity::{IdNumber, IdentityFault, Uscc};
pub use issuer::{Issuer, RsaIssuer, Sm2Issuer};
pub use key::{Algorithm, PublicKey};
pub use layout::{Attribute, Extension, Layout, Mark, Purpose, layout, layouts};
pub use period::Period;

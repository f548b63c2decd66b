//! The normalised interface of a key library and everything behind it: profiles, configuration, backends, slots.
//! It knows nothing of the C interface towards hosts, and the module above it knows no vendor.

#![deny(unsafe_code)]

#[allow(unsafe_code, reason = "boundary: host pointers become views")]
pub mod abi;
pub mod config;
pub mod error;
pub mod functions;
pub mod hub;
pub mod image;
pub mod names;
pub mod pkcs11;
#[allow(unsafe_code, reason = "boundary: asks the auxiliary vector whether the process is set-id")]
pub mod places;
pub mod profile;
pub mod traits;
pub mod trust;

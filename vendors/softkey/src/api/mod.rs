//! The functions of GM/T 0016: one body for each, under its C name, safe code only. A body gets the call and its arguments
//! as views (`crate::views`), checks, works, and answers `Done`. It must not follow a pointer, print, or panic.
//!
//! How a body is written (clause numbers in its first line):
//! ```text
//! pub fn SKF_ECCSignData(call: &Call, container: Handle, digest: Input, signature: Out<EccSignatureBlob>) -> Done {
//!     let container = call.container(container)?;            // handle, liveness, device lock, unsupported functions
//!     container.require(Role::User)?;                        // or SAR_USER_NOT_LOGGED_IN, in the product's own code
//!     let key = container.private_key(Usage::Signing)?;      // Zeroizing<Vec<u8>>, as `put_pair` was given it
//!     …
//!     signature.put(blob);                                   // only when all has gone well
//!     Ok(())
//! }
//! ```
//! - **Handles.** `call.device`, `call.application`, `call.container` and `call.object::<T>` give an `Arc` of what a handle
//!   stands for, after waiting for other handles' LockDev. A type of object implements `Handled`; it is born by
//!   `device.register(|handle| …)` (see `open`), so it ends with its connection, and its `handle` goes out by
//!   `out.put_handle`. State that changes sits in a `Mutex` inside the object.
//! - **Keys.** Form in the store, for both pairs: SM2 public = 04 ‖ x ‖ y (65 bytes), private = 32 bytes; RSA public =
//!   the 268 bytes of RSAPUBLICKEYBLOB, private = PKCS#1 DER (the same as `make` writes). `container.public_key(usage)`,
//!   `container.private_key(usage)` (needs a user login), `container.put_pair(usage, kind, public, private)`,
//!   `container.kind()`.
//! - **Errors.** `?` on a `Sar` gives the standard's code, translated to the product's own where the code says which
//!   situation it is. Where it does not (`SAR_KEYNOTFOUNTERR`, `SAR_HASHNOTEQUALERR`, `SAR_FAIL`), name the situation:
//!   `Failure::when(|errors| &errors.verify_failed)`, or `result.or_when(|errors| &errors.ecc_failed)`.
//! - **Outputs.** `Output::wants(len)?` first, when the length is known: false means that the host only asked, and
//!   SAR_BUFFER_TOO_SMALL comes before anything is changed. Then `Output::put`. A buffer is never half written.
//! - **Numbers** of a product (SM2 ids, lengths, trailing bytes): `device.personality`.
#![forbid(unsafe_code)]
#![allow(non_snake_case, reason = "the standard's own names")]

mod access;
mod application;
mod call;
mod container;
mod decrypt;
mod device;
mod ecc;
mod file;
mod import;
pub mod open;
mod pending;
mod rsa;

pub use access::*;
pub use application::*;
pub use call::{Call, Done, Failure, OrWhen, Situation};
pub use container::*;
pub use decrypt::*;
pub use device::*;
pub use ecc::*;
pub use file::*;
pub use import::*;
pub use pending::*;
pub use rsa::*;

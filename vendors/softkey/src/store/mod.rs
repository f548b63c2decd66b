//! The key folder on disk: the model of a key, atomic changes, locks between processes, PINs, and the plug folder.
//! Private keys are opaque secret bytes here; it must not know SM2 or RSA, C types, or how a product behaves.
//!
//! A key is a folder: `key.json` (everything), `store.lock` (held while changing), `device.lock` (SKF_LockDev).
//! A change writes `key.json.new`, syncs it, renames it over `key.json` and syncs the folder, all under `store.lock`.
//! So whoever is killed, at any instant, leaves the old key or the new one, and readers need no lock.
//!
//! What the file does not protect: counters, names, certificates and the device authentication key are in clear and
//! unsigned. Who can write the file can change them. Only private keys need a PIN.
#![forbid(unsafe_code)]

mod bytes;
mod container;
mod disk;
mod error;
mod file;
mod key;
mod limits;
mod lock;
mod model;
mod pin;
mod plug;
mod secrets;
#[cfg(test)]
mod tests;

pub use bytes::{Bytes, Text};
pub use container::{Container, KeyPair, Kind, Usage};
pub use error::{Action, StoreError};
pub use file::{File, Rights};
pub use key::Key;
pub use limits::Limits;
pub use lock::DeviceLock;
pub use model::{Application, Device, Model, NewApplication, NewPin};
pub use pin::{DEFAULT_ITERATIONS, Pin, PinFailure, PinInfo, Role};
pub use plug::{Fingerprint, Plug, PlugEvent};
pub use secrets::Secrets;

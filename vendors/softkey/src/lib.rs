//! A software key with the C interface of GM/T 0016 over files. FOR TESTS AND DEMONSTRATIONS ONLY: its private keys lie on
//! disk, behind a PIN that a program can guess; nothing of value may be entrusted to it.
//!
//! Rooms: `crypto` (algorithms), `store` (the key folder on disk), `personality` (data: how a product behaves), `faults`
//! (misbehaviour on request), `make` (test CA and certificates), `api` (the functions, safe code), `process`, `handles` and
//! `shared_login` (what lives in a host's process), `views` (host pointers, the only place that follows them), `guard` (what
//! surrounds every call) and `entry` (the exported names).

#[cfg(panic = "abort")]
compile_error!("a library in a host's process must unwind to its guard: build it with panic = \"unwind\"");

pub mod api;
pub mod crypto;
pub mod entry;
pub mod faults;
mod guard;
pub mod handles;
pub mod make;
pub mod personality;
pub mod process;
pub mod sar;
mod shared_login;
pub mod store;
pub mod views;

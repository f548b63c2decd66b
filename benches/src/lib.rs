//! What the benches share: the three ways to call a library, the measuring in rotation, and the record of a run.
//! A call is only counted when its answer is right. Nothing here may touch a pointer; `call` alone does.
#![deny(unsafe_code)]

#[allow(unsafe_code, reason = "the one file that calls C functions")]
pub mod call;
pub mod cold;
mod facts;
mod failure;
pub mod host;
pub mod operations;
pub mod peers;
pub mod record;
pub mod rotation;
pub mod run;
pub mod stage;

pub use failure::Failure;

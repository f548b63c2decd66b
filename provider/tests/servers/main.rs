//! Servers that fork after the library was initialised, and a host that has the library open itself. Purpose: what was
//! initialised before a fork, or by someone else in the process, is used and never finalised by the module.
#![cfg(target_os = "linux")]
// Functions beside the tests fail by panicking, where clippy.toml does not reach.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod apache;
// The programs' tests use all of it.
#[allow(dead_code)]
#[path = "../programs/fixture.rs"]
mod fixture;
mod nginx;
mod server;
mod shared_file;

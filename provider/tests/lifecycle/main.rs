//! The module's life in a process: start and end over and over, with threads inside, in forked children, at exit,
//! unloaded and loaded again.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "integration tests")]

#[path = "../hosts/mod.rs"]
mod hosts;

mod exit;
mod fork;
mod races;
mod repeat;
mod unload;

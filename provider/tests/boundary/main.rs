//! What a host sees at the C boundary of the built module: states, arguments, interfaces, exports, handles.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "integration tests")]

#[path = "../hosts/mod.rs"]
mod hosts;
mod signatures;

mod arguments;
mod before_initialize;
#[cfg(target_os = "linux")]
mod exports;
mod handles;
mod initialize;
mod interfaces;
mod mechanisms;
mod messages;
mod routing;
mod uplift;

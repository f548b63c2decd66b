//! Slots as hosts see them through the built module: ids, order, presence, events (PKCS#11 3.0, 5.5).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "integration tests")]

#[path = "../hosts/mod.rs"]
mod hosts;

#[cfg(target_os = "linux")]
mod empty;
mod events;
mod identity;
mod list;

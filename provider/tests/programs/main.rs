//! Real programs give the same on the bare SoftHSM2 and through the module. Each test starts programs only; this process
//! loads neither library. A program that is missing fails with the name of its package.
#![cfg(target_os = "linux")]
// Functions beside the tests fail by panicking, where clippy.toml does not reach.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod fixture;
mod gnutls;
mod nss;
mod openssl;
mod p11_kit;
mod pkcs11_tool;
mod ssh;

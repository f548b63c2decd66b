//! The mock as a host sees it: through its built file and the C ABI. Each test runs in a process of its own.
// Integration tests fail by panicking, also in functions beside the tests, where clippy.toml does not reach.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
// A CK_ULONG is 32 bits wide on some targets.
#![allow(clippy::unnecessary_cast)]

mod calls;
mod library;
mod loading;
mod operations;
mod tokens;

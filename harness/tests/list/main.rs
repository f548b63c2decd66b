//! `ukeyhub list` as people and programs run it: the built command, throw-away tokens, broken set-ups.
// Functions beside the tests fail by panicking, where clippy.toml does not reach.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;
mod endings;
mod json;
mod libraries;
mod module;
mod schema;
mod tokens;

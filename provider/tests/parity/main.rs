//! Every public method of crate cryptoki's `Pkcs11` and `Session`, called from one source on the bare SoftHSM2 and through
//! the module; the results are compared by name. Nothing here may know which of the two it talks to.
// Functions beside the tests fail by panicking, where clippy.toml does not reach.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs)]

#[macro_use]
mod record;
mod ciphers;
mod coverage;
mod differences;
mod digests;
mod general;
mod keys;
mod objects;
mod sessions;
mod side;
mod signatures;
mod slots;
mod version_three;

use std::collections::BTreeMap;

use ukeyhub_artefacts::is_isolated;

use crate::side::{Side, Tokens};

/// What every method answers, in the order of a host's life.
fn whole_life(side: &Side) {
    let mut record = side.record();
    let pkcs11 = general::before(&mut record, side.library());
    let slot = slots::first(&pkcs11);
    record.family("slots", |record| slots::run(record, &pkcs11));
    record.family("sessions", |record| sessions::run(record, &pkcs11, slot));
    record.family("objects", |record| objects::run(record, &pkcs11, slot));
    record.family("keys", |record| keys::run(record, &pkcs11, slot));
    record.family("ciphers", |record| ciphers::run(record, &pkcs11, slot));
    record.family("signatures", |record| signatures::run(record, &pkcs11, slot));
    record.family("digests", |record| digests::run(record, &pkcs11, slot));
    record.family("version three", |record| version_three::run(record, &pkcs11, slot));
    record.family("tokens", |record| slots::initialise(record, &pkcs11));
    record.family("end", |record| general::after(record, pkcs11));
    side.write(&record);
}

/// The library was loaded by the dynamic loader before the host began: `Pkcs11::new_from_self` finds it.
fn preloaded(side: &Side) {
    let mut record = side.record();
    record.family("preloaded", general::preloaded);
    side.write(&record);
}

#[test]
fn every_method_answers_as_the_bare_library_does() {
    let tokens = Tokens::new();
    let bare = Side::bare(&tokens).run(|| whole_life(&Side::of_child()));
    let module = Side::module(&tokens).run(|| whole_life(&Side::of_child()));
    if !is_isolated() {
        differences::check(&bare, &module, &differences::of_a_whole_life());
    }
}

#[test]
fn a_preloaded_library_is_found_in_the_host_itself() {
    let tokens = Tokens::new();
    let bare = Side::bare(&tokens).preloaded().run(|| preloaded(&Side::of_child()));
    let module = Side::module(&tokens).preloaded().run(|| preloaded(&Side::of_child()));
    if !is_isolated() {
        differences::check(&bare, &module, &differences::of_a_preloaded_library());
    }
}

#[test]
fn every_public_method_is_called() {
    let tokens = Tokens::new();
    let answers = Side::bare(&tokens).run(|| whole_life(&Side::of_child()));
    if !is_isolated() {
        coverage::check(&answers);
    }
}

/// Names of results and their texts.
type Answers = BTreeMap<String, String>;

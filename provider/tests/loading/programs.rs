//! C programs of unusual kinds: one that exports C_* functions of its own, one with the module preloaded, one that loads
//! it for everyone to see.

use std::ffi::OsStr;
use std::path::Path;

use ukeyhub_artefacts::{ConfigFile, softhsm};

use crate::hosts::libraries::Libraries;
use crate::hosts::mock;
use crate::hosts::processes::Program;

struct House {
    store: softhsm::Store,
    file: ConfigFile,
    _mock: tempfile::TempDir,
}

/// SoftHSM, whose calls within itself go through the dynamic linker, and the mock.
fn house() -> House {
    let store = softhsm::Store::new();
    let (folder, path) = mock::copy();
    let file = Libraries::new()
        .library_with("softhsm", &softhsm::library(), "profile = \"softhsm\"")
        .library("mock", &path)
        .file();
    House { store, file, _mock: folder }
}

impl House {
    fn variables(&self) -> [(&str, &Path); 2] {
        [("UKEYHUB_CONFIG", self.file.path()), ("SOFTHSM2_CONF", self.store.config())]
    }
}

const WORKED: &str = "initialized\n3 slots\nlogged in\nsigned 64\nverified\nfinalized\n";

#[test]
fn a_plain_host() {
    let house = house();
    let said = Program::compile("signing.c", &[])
        .succeed(&[ukeyhub_artefacts::module().as_os_str(), OsStr::new("local")], &house.variables());
    assert_eq!(said, WORKED);
}

/// The host's own C_* functions come first for every library whose symbols are not bound to itself. None may be called.
#[test]
fn a_host_that_exports_functions_of_the_same_names() {
    let house = house();
    let said = Program::compile("signing.c", &["-DEXPORTS", "-rdynamic"])
        .succeed(&[ukeyhub_artefacts::module().as_os_str(), OsStr::new("local")], &house.variables());
    assert_eq!(said, WORKED);
}

#[test]
fn a_host_that_loads_the_module_globally() {
    let house = house();
    for options in [&[][..], &["-DEXPORTS", "-rdynamic"]] {
        let said = Program::compile("signing.c", options)
            .succeed(&[ukeyhub_artefacts::module().as_os_str(), OsStr::new("global")], &house.variables());
        assert_eq!(said, WORKED, "{options:?}");
    }
}

#[test]
fn a_host_with_the_module_preloaded() {
    let house = house();
    let module = ukeyhub_artefacts::module();
    let [config, store] = house.variables();
    let variables = [config, store, ("LD_PRELOAD", module.as_path())];
    let said = Program::compile("signing.c", &[]).succeed(&[module.as_os_str(), OsStr::new("preloaded")], &variables);
    assert_eq!(said, WORKED);
}

/// A program that knows nothing of PKCS#11 does not notice the module.
#[test]
fn a_stranger_with_the_module_preloaded() {
    let output =
        std::process::Command::new("ls").arg("/").env("LD_PRELOAD", ukeyhub_artefacts::module()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

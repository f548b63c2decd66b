//! Where artefacts come from, and that a missing one fails.

use std::fs;
use std::panic::catch_unwind;

use ukeyhub_artefacts::{Artefact, Profile, artefact, config, is_isolated, isolated_with_env, softhsm};

#[test]
fn every_artefact_is_built_and_found() {
    for wanted in [Artefact::Module, Artefact::Mock, Artefact::Command] {
        let path = artefact(wanted, Profile::of_this_build());
        assert!(path.is_absolute() && path.is_file(), "{}", path.display());
        assert_eq!(path.file_name().unwrap().to_string_lossy(), wanted.file_name());
    }
}

#[test]
fn a_folder_of_artefacts_is_used_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(Artefact::Module.file_name()), "not a library").unwrap();
    isolated_with_env(&[("UKEYHUB_ARTEFACTS", folder.path())], || {
        let folder = std::env::var("UKEYHUB_ARTEFACTS").unwrap();
        assert!(ukeyhub_artefacts::module().starts_with(fs::canonicalize(folder).unwrap()));
        let payload = catch_unwind(ukeyhub_artefacts::mock).unwrap_err();
        let message = payload.downcast_ref::<String>().unwrap();
        assert!(message.contains("UKEYHUB_ARTEFACTS") && message.contains("ukeyhub_mock"), "{message}");
    });
}

#[test]
fn a_configuration_file_is_private_and_goes_away() {
    let file = config("discover = false\n");
    let path = file.path().to_owned();
    assert_eq!(fs::read_to_string(&path).unwrap(), "discover = false\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }
    drop(file);
    assert!(!path.parent().unwrap().exists());
}

#[test]
fn a_store_holds_the_tokens_asked_for_and_goes_away() {
    assert!(softhsm::library().is_file());
    let store = softhsm::Store::with_tokens(&["first token", "second token"]);
    let slots = store.util(&["--show-slots"]);
    assert!(slots.contains("first token") && slots.contains("second token"), "{slots}");
    let folder = store.folder().to_owned();
    assert!(store.config().starts_with(&folder));
    drop(store);
    assert!(!folder.exists());
    assert!(!is_isolated());
}

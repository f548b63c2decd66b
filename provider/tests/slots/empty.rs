//! Empty slots of a library: hidden, unless a profile shows them. A private profile needs an ordinary user.

use std::path::Path;

use cryptoki_sys::*;
use ukeyhub_artefacts::{isolated, set_env};

use crate::hosts::libraries::Libraries;
use crate::hosts::mock::{Mock, open_folder, set_mode};
use crate::hosts::processes::{Ending, become_ordinary, fork, give_to_ordinary};
use crate::hosts::{Module, libraries, refused};

#[test]
fn empty_slots_are_hidden() {
    isolated(|| {
        let mock = libraries::one_mock(&["slots=3 tokens=0,1,0"]);
        let module = Module::load();
        module.initialize().unwrap();
        let slots = module.slots(false);
        assert_eq!(slots.len(), 1);
        assert_eq!(module.label(slots[0]), "mock token 1");
        // An uninitialised token is not an empty slot.
        mock.tell("slot 2 token=uninitialised");
        assert_eq!(module.slots(false).len(), 2);
        assert_eq!(module.slots(true).len(), 2);
        module.finalize().unwrap();
    });
}

/// A user's own configuration and profiles, below XDG_CONFIG_HOME.
fn home(profile: &str, path: &Path) -> tempfile::TempDir {
    let folder = open_folder();
    let profiles = folder.path().join("ukeyhub/profiles");
    std::fs::create_dir_all(&profiles).unwrap();
    let text = Libraries::new().library_with("mock", path, "profile = \"own\"").text();
    for (file, text) in [("ukeyhub.toml", text.as_str()), ("profiles/own.toml", profile)] {
        let file = folder.path().join("ukeyhub").join(file);
        std::fs::write(&file, text).unwrap();
        set_mode(&file, 0o644);
        give_to_ordinary(&file);
    }
    set_env("XDG_CONFIG_HOME", folder.path());
    folder
}

const SHOWS_EMPTY: &str = "name = \"own\"\nvendor = \"own\"\nkind = \"pkcs11\"\nisolation = \"none\"\n\
                           show-empty-slots = true\n[title]\nzh = \"自\"\nen = \"own\"\n";

#[test]
fn a_profile_may_show_empty_slots() {
    isolated(|| {
        let mock = Mock::told(&["slots=3 tokens=0,1,0"]);
        let _home = home(SHOWS_EMPTY, &mock.path);
        let module = Module::load();
        let ending = fork(|| {
            become_ordinary();
            module.initialize().unwrap();
            let slots = module.slots(false);
            assert_eq!(slots.len(), 3);
            assert_eq!(module.slots(true), [slots[1]]);
            assert_eq!(slots.iter().map(|slot| module.is_present(*slot)).collect::<Vec<_>>(), [false, true, false]);
            assert_eq!(module.token_info(slots[0]).map(|info| info.flags), refused(CKR_TOKEN_NOT_PRESENT));
            // A token in an empty slot takes the slot that hosts know already.
            mock.tell("slot 0 token=insert serial=late");
            assert_eq!(module.event(), Ok(slots[0]));
            assert_eq!(module.slots(true), [slots[0], slots[1]]);
            assert!(module.open(slots[0]).is_ok());
            module.finalize().unwrap();
            0
        });
        assert_eq!(ending, Ending::Exit(0));
    });
}

//! The rules of profiles: every shipped file is whole, faults name file, line and key, later folders override.

use super::collection::{EMBEDDED, files_of};
use super::*;
use crate::places::Places;
use std::fs;

const PLAIN: &str = "name = \"plain\"\nvendor = \"acme\"\nkind = \"pkcs11\"\nisolation = \"none\"\n[title]\nzh = \"锁\"\nen = \"Key\"\n";

fn places(system: Option<&Path>, user: Option<&Path>) -> Places {
    let own = |folder: Option<&Path>| folder.map(Path::to_path_buf);
    Places { system: own(system), user: own(user), caller: crate::places::caller(), ..Places::default() }
}

fn fault(text: &str) -> String {
    Profile::parse(Path::new("p.toml"), text).unwrap_err().to_string()
}

#[test]
fn every_shipped_profile_loads() {
    let profiles = Profiles::load(&Places::default());
    assert!(profiles.skipped.is_empty(), "{:?}", profiles.skipped);
    let names: Vec<_> = profiles.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names, ["generic-pkcs11", "kryoptic", "nss", "opencryptoki", "opensc", "softhsm", "tpm2"]);
    for profile in profiles.iter() {
        assert_eq!(profile.isolation, Isolation::None, "{}: there are no workers yet", profile.name);
        assert_eq!(profiles.get(profile.name.as_str()), Some(profile));
    }
}

#[test]
fn every_file_of_the_folder_is_embedded_under_its_name_and_in_the_readme() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let files = files_of(&folder).unwrap();
    let embedded: Vec<_> = EMBEDDED.iter().map(|(file, _)| folder.join(file)).collect();
    assert_eq!(files, embedded);
    for (file, text) in EMBEDDED {
        let profile = Profile::parse(Path::new(file), text).unwrap();
        assert_eq!(*file, format!("{}.toml", profile.name));
        assert!(readme.contains(&format!("| [{0}]({0}.toml) |", profile.name)), "{file} is not in the table");
        for fact in &profile.facts {
            assert!(!fact.text.is_empty() && !fact.source.is_empty(), "{file}: an empty fact");
        }
    }
}

#[test]
fn defaults_are_the_documented_ones() {
    let profile = Profile::parse(Path::new("p.toml"), PLAIN).unwrap();
    assert_eq!((profile.threads, profile.max_version, profile.init_string), (Threads::Full, None, None));
    assert!(!profile.allow_foreign_entries && !profile.show_empty_slots && profile.facts.is_empty());
    assert_eq!(profile.title, Title { zh: "锁".into(), en: "Key".into() });
}

#[test]
fn every_key_is_read() {
    let head = "threads = \"per-device\"\nmax-version = \"2.40\"\nallow-foreign-entries = true\ninit-string = \"a b\"\n\
        show-empty-slots = true\n";
    let tail = "[[fact]]\ntext = \"t\"\nsource = \"s\"\nverified = true\n";
    let profile = Profile::parse(Path::new("p.toml"), &format!("{head}{PLAIN}{tail}")).unwrap();
    assert_eq!(profile.threads, Threads::PerDevice);
    assert_eq!(profile.max_version.map(TableVersion::major_minor), Some((2, 40)));
    assert!(profile.allow_foreign_entries && profile.show_empty_slots);
    assert_eq!(profile.init_string.as_deref(), Some("a b"));
    assert_eq!(profile.facts, [Fact { text: "t".into(), source: "s".into(), verified: true }]);
    assert!(TableVersion::V2_40 < TableVersion::V3_0 && TableVersion::V3_1 < TableVersion::V3_2);
}

#[test]
fn faults_name_file_line_and_key() {
    let cases = [
        (format!("thread = \"full\"\n{PLAIN}"), "p.toml:1: unknown key \"thread\" at the top level, expected one of"),
        (format!("{PLAIN}de = \"\"\n"), "p.toml:8: unknown key \"de\" in [title], expected `zh` or `en`"),
        (format!("{PLAIN}[[fact]]\ntxt = 1\n"), "p.toml:9: unknown key \"txt\" in [[fact]]"),
        (format!("{PLAIN}[[fact]]\ntext = \"\"\nsource = \"\"\n"), "p.toml:8: key \"verified\" is missing in [[fact]]"),
        (format!("name = \"a\"\n{PLAIN}"), "p.toml:2: double key \"name\""),
        (format!("threads = 1\n{PLAIN}"), "p.toml:1: key \"threads\" at the top level: "),
        (format!("threads = \"many\"\n{PLAIN}"), "p.toml:1: key \"threads\" at the top level: unknown variant `many`"),
        (format!("max-version = 2.40\n{PLAIN}"), "p.toml:1: key \"max-version\" at the top level: "),
        (format!("max-version = \"2.20\"\n{PLAIN}"), "p.toml:1: key \"max-version\" at the top level: unknown variant"),
        (format!("init-string = \"\\u0000\"\n{PLAIN}"), "p.toml:1: key \"init-string\" at the top level: must not"),
        (PLAIN.replace("\"plain\"", "\"Plain\""), "p.toml:1: key \"name\" at the top level: must be lower-case"),
        (PLAIN.replace("\"acme\"", "\"\""), "p.toml:2: key \"vendor\" at the top level: must be lower-case"),
        (PLAIN.replace("isolation = \"none\"\n", ""), "p.toml:1: key \"isolation\" is missing at the top level"),
    ];
    for (text, expected) in cases {
        let fault = fault(&text);
        assert!(fault.starts_with(expected), "{text}\n{fault}");
    }
}

#[test]
fn a_later_folder_overrides_by_name_and_a_broken_file_is_kept_as_a_reason() {
    let house = tempfile::tempdir().unwrap();
    let [system, user] = ["system", "user"].map(|name| house.path().join(name));
    for folder in [&system, &user] {
        fs::create_dir_all(folder.join("profiles")).unwrap();
    }
    let write = |folder: &Path, file: &str, text: &str| fs::write(folder.join("profiles").join(file), text).unwrap();
    let vendor = |vendor: &str, name: &str| PLAIN.replace("acme", vendor).replace("plain", name);
    write(&system, "a.toml", &vendor("system", "plain"));
    write(&system, "softhsm.toml", &vendor("own", "softhsm"));
    write(&system, "broken.toml", "name = 1\n");
    write(&system, "notes.txt", "not a profile");
    write(&system, ".hidden.toml", "not a profile");
    write(&user, "z.toml", &vendor("user", "plain"));

    let profiles = Profiles::load(&places(Some(&system), Some(&user)));
    let vendor_of = |name| profiles.get(name).unwrap().vendor.as_str();
    assert_eq!((vendor_of("plain"), vendor_of("softhsm"), vendor_of("opensc")), ("user", "own", "opensc"));
    assert_eq!(profiles.skipped.len(), 1, "{:?}", profiles.skipped);
    let broken = system.join("profiles/broken.toml");
    assert_eq!(profiles.skipped[0].path, broken);
    let reason = profiles.skipped[0].reason.to_string();
    assert!(reason.starts_with(&format!("{}:1: key \"name\"", broken.display())), "{reason}");

    assert_eq!(Profiles::load(&places(None, None)).get("plain"), None);
    assert!(Profiles::load(&places(Some(&house.path().join("absent")), None)).skipped.is_empty());
}

#[cfg(unix)]
#[test]
fn a_local_profile_that_everyone_may_write_is_left_out() {
    use crate::trust::Distrust;
    use std::os::unix::fs::PermissionsExt;
    let house = tempfile::tempdir().unwrap();
    let file = house.path().join("profiles/plain.toml");
    fs::create_dir(house.path().join("profiles")).unwrap();
    fs::write(&file, PLAIN).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    let profiles = Profiles::load(&places(None, Some(house.path())));
    assert_eq!(profiles.get("plain"), None);
    assert!(matches!(profiles.skipped[0].reason, ProfileError::Distrust(Distrust::WorldWritableFile { .. })));
}

proptest::proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*", at in 0..PLAIN.len()) {
        _ = Profile::parse(Path::new("p"), &text);
        let (head, tail) = PLAIN.split_at(PLAIN.floor_char_boundary(at));
        _ = Profile::parse(Path::new("p"), &format!("{head}{text}{tail}"));
        _ = Profile::parse(Path::new("p"), head);
    }
}

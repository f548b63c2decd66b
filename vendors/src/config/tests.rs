//! The rules of the configuration: which file counts, what each key takes, faults with file, line and key.

use super::*;
use crate::profile::GENERIC;
use std::fs;

#[cfg(unix)]
const LIBRARY: &str = "/usr/lib/a.so";
#[cfg(windows)]
const LIBRARY: &str = "C:/keys/a.dll";

fn read(text: &str) -> Config {
    Config::parse(Path::new("c.toml"), text).unwrap()
}

fn fault(text: &str) -> String {
    Config::parse(Path::new("c.toml"), text).unwrap_err().to_string()
}

/// An entry on four lines: header, name, path, and `more`.
fn entry(name: &str, more: &str) -> String {
    format!("[[library]]\nname = \"{name}\"\npath = \"{LIBRARY}\"\n{more}\n")
}

fn profile(isolation: &str) -> Profile {
    let text = format!(
        "name = \"p\"\nvendor = \"v\"\nkind = \"pkcs11\"\nisolation = \"{isolation}\"\ninit-string = \"of p\"\n\
         [title]\nzh = \"p\"\nen = \"p\"\n"
    );
    Profile::parse(Path::new("p.toml"), &text).unwrap()
}

#[test]
fn an_empty_file_is_the_default_with_a_source() {
    assert_eq!(read(""), Config { source: Some("c.toml".into()), ..Config::default() });
    let default = Config::default();
    assert!(default.discover && default.libraries.is_empty());
    assert_eq!((default.log_level, default.log_file), (LogLevel::Info, None));
}

#[test]
fn every_key_is_read() {
    let pin = "0123456789abcdefABCDEF00112233445566778899aabbccddeeff0011223344";
    let more = format!(
        "profile = \"softhsm\"\nisolation = \"worker\"\ninit-string = \"a b\"\nsha256 = \"{pin}\"\n\
         env = {{ SOFTHSM2_CONF = \"x\" }}"
    );
    let config = read(&format!(
        "discover = false\nlog-file = \"{LIBRARY}.log\"\nlog-level = \"trace\"\n\n{}{}",
        entry("soft-a", &more),
        entry("软锁", "")
    ));
    assert!(!config.discover);
    assert_eq!(config.log_file, Some(format!("{LIBRARY}.log").into()));
    assert_eq!(tracing::Level::from(config.log_level), tracing::Level::TRACE);
    let [full, short] = config.libraries.as_slice() else { panic!("{config:?}") };
    assert_eq!((full.at.to_string(), short.at.to_string()), ("c.toml:5".into(), "c.toml:13".into()));
    assert_eq!(
        (full.name.as_str(), full.profile.as_str(), full.path.as_path()),
        ("soft-a", "softhsm", Path::new(LIBRARY))
    );
    assert_eq!((full.isolation, full.init_string.as_deref()), (Some(Isolation::Worker), Some("a b")));
    assert_eq!(full.env, BTreeMap::from([("SOFTHSM2_CONF".into(), "x".into())]));
    let pin = full.sha256.unwrap();
    assert_eq!((pin[0], pin[7], pin[8], pin[31]), (0x01, 0xef, 0xab, 0x44));
    assert_eq!((short.name.as_str(), short.profile.as_str()), ("软锁", GENERIC));
    assert_eq!((short.isolation, short.init_string.as_ref(), short.sha256), (None, None, None));
}

#[test]
fn faults_name_file_line_and_key() {
    let cases = [
        ("\ndiscovery = true".into(), "c.toml:2: unknown key \"discovery\" at the top level, expected one of"),
        (entry("a", "pth = \"/x\""), "c.toml:4: unknown key \"pth\" in [[library]], expected one of"),
        ("discover = true\ndiscover = true".into(), "c.toml:2: double key \"discover\""),
        (entry("a", "name = \"b\""), "c.toml:4: double key \"name\""),
        (entry("a", "env = { A = \"1\", A = \"2\" }"), "c.toml:4: double key \"A\""),
        ("discover = \"yes\"".into(), "c.toml:1: key \"discover\" at the top level: invalid type"),
        ("log-level = \"loud\"".into(), "c.toml:1: key \"log-level\" at the top level: unknown variant `loud`"),
        (
            "log-file = \"a.log\"".into(),
            "c.toml:1: key \"log-file\" at the top level: \"a.log\" is not an absolute path",
        ),
        ("[library]\nname = \"a\"".into(), "c.toml:1: key \"library\" at the top level: invalid type: map"),
        ("[[library]]\nname = \"a\"".into(), "c.toml:1: key \"path\" is missing in [[library]]"),
        (
            "[[library]]\nname = \"a\"\npath = \"a.so\"".into(),
            "c.toml:3: key \"path\" in [[library]]: \"a.so\" is not an absolute",
        ),
        (entry("a\\u0000", ""), "c.toml:2: key \"name\" in [[library]]: must not contain control"),
        (entry(" ", ""), "c.toml:2: key \"name\" in [[library]]: must not be empty"),
        (entry("a", "isolation = \"no\""), "c.toml:4: key \"isolation\" in [[library]]: unknown variant `no`"),
        (entry("a", "init-string = 1"), "c.toml:4: key \"init-string\" in [[library]]: invalid type"),
        (
            entry("a", "init-string = \"\\u0000\""),
            "c.toml:4: key \"init-string\" in [[library]]: must not contain a zero",
        ),
        (entry("a", "env = { A = 1 }"), "c.toml:4: key \"A\" in [library.env]: invalid type"),
        (entry("a", "env = { \"A=B\" = \"1\" }"), "c.toml:4: key \"env\" in [[library]]: \"A=B\" cannot be the name"),
        (entry("a", "sha256 = \"12\""), "c.toml:4: key \"sha256\" in [[library]]: must be 64 hexadecimal digits"),
        (
            entry("a", &format!("sha256 = \"{}é\"", "0".repeat(62))),
            "c.toml:4: key \"sha256\" in [[library]]: must be 64",
        ),
        (entry("a", "profile = []"), "c.toml:4: key \"profile\" in [[library]]: invalid type"),
    ];
    for (text, expected) in cases {
        let fault = fault(&text);
        assert!(fault.starts_with(expected), "{text}\n{fault}");
    }
}

#[test]
fn a_name_used_twice_is_a_fault_that_names_both_lines() {
    let text = format!("{}{}{}", entry("a", ""), entry("b", ""), entry("a", ""));
    assert_eq!(fault(&text), "c.toml:10: key \"name\" in [[library]]: \"a\" is already the name on line 2");
}

#[test]
fn variables_need_a_worker() {
    let env = "env = { A = \"1\" }";
    assert!(
        fault(&entry("a", &format!("isolation = \"none\"\n{env}")))
            .starts_with("c.toml:5: key \"env\" in [[library]]:")
    );
    let libraries = read(&format!("{}{}", entry("a", env), entry("b", ""))).libraries;
    assert_eq!(libraries[0].isolation(&profile("worker")).unwrap(), Isolation::Worker);
    let error = libraries[0].isolation(&profile("none")).unwrap_err().to_string();
    assert!(error.starts_with("c.toml:1: key \"env\" in [[library]]: ") && error.contains("profile \"p\""), "{error}");
    assert_eq!(libraries[1].isolation(&profile("none")).unwrap(), Isolation::None);
}

#[test]
fn the_entry_counts_before_the_profile() {
    let libraries =
        read(&format!("{}{}", entry("a", "isolation = \"none\"\ninit-string = \"own\""), entry("b", ""))).libraries;
    assert_eq!(libraries[0].isolation(&profile("worker")).unwrap(), Isolation::None);
    assert_eq!(libraries[0].init_string(&profile("none")), Some("own"));
    assert_eq!(libraries[1].init_string(&profile("none")), Some("of p"));
}

/// Three files that differ in their log level, and the places that name them.
fn house() -> (tempfile::TempDir, Places) {
    let house = tempfile::tempdir().unwrap();
    let folder = |name: &str| {
        let folder = house.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("ukeyhub.toml"), format!("log-level = \"{name}\"")).unwrap();
        folder
    };
    let [explicit, user, system] = ["error", "warn", "debug"].map(folder);
    let places = Places {
        config: Some(explicit.join("ukeyhub.toml")),
        user: Some(user),
        system: Some(system),
        log_file: None,
        caller: crate::places::caller(),
    };
    (house, places)
}

#[test]
fn the_first_file_is_used_alone() {
    let (_house, mut places) = house();
    assert_eq!(Config::load(&places).unwrap().log_level, LogLevel::Error);
    places.config = None;
    assert_eq!(Config::load(&places).unwrap().log_level, LogLevel::Warn);
    fs::remove_file(places.user.as_ref().unwrap().join("ukeyhub.toml")).unwrap();
    let config = Config::load(&places).unwrap();
    assert_eq!(config.log_level, LogLevel::Debug);
    assert_eq!(config.source, places.system.as_ref().map(|folder| folder.join("ukeyhub.toml")));
    fs::remove_dir_all(places.system.as_ref().unwrap()).unwrap();
    assert_eq!(Config::load(&places).unwrap(), Config::default());
}

#[test]
fn a_broken_file_hides_no_later_one() {
    let (_house, mut places) = house();
    places.config = None;
    let file = places.user.as_ref().unwrap().join("ukeyhub.toml");
    fs::write(&file, "log-level = 7").unwrap();
    let error = Config::load(&places).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}:1: key \"log-level\"", file.display())), "{error}");
}

#[test]
fn the_variable_must_be_absolute_and_name_a_file() {
    let (house, mut places) = house();
    places.config = Some("ukeyhub.toml".into());
    assert!(matches!(Config::load(&places), Err(ConfigError::Relative { .. })));
    places.config = Some(house.path().join("none.toml"));
    let error = Config::load(&places).unwrap_err();
    assert!(matches!(error, ConfigError::Absent { .. }));
    assert!(error.to_string().starts_with("UKEYHUB_CONFIG: "), "{error}");
}

#[cfg(unix)]
#[test]
fn a_file_that_everyone_may_write_and_a_link_to_nowhere_are_errors() {
    use std::os::unix::fs::PermissionsExt;
    let (_house, mut places) = house();
    places.config = None;
    let file = places.user.as_ref().unwrap().join("ukeyhub.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(matches!(Config::load(&places), Err(ConfigError::Distrust(Distrust::WorldWritableFile { .. }))));
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/nonexistent", &file).unwrap();
    assert!(matches!(Config::load(&places), Err(ConfigError::Distrust(Distrust::Unreachable { .. }))));
}

#[test]
fn the_environments_log_file_counts_before_the_configurations() {
    let mut places = Places::default();
    let config = Config { log_file: Some("/c.log".into()), ..Config::default() };
    assert_eq!(config.log_file(&places), Some(Path::new("/c.log")));
    places.log_file = Some("/e.log".into());
    assert_eq!(config.log_file(&places), Some(Path::new("/e.log")));
    assert_eq!(Config::default().log_file(&Places::default()), None);
}

proptest::proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*", key in "[a-z0-9-]{1,12}", value in "\\PC{0,40}") {
        _ = Config::parse(Path::new("c"), &text);
        _ = Config::parse(Path::new("c"), &entry("a", &format!("{key} = {value}")));
        _ = Config::parse(Path::new("c"), &entry("a", &format!("sha256 = \"{value}\"\nenv = {{ {key} = '{value}' }}")));
    }
}

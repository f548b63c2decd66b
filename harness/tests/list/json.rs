//! `--json`: what programs get, checked against the schema by every call of `Ran::json`.

use std::path::Path;

use ukeyhub_artefacts::softhsm;

use crate::command::{Soft, library, run};

#[test]
fn tokens_and_libraries() {
    let soft = Soft::new(&["first token"]);
    let json = soft.run(&["list", "--json"]).json();
    assert_eq!(json["configuration"], soft.config.path().display().to_string());
    assert_eq!(json["log_file"], serde_json::Value::Null);

    let library = &json["libraries"][0];
    assert_eq!(library["state"], "ready");
    assert_eq!(library["interface"], "2.40");
    assert_eq!(library["manufacturer"], "SoftHSM");
    assert_eq!(library["profile_title"]["zh"], "SoftHSM 软件密码令牌");
    assert_eq!(library["path"], softhsm::library().display().to_string());

    let slots = json["slots"].as_array().unwrap();
    assert_eq!(slots.len(), 2, "SoftHSM shows one uninitialised token more");
    let token = &slots[0]["token"];
    assert_eq!(token["label"], "first token");
    assert_eq!(token["serial"].as_str().unwrap().len(), 16);
    for flag in ["token-initialized", "user-pin-initialized", "login-required"] {
        assert!(token["flags"].as_array().unwrap().contains(&flag.into()), "{flag}");
    }
    let id = slots[0]["id"].as_u64().unwrap();
    assert!(id <= 0x7fff_ffff);
    assert_eq!(slots[0]["id_hex"], format!("{id:#010x}"));
}

#[test]
fn json_is_the_same_in_every_language() {
    let text = library("gone", "generic-pkcs11", Path::new("/nowhere/at all.so"));
    let config = ukeyhub_artefacts::config(&text);
    let out = |language| {
        let output = crate::command::ukeyhub(config.path(), &["list", "--json", "--lang", language]).output().unwrap();
        assert_eq!(output.status.code(), Some(4));
        output.stdout
    };
    assert_eq!(out("en"), out("zh"));
}

#[test]
fn the_log_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("trace.log");
    let json = run(&format!("discover = false\nlog-file = '{}'\n", log.display()), &["list", "--json"]).json();
    assert_eq!(json["log_file"], log.display().to_string());
    assert!(!log.exists(), "the command itself does not log");
}

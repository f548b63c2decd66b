//! Key files that are damaged by chance or by hand: an error in words, never a panic.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use skf_sys::codes;

use super::*;

/// A key with something in every field, and its file.
fn sample() -> (TempDir, Vec<u8>) {
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 3);
    let secrets = login(&key);
    put(&key, &secrets, b"container", b"private");
    key.change(|model| {
        model.device.issuer = Some("issuer".into());
        model.device.manufacturer = Some([0xB2, 0xE2].as_slice().into());
        model.device.options.insert("a".to_owned(), "b".to_owned());
        let app = model.application_mut(APP)?;
        app.container_mut(b"container")?.set_certificate(Usage::Encryption, b"certificate");
        app.create_file(b"file", 100, Rights(0xFF), Rights(0x10), &Limits::default())?;
        app.file_mut(b"file")?.write(0, b"data")
    })
    .unwrap();
    let bytes = std::fs::read(folder.path().join("key.json")).unwrap();
    (folder, bytes)
}

/// Opens a key with this file; when that succeeds, does everything that can be done with it.
fn exercise(folder: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    std::fs::write(folder.join("key.json"), bytes).unwrap();
    let key = Key::open(folder)?;
    let names = |model: &Model| Ok(model.applications.iter().map(|app| app.name.clone()).collect::<Vec<_>>());
    for name in key.read(names).unwrap() {
        let app = name.as_bytes();
        let secrets = key.verify_pin(app, Role::User, USER_PIN, &Limits::default());
        let _ = key.unblock_pin(app, ADMIN_PIN, USER_PIN, &Limits::default());
        let _ = key.read(|model| {
            let app = model.application(app)?;
            for file in &app.files {
                assert_eq!(file.read(0, 1_000).unwrap().len(), file.size.min(1_000) as usize);
            }
            if let Ok(secrets) = &secrets {
                for container in &app.containers {
                    let _ = secrets.private(app, container.name.as_bytes(), Usage::Signing);
                }
            }
            Ok((model.free_space(), model.used_space()))
        });
    }
    // Whatever was accepted is written in a form that is accepted again.
    let label = edit(&key, |model| model.device.label = "again".into());
    if label.is_ok() {
        Key::open(folder).unwrap();
    }
    Ok(())
}

fn check_error(error: &StoreError) {
    assert!(matches!(error, StoreError::Broken { .. }), "{error:?}");
    assert_eq!(error.sar().0, codes::SAR_FILEERR);
    let text = error.to_string();
    assert!(text.contains("key.json: ") && !text.ends_with(": "), "{text}");
}

#[test]
fn a_file_cut_short_anywhere_is_an_error() {
    let (folder, bytes) = sample();
    exercise(folder.path(), &bytes).unwrap();
    // The last newline alone may be missing.
    for len in 0..bytes.len() - 1 {
        check_error(&exercise(folder.path(), &bytes[..len]).unwrap_err());
    }
}

#[test]
fn each_broken_rule_is_named() {
    let (folder, bytes) = sample();
    let broken = |pointer: &str, value: Value| {
        let mut model: Value = serde_json::from_slice(&bytes).unwrap();
        *model.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        let error = exercise(folder.path(), &serde_json::to_vec(&model).unwrap()).unwrap_err();
        check_error(&error);
        error.to_string()
    };
    let app = "/applications/0";
    let cases = [
        ("/format", json!(2), "format 2, this version reads format 1"),
        ("/id", json!("00"), "the id is not 16 bytes long"),
        ("/device/serial", json!("hex:xyz"), "hexadecimal digits must follow hex:"),
        ("/device/dev_auth_key", json!("0"), "not an even number of hexadecimal digits"),
        ("/device/total_space", json!(-1), "invalid value"),
        (&format!("{app}/id"), json!(""), "application \"APP\": the id is not 16 bytes long"),
        (&format!("{app}/name"), json!(""), "applications: a name is empty or contains NUL"),
        (&format!("{app}/user_pin/tries_left"), json!(4), "user PIN: 4 tries left of 3"),
        (&format!("{app}/admin_pin/max_tries"), json!(0), "admin PIN: 3 tries left of 0"),
        (&format!("{app}/user_pin/iterations"), json!(u32::MAX), "4294967295 iterations, allowed are 1 to 10000000"),
        (&format!("{app}/user_pin/salt"), json!("00"), "salt is 1 bytes long, not 16"),
        (&format!("{app}/user_pin/verifier"), json!(""), "verifier is 0 bytes long, not 32"),
        (&format!("{app}/user_pin/wrapped"), json!(""), "wrapped is 0 bytes long, not 60"),
        (&format!("{app}/files/0/size"), json!(3), "file \"file\": holds 4 bytes, its size is 3"),
        (&format!("{app}/containers/0/kind"), json!("none"), "its kind is \"none\" exactly when it has no pair"),
        (&format!("{app}/containers/0/kind"), json!("dsa"), "unknown variant"),
        (&format!("{app}/containers/0/signing/private"), json!("00"), "a sealed private key is too short"),
        (&format!("{app}/containers/0/signing"), json!({}), "missing field"),
    ];
    for (pointer, value, reason) in cases {
        let text = broken(pointer, value);
        assert!(text.contains(reason), "{pointer}: {text}");
    }
    let text = String::from_utf8(bytes).unwrap();
    let doubled = text.replace("\"files\": [", "\"files\": [], \"files\": [");
    assert!(exercise(folder.path(), doubled.as_bytes()).unwrap_err().to_string().contains("duplicate field"));
    let unknown = text.replace("\"files\": [", "\"fils\": [], \"files\": [");
    assert!(exercise(folder.path(), unknown.as_bytes()).unwrap_err().to_string().contains("unknown field `fils`"));
    let mut twice: Value = serde_json::from_str(&text).unwrap();
    let containers = twice.pointer_mut("/applications/0/containers").unwrap().as_array_mut().unwrap();
    containers.push(containers[0].clone());
    let error = exercise(folder.path(), &serde_json::to_vec(&twice).unwrap()).unwrap_err();
    assert!(error.to_string().contains("two containers named \"container\""), "{error}");
}

#[test]
fn a_right_pin_over_a_damaged_data_key_is_not_called_wrong() {
    let (folder, bytes) = sample();
    let mut model: Value = serde_json::from_slice(&bytes).unwrap();
    let wrapped = model.pointer_mut("/applications/0/user_pin/wrapped").unwrap();
    *wrapped = json!("00".repeat(60));
    std::fs::write(folder.path().join("key.json"), serde_json::to_vec(&model).unwrap()).unwrap();
    let key = Key::open(folder.path()).unwrap();
    let failure = key.verify_pin(APP, Role::User, USER_PIN, &Limits::default()).unwrap_err();
    assert_eq!(failure, PinFailure { sar: Sar(codes::SAR_FILEERR), tries_left: Some(2) });
    let failure = key.verify_pin(APP, Role::User, WRONG_PIN, &Limits::default()).unwrap_err();
    assert_eq!(failure, PinFailure { sar: Sar(codes::SAR_PIN_INCORRECT), tries_left: Some(1) });
}

#[test]
fn a_file_broken_under_an_open_key_is_an_error_and_is_left_alone() {
    let (folder, bytes) = sample();
    let key = Key::open(folder.path()).unwrap();
    let path = folder.path().join("key.json");
    std::fs::write(&path, &bytes[..100]).unwrap();
    check_error(&key.load().unwrap_err());
    assert_eq!(edit(&key, |model| model.device.label = "x".into()).unwrap_err().0, codes::SAR_FILEERR);
    let failure = key.verify_pin(APP, Role::User, USER_PIN, &Limits::default()).unwrap_err();
    assert_eq!(failure, PinFailure::from(Sar(codes::SAR_FILEERR)));
    assert_eq!(std::fs::read(&path).unwrap(), bytes[..100]);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(Key::open(folder.path()).is_err());
}

/// Every place in a JSON tree, as pointers.
fn pointers(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| pointers(value, &format!("{at}/{name}"), out)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), out));
        }
        _ => {}
    }
}

fn odd_values() -> impl Strategy<Value = Value> {
    proptest::sample::select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u32::MAX),
        json!(u64::MAX),
        json!(""),
        json!("00"),
        json!("hex:"),
        json!("hex:00"),
        json!("ff".repeat(64)),
        json!([]),
        json!([[]]),
        json!({}),
        json!({"a": "b"}),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_never_panic(edits in prop::collection::vec((any::<Index>(), any::<u8>(), 0..3_u8), 1..4)) {
        let (folder, mut bytes) = sample();
        for (at, byte, how) in edits {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        if let Err(error) = exercise(folder.path(), &bytes) {
            check_error(&error);
        }
    }

    #[test]
    fn odd_values_never_panic(edits in prop::collection::vec((any::<Index>(), odd_values()), 1..3)) {
        let (folder, bytes) = sample();
        let mut model: Value = serde_json::from_slice(&bytes).unwrap();
        for (at, value) in edits {
            let mut places = Vec::new();
            pointers(&model, "", &mut places);
            *model.pointer_mut(&places[at.index(places.len())]).unwrap() = value;
        }
        if let Err(error) = exercise(folder.path(), &serde_json::to_vec(&model).unwrap()) {
            check_error(&error);
        }
    }
}

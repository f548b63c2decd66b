//! Making, opening, reading and changing a key; the codes of refusals; what is on disk.

use skf_sys::codes;

use super::*;

fn limits() -> Limits {
    Limits::default()
}

fn change_app(key: &Key, change: impl FnOnce(&mut Application) -> Result<(), Sar>) -> u32 {
    match key.change(|model| change(model.application_mut(APP)?)) {
        Ok(()) => codes::SAR_OK,
        Err(sar) => sar.0,
    }
}

#[test]
fn a_key_is_made_once_and_read_back_as_it_was_written() {
    let folder = fast_folder();
    let path = folder.path().join("keys/one");
    let mut wanted = device();
    wanted.label = Text::from([0xB2, 0xE2, 0xCA, 0xD4].as_slice());
    wanted.issuer = Some("测试".into());
    wanted.options.insert("fault".to_owned(), "SKF_GenRandom@2=0x0A000001".to_owned());
    let key = Key::create(&path, wanted.clone()).unwrap();
    assert!(matches!(Key::create(&path, device()), Err(StoreError::Exists(_))));
    assert_eq!(Key::open(&path).unwrap().load().unwrap().device, wanted);
    assert_eq!(key.load().unwrap().device, wanted);
    let before = key.load().unwrap().generation();
    edit(&key, |model| model.device.label = "new".into()).unwrap();
    let other = Key::open(&path).unwrap();
    assert_eq!(other.load().unwrap().device.label, Text::from("new"));
    assert_eq!(other.load().unwrap().generation(), before + 1);
}

#[test]
fn nothing_is_written_by_a_change_that_fails_or_changes_nothing() {
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 3);
    let bytes = || std::fs::read(folder.path().join("key.json")).unwrap();
    let before = bytes();
    assert_eq!(key.change(|model| Ok(model.device.label.clone())).unwrap(), Text::from("label"));
    let failed = key.change(|model| {
        model.device.label = "lost".into();
        Err::<(), Sar>(Sar(codes::SAR_USER_NOT_LOGGED_IN))
    });
    assert_eq!(failed.unwrap_err().0, codes::SAR_USER_NOT_LOGGED_IN);
    // A change that the store would refuse to read back.
    let failed = edit(&key, |model| model.applications[0].user_pin.tries_left = 99);
    assert_eq!(failed.unwrap_err().0, codes::SAR_FAIL);
    assert_eq!(bytes(), before);
}

#[test]
#[cfg(unix)]
fn only_the_owner_can_enter_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let folder = fast_folder();
    let path = folder.path().join("key");
    drop(key_with_app(&path, 3));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for entry in std::fs::read_dir(&path).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn refusals_have_the_codes_of_the_standard() {
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 3);
    let create = |new: NewApplication<'_>| {
        let limits = Limits { applications: 2, ..limits() };
        key.change(|model| model.create_application(&new, &limits)).map_or_else(|sar| sar.0, |()| codes::SAR_OK)
    };
    assert_eq!(create(application(APP, 3)), codes::SAR_APPLICATION_EXISTS);
    assert_eq!(create(application(b"", 3)), codes::SAR_APPLICATION_NAME_INVALID);
    assert_eq!(create(application(&[b'a'; 33], 3)), codes::SAR_APPLICATION_NAME_INVALID);
    assert_eq!(create(application(b"a\0b", 3)), codes::SAR_APPLICATION_NAME_INVALID);
    assert_eq!(create(application(b"B", 0)), codes::SAR_INVALIDPARAMERR);
    let short = NewPin { pin: b"12345", max_tries: 3, is_default: true };
    assert_eq!(create(NewApplication { user: short, ..application(b"B", 3) }), codes::SAR_PIN_LEN_RANGE);
    assert_eq!(create(NewApplication { admin: short, ..application(b"B", 3) }), codes::SAR_PIN_LEN_RANGE);
    assert_eq!(create(application(b"B", 3)), codes::SAR_OK);
    assert_eq!(create(application(b"C", 3)), codes::SAR_NO_ROOM);
    let gone = key.change(|model| model.delete_application(b"C")).unwrap_err();
    assert_eq!(gone.0, codes::SAR_APPLICATION_NOT_EXISTS);
    assert_eq!(key.read(|model| model.application(b"C").map(drop)).unwrap_err().0, codes::SAR_APPLICATION_NOT_EXISTS);

    let all = Rights(0xFF);
    let few = Limits { files: 1, containers: 1, file_size: 100, ..limits() };
    assert_eq!(change_app(&key, |app| app.create_file(&[b'f'; 33], 1, all, all, &few)), codes::SAR_NAMELENERR);
    assert_eq!(change_app(&key, |app| app.create_file(b"f", 101, all, all, &few)), codes::SAR_INVALIDPARAMERR);
    assert_eq!(change_app(&key, |app| app.create_file(b"f", 100, all, all, &few)), codes::SAR_OK);
    assert_eq!(change_app(&key, |app| app.create_file(b"f", 100, all, all, &few)), codes::SAR_FILE_ALREADY_EXIST);
    assert_eq!(change_app(&key, |app| app.create_file(b"g", 100, all, all, &few)), codes::SAR_NO_ROOM);
    assert_eq!(change_app(&key, |app| app.delete_file(b"g")), codes::SAR_FILE_NOT_EXIST);
    assert_eq!(change_app(&key, |app| app.delete_file(b"f")), codes::SAR_OK);
    assert_eq!(change_app(&key, |app| app.file(b"f").map(drop)), codes::SAR_FILE_NOT_EXIST);

    assert_eq!(change_app(&key, |app| app.create_container(&[b'c'; 65], &few)), codes::SAR_NAMELENERR);
    assert_eq!(change_app(&key, |app| app.create_container(b"c", &few)), codes::SAR_OK);
    assert_eq!(change_app(&key, |app| app.create_container(b"c", &few)), codes::SAR_FILE_ALREADY_EXIST);
    assert_eq!(change_app(&key, |app| app.create_container(b"d", &few)), codes::SAR_REACH_MAX_CONTAINER_COUNT);
    assert_eq!(change_app(&key, |app| app.delete_container(b"d")), codes::SAR_KEYNOTFOUNTERR);
    let look = |app: &mut Application| app.container(b"c")?.pair(Usage::Signing).map(drop);
    assert_eq!(change_app(&key, look), codes::SAR_KEYNOTFOUNTERR);
    let look = |app: &mut Application| app.container(b"c")?.certificate(Usage::Encryption).map(drop);
    assert_eq!(change_app(&key, look), codes::SAR_CERTNOTFOUNTERR);
}

#[test]
fn space_is_counted_and_a_change_that_needs_more_is_refused_whole() {
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 3);
    let used = key.load().unwrap().used_space();
    edit(&key, |model| model.device.total_space = u32::try_from(used).unwrap() + 1_000).unwrap();
    assert_eq!(key.load().unwrap().free_space(), 1_000);
    let all = Rights(0xFF);
    // A file takes 64 bytes beside its size.
    assert_eq!(change_app(&key, |app| app.create_file(b"f", 937, all, all, &limits())), codes::SAR_NO_ROOM);
    assert_eq!(change_app(&key, |app| app.create_file(b"f", 936, all, all, &limits())), codes::SAR_OK);
    assert_eq!(key.load().unwrap().free_space(), 0);
    assert_eq!(change_app(&key, |app| app.create_container(b"c", &limits())), codes::SAR_NO_ROOM);
    // A key that is over its size already can still be used and emptied.
    edit(&key, |model| model.device.total_space = 10).unwrap();
    drop(login(&key));
    assert_eq!(change_app(&key, |app| app.file_mut(b"f")?.write(0, &[1; 936])), codes::SAR_OK);
    assert_eq!(change_app(&key, |app| app.delete_file(b"f")), codes::SAR_OK);
    assert_eq!((key.load().unwrap().free_space(), key.load().unwrap().used_space()), (0, used));
}

#[test]
fn pairs_and_certificates_stay_in_their_places() {
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 3);
    let secrets = login(&key);
    put(&key, &secrets, b"one", b"private one");
    put(&key, &secrets, b"two", b"private two");
    let put_in = |kind, usage, private: &'static [u8]| {
        change_app(&key, |app| secrets.put_pair(app, b"one", usage, kind, b"other public", private))
    };
    assert_eq!(put_in(Kind::Rsa, Usage::Encryption, b"x"), codes::SAR_KEYINFOTYPEERR);
    assert_eq!(put_in(Kind::None, Usage::Encryption, b"x"), codes::SAR_KEYINFOTYPEERR);
    assert_eq!(put_in(Kind::Ecc, Usage::Encryption, b"encryption one"), codes::SAR_OK);
    assert_eq!(put_in(Kind::Ecc, Usage::Signing, b"replaced"), codes::SAR_OK);
    edit(&key, |model| model.applications[0].containers[0].set_certificate(Usage::Signing, b"certificate")).unwrap();
    assert_eq!(private(&key, &secrets, b"one").unwrap(), b"replaced");
    assert_eq!(private(&key, &secrets, b"two").unwrap(), b"private two");
    assert_eq!(private(&key, &secrets, b"three").unwrap_err().0, codes::SAR_KEYNOTFOUNTERR);
    let model = key.load().unwrap();
    let one = model.application(APP).unwrap().container(b"one").unwrap();
    let opened = secrets.private(model.application(APP).unwrap(), b"one", Usage::Encryption).unwrap();
    assert_eq!(opened.as_slice(), b"encryption one");
    assert_eq!(one.certificate(Usage::Signing).unwrap(), b"certificate");
    assert_eq!((one.kind().number(), &*one.pair(Usage::Signing).unwrap().public), (2, b"other public".as_slice()));
    let delete = |usage| change_app(&key, |app| app.container_mut(b"one")?.delete_pair(usage));
    assert_eq!(delete(Usage::Signing), codes::SAR_OK);
    assert_eq!(delete(Usage::Signing), codes::SAR_KEYNOTFOUNTERR);
    assert_eq!(put_in(Kind::Rsa, Usage::Signing, b"x"), codes::SAR_KEYINFOTYPEERR);
    assert_eq!(delete(Usage::Encryption), codes::SAR_OK);
    assert_eq!(put_in(Kind::Rsa, Usage::Signing, b"rsa"), codes::SAR_OK);
    let delete = |usage| change_app(&key, |app| app.container_mut(b"one")?.delete_certificate(usage));
    assert_eq!((delete(Usage::Signing), delete(Usage::Signing)), (codes::SAR_OK, codes::SAR_CERTNOTFOUNTERR));
}

#[test]
fn a_sealed_key_opens_in_its_own_place_only() {
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 3);
    let secrets = login(&key);
    put(&key, &secrets, b"one", b"private one");
    put(&key, &secrets, b"two", b"private two");
    let tamper = |change: fn(&mut Application)| {
        let mut app = key.load().unwrap().application(APP).unwrap().clone();
        change(&mut app);
        secrets.private(&app, b"one", Usage::Signing).map(|key| key.to_vec())
    };
    assert_eq!(tamper(|_| {}).unwrap(), b"private one");
    let broken: [fn(&mut Application); 5] = [
        |app| app.containers[0].signing = app.containers[1].signing.clone(),
        |app| app.containers[0].signing.as_mut().unwrap().public.as_mut_vec()[0] ^= 1,
        |app| app.containers[0].signing.as_mut().unwrap().private.as_mut_vec()[0] ^= 1,
        |app| app.containers[0].signing.as_mut().unwrap().private.as_mut_vec().truncate(5),
        |app| app.containers[0].kind = Kind::Rsa,
    ];
    for change in broken {
        assert_eq!(tamper(change).unwrap_err().0, codes::SAR_FILEERR);
    }
}

#[test]
fn an_application_made_again_is_another_one() {
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 3);
    let old = login(&key);
    key.change(|model| model.delete_application(APP)).unwrap();
    key.change(|model| model.create_application(&application(APP, 3), &limits())).unwrap();
    assert!(!old.belong_to(key.load().unwrap().application(APP).unwrap()));
    let refused = change_app(&key, |app| {
        app.create_container(b"c", &limits())?;
        old.put_pair(app, b"c", Usage::Signing, Kind::Ecc, b"public", b"private")
    });
    assert_eq!(refused, codes::SAR_USER_NOT_LOGGED_IN);
    put(&key, &login(&key), b"c", b"private");
    assert_eq!(private(&key, &old, b"c").unwrap_err().0, codes::SAR_USER_NOT_LOGGED_IN);
}

#[test]
fn a_folder_that_vanishes_is_a_device_removed_and_another_key_is_not_this_one() {
    let folder = fast_folder();
    let path = folder.path().join("key");
    let key = key_with_app(&path, 3);
    let other = Key::open(&path).unwrap();
    assert!(key.is_present());
    key.delete().unwrap();
    assert!(!path.exists() && !other.is_present());
    let removed = |key: &Key| {
        assert_eq!(key.read(|_| Ok(())).unwrap_err().0, codes::SAR_DEVICE_REMOVED);
        assert_eq!(key.change(|_| Ok(())).unwrap_err().0, codes::SAR_DEVICE_REMOVED);
        let failure = key.verify_pin(APP, Role::User, USER_PIN, &limits()).unwrap_err();
        assert_eq!((failure.sar.0, failure.tries_left), (codes::SAR_DEVICE_REMOVED, None));
    };
    removed(&other);
    assert_eq!(other.lock_device(0).unwrap_err().0, codes::SAR_DEVICE_REMOVED);
    assert!(matches!(Key::open(&path), Err(StoreError::Gone(_))));
    drop(key_with_app(&path, 3));
    removed(&other);
}

#[test]
fn a_key_that_vanishes_during_a_change_is_not_made_again() {
    let folder = fast_folder();
    let path = folder.path().join("key");
    let key = key_with_app(&path, 3);
    let failed = key.change(|model| {
        model.device.label = "late".into();
        std::fs::remove_dir_all(&path).unwrap();
        Ok(())
    });
    assert_eq!(failed.unwrap_err().0, codes::SAR_DEVICE_REMOVED);
    assert!(!path.exists());
}

#[test]
fn deleting_leaves_what_is_not_ours() {
    let folder = fast_folder();
    let path = folder.path().join("key");
    let key = key_with_app(&path, 3);
    std::fs::write(path.join("notes.txt"), "mine").unwrap();
    key.delete().unwrap();
    let left: Vec<_> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["notes.txt"]);
}

//! The plug folder: who is there, what came and went, and handles that die with their entry.

use skf_sys::codes;

use super::super::plug::make_entry_file;
use super::*;

struct Room {
    _folder: TempDir,
    plug: Plug,
    keys: [std::path::PathBuf; 2],
}

fn room() -> Room {
    let folder = fast_folder();
    let keys = ["one", "two"].map(|name| folder.path().join("keys").join(name));
    for path in &keys {
        drop(key_with_app(path, 3));
    }
    Room { plug: Plug::new(folder.path().join("plug")), keys, _folder: folder }
}

#[test]
fn keys_come_and_go() {
    let Room { plug, keys, _folder } = room();
    let empty = plug.fingerprint().unwrap();
    assert_eq!(plug.list().unwrap(), Vec::<String>::new());
    plug.plug(&keys[1], "b").unwrap();
    plug.plug(&keys[0], "a").unwrap();
    assert_eq!(plug.list().unwrap(), ["a", "b"]);
    assert!(matches!(plug.plug(&keys[0], "b"), Err(StoreError::Exists(_))));
    let both = plug.fingerprint().unwrap();
    assert_eq!(both, plug.fingerprint().unwrap());
    assert_eq!(both.events_since(&empty), [PlugEvent::In("a".to_owned()), PlugEvent::In("b".to_owned())]);
    assert_eq!(both.events_since(&both), []);
    // Work with the key is no event.
    drop(login(&plug.open("a").unwrap()));
    assert_eq!(plug.fingerprint().unwrap(), both);
    plug.unplug("a").unwrap();
    assert!(matches!(plug.unplug("a"), Err(StoreError::Gone(_))));
    let one = plug.fingerprint().unwrap();
    assert_eq!(one.events_since(&both), [PlugEvent::Out("a".to_owned())]);
    // Another key under the name of one that is still there.
    plug.unplug("b").unwrap();
    plug.plug(&keys[0], "b").unwrap();
    let swapped = plug.fingerprint().unwrap();
    assert_eq!(swapped.events_since(&one), [PlugEvent::Out("b".to_owned()), PlugEvent::In("b".to_owned())]);
    // The key itself vanishes, the entry stays.
    std::fs::remove_dir_all(&keys[0]).unwrap();
    assert_eq!(plug.list().unwrap(), Vec::<String>::new());
    assert_eq!(plug.fingerprint().unwrap().events_since(&swapped), [PlugEvent::Out("b".to_owned())]);
    assert!(matches!(plug.open("b"), Err(StoreError::Gone(_))));
}

#[test]
fn a_handle_dies_with_its_entry_and_does_not_come_back() {
    let Room { plug, keys, _folder } = room();
    plug.plug(&keys[0], "a").unwrap();
    let key = plug.open("a").unwrap();
    let folder_key = Key::open(&keys[0]).unwrap();
    assert!(key.is_present());
    let failed = key.change(|model| {
        model.device.label = "late".into();
        plug.unplug("a").unwrap();
        Ok(())
    });
    assert_eq!(failed.unwrap_err().0, codes::SAR_DEVICE_REMOVED);
    assert_eq!(folder_key.load().unwrap().device.label, Text::from("label"));
    // File systems tell the time of an entry in steps of some milliseconds; nobody plugs a key in faster.
    std::thread::sleep(std::time::Duration::from_millis(20));
    plug.plug(&keys[0], "a").unwrap();
    assert!(!key.is_present());
    assert_eq!(key.read(|_| Ok(())).unwrap_err().0, codes::SAR_DEVICE_REMOVED);
    let failure = key.verify_pin(APP, Role::User, WRONG_PIN, &Limits::default()).unwrap_err();
    assert_eq!(failure.sar.0, codes::SAR_DEVICE_REMOVED);
    assert_eq!(folder_key.pin_info(APP, Role::User).unwrap().tries_left, 3);
    assert!(plug.open("a").unwrap().is_present() && folder_key.is_present());
}

#[test]
fn names_are_checked_and_what_is_not_a_key_is_not_listed() {
    let Room { plug, keys, _folder } = room();
    let long = "x".repeat(129);
    for name in ["", ".", "..", ".hidden", "a/b", "../keys/one", "a\\b", "c:", "a\0", "a\n", &long] {
        assert!(matches!(plug.plug(&keys[0], name), Err(StoreError::BadName(_))), "{name:?}");
        assert!(matches!(plug.open(name), Err(StoreError::BadName(_))), "{name:?}");
        assert!(matches!(plug.unplug(name), Err(StoreError::BadName(_))), "{name:?}");
    }
    assert!(matches!(plug.plug(plug.folder(), "a"), Err(StoreError::Gone(_))));
    plug.plug(&keys[0], "测试 Key 0").unwrap();
    let at = |name: &str| plug.folder().join(name);
    std::fs::create_dir(at("folder")).unwrap();
    std::fs::write(at("text"), "not a path").unwrap();
    std::fs::write(at("bytes"), [0xFF, 0xFE, b'\n']).unwrap();
    std::fs::write(at("nowhere"), "/nowhere/at/all\n").unwrap();
    std::fs::write(at(".hidden"), format!("{}\n", keys[0].display())).unwrap();
    assert_eq!(plug.list().unwrap(), ["测试 Key 0"]);
    for name in ["folder", "text", "bytes", "nowhere", "absent"] {
        assert!(matches!(plug.open(name), Err(StoreError::Gone(_))), "{name}");
    }
}

#[test]
fn an_entry_may_be_a_small_file() {
    let Room { plug, keys, _folder } = room();
    std::fs::create_dir(plug.folder()).unwrap();
    let path = plug.folder().join("a");
    make_entry_file(&keys[0], &path).unwrap();
    assert_eq!(make_entry_file(&keys[1], &path).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(plug.list().unwrap(), ["a"]);
    let key = plug.open("a").unwrap();
    drop(login(&key));
    // A file caught half written is not there yet.
    std::fs::write(&path, keys[0].to_str().unwrap()).unwrap();
    assert_eq!(plug.list().unwrap(), Vec::<String>::new());
    plug.unplug("a").unwrap();
    assert!(!key.is_present());
}

#[test]
fn removal_ends_the_wait_for_the_device_lock() {
    let Room { plug, keys, _folder } = room();
    plug.plug(&keys[0], "a").unwrap();
    let (holder, waiter) = (Key::open(&keys[0]).unwrap(), plug.open("a").unwrap());
    let held = holder.lock_device(0).unwrap();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| waiter.lock_device(0xFFFF_FFFF).map(drop).unwrap_err().0);
        std::thread::sleep(std::time::Duration::from_millis(30));
        plug.unplug("a").unwrap();
        assert_eq!(waits.join().unwrap(), codes::SAR_DEVICE_REMOVED);
    });
    drop(held);
}

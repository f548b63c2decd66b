//! Several processes at one key: no update is lost, and the device lock goes with its process.

use std::time::{Duration, Instant};

use skf_sys::codes;

use super::*;

const EACH: usize = 40;

fn increment(model: &mut Model) -> usize {
    let count = model.device.options.entry("count".to_owned()).or_insert_with(|| "0".to_owned());
    let next = count.parse::<usize>().unwrap() + 1;
    *count = next.to_string();
    next
}

#[test]
fn processes_at_once_lose_no_update() {
    if let Some(folder) = asked() {
        let key = Key::open(Path::new(&folder)).unwrap();
        for round in 0..EACH {
            key.change(|model| {
                increment(model);
                let name = format!("{} {round}", std::process::id());
                let limits = Limits { containers: usize::MAX, ..Limits::default() };
                model.application_mut(APP)?.create_container(name.as_bytes(), &limits)
            })
            .unwrap();
            key.verify_pin(APP, Role::User, WRONG_PIN, &Limits::default()).unwrap_err();
        }
        return;
    }
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 1_000);
    let start = || child(module_path!(), "processes_at_once_lose_no_update", folder.path().to_str().unwrap());
    let mut children = [start(), start(), start()];
    // A reader never sees half a change.
    let whole = |model: &Model| {
        let count = model.device.options.get("count").map_or(0, |count| count.parse().unwrap());
        assert_eq!(model.application(APP)?.containers.len(), count);
        Ok(count)
    };
    while children.iter_mut().any(Reaped::is_running) {
        key.read(whole).unwrap();
    }
    children.iter_mut().for_each(Reaped::succeed);
    assert_eq!(key.read(whole).unwrap(), children.len() * EACH);
    let spent = u32::try_from(children.len() * EACH).unwrap();
    assert_eq!(key.pin_info(APP, Role::User).unwrap().tries_left, 1_000 - spent);
}

#[test]
fn the_device_lock_is_waited_for_and_ends_with_its_process() {
    if let Some(folder) = asked() {
        let key = Key::open(Path::new(&folder)).unwrap();
        let _lock = key.lock_device(0).unwrap();
        std::thread::sleep(Duration::from_secs(600));
        panic!("the parent was to end this process");
    }
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 3);
    assert!(!key.is_device_locked().unwrap());
    let name = "the_device_lock_is_waited_for_and_ends_with_its_process";
    let mut holder = child(module_path!(), name, folder.path().to_str().unwrap());
    let end = Instant::now() + Duration::from_secs(60);
    while !key.is_device_locked().unwrap() {
        assert!(Instant::now() < end, "the child takes no lock");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(key.lock_device(0).unwrap_err().0, codes::SAR_TIMEOUTERR);
    let start = Instant::now();
    assert_eq!(key.lock_device(60).unwrap_err().0, codes::SAR_TIMEOUTERR);
    assert!(start.elapsed() >= Duration::from_millis(60));
    // It is a lock of the device, not of the files.
    drop(login(&key));
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| key.lock_device(0xFFFF_FFFF).unwrap());
        std::thread::sleep(Duration::from_millis(30));
        assert!(!waiter.is_finished());
        holder.kill();
        let lock = waiter.join().unwrap();
        assert_eq!(key.lock_device(20).unwrap_err().0, codes::SAR_TIMEOUTERR);
        drop(lock);
    });
    drop(key.lock_device(0).unwrap());
}

//! A process is killed at random instants while it changes a key: the key is whole, what was reported done is there, and
//! no try is won.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

use super::super::secrets::random;
use super::*;

const TRIES: u32 = 1_000_000;
const OTHER_PIN: &[u8] = b"user-pin-2";
const PRIVATE: &[u8] = b"the private key";

fn limits() -> Limits {
    Limits::default()
}

/// The two counters that are always written together, with a container that is there when they are odd.
fn counters(key: &Key) -> u32 {
    key.read(|model| {
        let get = |name: &str| model.device.options.get(name).map_or(0, |count| count.parse::<u32>().unwrap());
        assert_eq!(get("first"), get("second"));
        assert_eq!(model.application(APP)?.container(b"odd").is_ok(), get("first") % 2 == 1);
        Ok(get("first"))
    })
    .unwrap()
}

fn count(model: &mut Model) -> Result<u32, Sar> {
    let next = model.device.options.get("first").map_or(0, |count| count.parse::<u32>().unwrap()) + 1;
    model.device.options.insert("first".to_owned(), next.to_string());
    let app = model.application_mut(APP)?;
    if next % 2 == 1 {
        app.create_container(b"odd", &limits())?;
        app.container_mut(b"odd")?.set_certificate(Usage::Signing, &vec![b'x'; next as usize % 20_000]);
    } else {
        app.delete_container(b"odd")?;
    }
    model.device.options.insert("second".to_owned(), next.to_string());
    Ok(next)
}

/// The child: works until it is killed, and writes down what it has done.
fn work(asked: &str) {
    let (what, folder) = asked.split_once(' ').unwrap();
    let key = Key::open(Path::new(folder)).unwrap();
    let progress = Path::new(folder).with_extension("progress");
    let mut progress = OpenOptions::new().append(true).open(progress).unwrap();
    let mut done = |line: String| progress.write_all(format!("{line}\n").as_bytes()).unwrap();
    let mut pins = [USER_PIN, OTHER_PIN];
    if what == "pins" && key.verify_pin(APP, Role::User, pins[0], &limits()).is_err() {
        pins.swap(0, 1);
    }
    loop {
        if what == "pins" {
            key.change_pin(APP, Role::User, pins[0], pins[1], &limits()).unwrap();
            pins.swap(0, 1);
            done("changed".to_owned());
        } else {
            done(format!("count {}", key.change(count).unwrap()));
            let failure = key.verify_pin(APP, Role::User, WRONG_PIN, &limits()).unwrap_err();
            done(format!("left {}", failure.tries_left.unwrap()));
        }
    }
}

/// Starts a child, waits until it works, kills it after a random time, and returns the lines that it wrote.
fn run_and_kill(what: &str, folder: &Path) -> Vec<String> {
    let progress = folder.with_extension("progress");
    std::fs::write(&progress, "").unwrap();
    let asked = format!("{what} {}", folder.to_str().unwrap());
    let mut child = child(module_path!(), "a_key_survives_kills_at_any_instant", &asked);
    let end = Instant::now() + Duration::from_secs(60);
    while progress.metadata().unwrap().len() == 0 {
        assert!(Instant::now() < end, "the child does nothing");
        std::thread::sleep(Duration::from_millis(1));
    }
    let micros = u16::from_be_bytes(random::<2>().unwrap()) % 20_000;
    std::thread::sleep(Duration::from_micros(micros.into()));
    child.kill();
    let lines = std::fs::read_to_string(&progress).unwrap();
    lines.lines().map(str::to_owned).collect()
}

fn last(lines: &[String], what: &str) -> Option<u32> {
    lines.iter().rev().find_map(|line| line.strip_prefix(what)?.trim().parse().ok())
}

fn kill_rounds(folder: &Path, rounds: usize) -> u32 {
    let key = key_with_app(folder, TRIES);
    put(&key, &login(&key), b"kept", PRIVATE);
    for round in 0..rounds {
        let before = key.pin_info(APP, Role::User).unwrap();
        let was = counters(&key);
        if round % 2 == 0 {
            let lines = run_and_kill("counters", folder);
            let now = counters(&Key::open(folder).unwrap());
            let reported = last(&lines, "count").unwrap();
            assert!(now == reported || now == reported + 1, "reported {reported}, found {now}");
            assert!(reported > was);
            let left = key.pin_info(APP, Role::User).unwrap().tries_left;
            let reported = last(&lines, "left").unwrap_or(before.tries_left);
            assert!(left == reported || left + 1 == reported, "reported {reported} left, found {left}");
            assert!(left <= before.tries_left);
        } else {
            run_and_kill("pins", folder);
            let left = Key::open(folder).unwrap().pin_info(APP, Role::User).unwrap().tries_left;
            assert!(left == TRIES || left == TRIES - 1, "{left}");
            let tried = [USER_PIN, OTHER_PIN].map(|pin| key.verify_pin(APP, Role::User, pin, &limits()));
            assert!(tried[0].is_ok() != tried[1].is_ok());
            let secrets = tried.into_iter().find_map(Result::ok).unwrap();
            assert_eq!(private(&key, &secrets, b"kept").unwrap(), PRIVATE);
            assert_eq!(counters(&key), was);
        }
        assert_eq!(key.pin_info(APP, Role::Admin).unwrap().tries_left, TRIES);
    }
    counters(&key)
}

#[test]
fn a_key_survives_kills_at_any_instant() {
    if let Some(asked) = asked() {
        return work(&asked);
    }
    let memory = fast_folder();
    assert!(kill_rounds(&memory.path().join("key"), 50) >= 25);
    // On a disk, most of the time is spent in syncing.
    let disk = tempfile::tempdir().unwrap();
    assert!(kill_rounds(&disk.path().join("key"), 14) >= 7);
}

#[test]
fn what_a_kill_leaves_half_written_is_ignored_and_replaced() {
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 3);
    let new = folder.path().join("key.json.new");
    std::fs::write(&new, "{\"format\": 1, \"id").unwrap();
    drop(login(&Key::open(folder.path()).unwrap()));
    assert!(!new.exists());
    key.read(|model| model.application(APP).map(drop)).unwrap();
    // A kill in the making of a key leaves no key, and the next try succeeds.
    let half = folder.path().join("half");
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("key.json.new"), "{").unwrap();
    assert!(matches!(Key::open(&half), Err(StoreError::Gone(_))));
    drop(key_with_app(&half, 3));
}

//! Tests of the store through its public face, and what they share: a key made in a throw-away folder, and children that
//! are this test program again.

mod basics;
mod broken;
mod kills;
mod pins;
mod plug;
mod processes;
mod random;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::*;
use crate::sar::Sar;

const APP: &[u8] = b"APP";
const USER_PIN: &[u8] = b"user-pin-1";
const ADMIN_PIN: &[u8] = b"admin-pin-1";
const WRONG_PIN: &[u8] = b"wrong-pin";

/// A folder for keys, in memory where the system has such a place: syncing to a disk takes most of a test's time.
fn fast_folder() -> TempDir {
    match tempfile::tempdir_in("/dev/shm") {
        Ok(folder) => folder,
        Err(_) => tempfile::tempdir().unwrap(),
    }
}

fn device() -> Device {
    Device {
        personality: "standard".to_owned(),
        serial: "0001".into(),
        label: "label".into(),
        manufacturer: None,
        issuer: None,
        dev_auth_key: vec![7; 16].into(),
        total_space: 0x10_0000,
        options: BTreeMap::new(),
    }
}

fn application(name: &[u8], max_tries: u32) -> NewApplication<'_> {
    NewApplication {
        name,
        admin: NewPin { pin: ADMIN_PIN, max_tries, is_default: true },
        user: NewPin { pin: USER_PIN, max_tries, is_default: true },
        create_file_rights: 0x10,
        iterations: Some(2),
    }
}

/// A key with one application.
fn key_with_app(folder: &Path, max_tries: u32) -> Key {
    let key = Key::create(folder, device()).unwrap();
    key.change(|model| model.create_application(&application(APP, max_tries), &Limits::default())).unwrap();
    key
}

/// A change that cannot refuse.
fn edit(key: &Key, change: impl FnOnce(&mut Model)) -> Result<(), Sar> {
    key.change(|model| {
        change(model);
        Ok(())
    })
}

fn login(key: &Key) -> Secrets {
    key.verify_pin(APP, Role::User, USER_PIN, &Limits::default()).unwrap()
}

/// Adds a container with one pair.
fn put(key: &Key, secrets: &Secrets, container: &[u8], private: &[u8]) {
    key.change(|model| {
        let app = model.application_mut(APP)?;
        app.create_container(container, &Limits::default())?;
        secrets.put_pair(app, container, Usage::Signing, Kind::Ecc, b"public", private)
    })
    .unwrap();
}

fn private(key: &Key, secrets: &Secrets, container: &[u8]) -> Result<Vec<u8>, Sar> {
    key.read(|model| secrets.private(model.application(APP)?, container, Usage::Signing)).map(|key| key.to_vec())
}

const CHILD: &str = "UKEYHUB_SOFTKEY_STORE_TEST_CHILD";

/// In a child, what its parent asks of it.
fn asked() -> Option<String> {
    std::env::var(CHILD).ok()
}

/// Runs the test `name` of `module` (as `module_path!()` gives it) in a new process that sees `asked()`.
fn child(module: &str, name: &str, asked: &str) -> Reaped {
    let (_, module) = module.split_once("::").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([&format!("{module}::{name}"), "--exact"]).env(CHILD, asked);
    Reaped(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
}

/// A child that does not outlive its test.
struct Reaped(Child);

impl Reaped {
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    fn succeed(&mut self) {
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Reaped {
    fn drop(&mut self) {
        // Ended already, in the good case.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

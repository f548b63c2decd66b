//! PINs: tries, locking, changing, unblocking, and that a try is spent before the PIN is looked at.

use skf_sys::codes;

use super::super::pin::Try;
use super::*;

fn limits() -> Limits {
    Limits::default()
}

fn verify(key: &Key, role: Role, pin: &[u8]) -> Result<Secrets, PinFailure> {
    key.verify_pin(APP, role, pin, &limits())
}

fn failure(code: u32, tries_left: Option<u32>) -> PinFailure {
    PinFailure { sar: Sar(code), tries_left }
}

fn left(key: &Key, role: Role) -> u32 {
    key.pin_info(APP, role).unwrap().tries_left
}

#[test]
fn wrong_pins_lock_a_right_one_in_time_restores() {
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 3);
    let fresh = PinInfo { max_tries: 3, tries_left: 3, is_default: true };
    assert_eq!(key.pin_info(APP, Role::User).unwrap(), fresh);
    for tries in [2, 1] {
        assert_eq!(verify(&key, Role::User, WRONG_PIN).unwrap_err(), failure(codes::SAR_PIN_INCORRECT, Some(tries)));
    }
    assert_eq!(verify(&key, Role::User, USER_PIN).unwrap().role(), Role::User);
    assert_eq!(key.pin_info(APP, Role::User).unwrap(), fresh);
    for tries in [2, 1, 0] {
        // A count that only this process knew would start again here.
        let key = Key::open(folder.path()).unwrap();
        assert_eq!(verify(&key, Role::User, WRONG_PIN).unwrap_err(), failure(codes::SAR_PIN_INCORRECT, Some(tries)));
    }
    for pin in [WRONG_PIN, USER_PIN] {
        assert_eq!(verify(&key, Role::User, pin).unwrap_err(), failure(codes::SAR_PIN_LOCKED, Some(0)));
    }
    let locked = key.change_pin(APP, Role::User, USER_PIN, b"new-pin", &limits()).unwrap_err();
    assert_eq!(locked, failure(codes::SAR_PIN_LOCKED, Some(0)));
    assert_eq!(left(&key, Role::Admin), 3);
}

#[test]
fn lengths_outside_the_limits_cost_no_try() {
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 3);
    let range = failure(codes::SAR_PIN_LEN_RANGE, None);
    let long = [b'x'; 17];
    for pin in [b"".as_slice(), b"12345", &long] {
        assert_eq!(verify(&key, Role::User, pin).unwrap_err(), range);
        assert_eq!(key.change_pin(APP, Role::User, pin, b"new-pin", &limits()).unwrap_err(), range);
        assert_eq!(key.change_pin(APP, Role::User, WRONG_PIN, pin, &limits()).unwrap_err(), range);
        assert_eq!(key.unblock_pin(APP, pin, b"new-pin", &limits()).unwrap_err(), range);
        assert_eq!(key.unblock_pin(APP, WRONG_PIN, pin, &limits()).unwrap_err(), range);
    }
    assert_eq!((left(&key, Role::User), left(&key, Role::Admin)), (3, 3));
    let own = Limits { user_pin: 4..=4, ..limits() };
    key.change_pin(APP, Role::Admin, ADMIN_PIN, b"admin-pin-2", &own).unwrap();
    let failed = key.verify_pin(b"none", Role::User, USER_PIN, &limits()).unwrap_err();
    assert_eq!(failed, failure(codes::SAR_APPLICATION_NOT_EXISTS, None));
}

#[test]
fn changing_and_unblocking_keep_private_keys() {
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 2);
    let secrets = login(&key);
    put(&key, &secrets, b"c", b"private");
    key.change_pin(APP, Role::User, USER_PIN, b"new-pin", &limits()).unwrap();
    assert!(!key.pin_info(APP, Role::User).unwrap().is_default);
    assert_eq!(verify(&key, Role::User, USER_PIN).unwrap_err(), failure(codes::SAR_PIN_INCORRECT, Some(1)));
    let by_new = verify(&key, Role::User, b"new-pin").unwrap();
    let by_admin = verify(&key, Role::Admin, ADMIN_PIN).unwrap();
    for secrets in [&secrets, &by_new, &by_admin] {
        assert_eq!(private(&key, secrets, b"c").unwrap(), b"private");
    }
    for _ in 0..2 {
        verify(&key, Role::User, WRONG_PIN).unwrap_err();
    }
    let wrong = key.unblock_pin(APP, WRONG_PIN, b"third-pin", &limits()).unwrap_err();
    assert_eq!(wrong, failure(codes::SAR_PIN_INCORRECT, Some(1)));
    assert_eq!((left(&key, Role::User), left(&key, Role::Admin)), (0, 1));
    key.unblock_pin(APP, ADMIN_PIN, b"third-pin", &limits()).unwrap();
    assert_eq!((left(&key, Role::User), left(&key, Role::Admin)), (2, 2));
    assert_eq!(private(&key, &verify(&key, Role::User, b"third-pin").unwrap(), b"c").unwrap(), b"private");
    key.change_pin(APP, Role::Admin, ADMIN_PIN, b"admin-pin-2", &limits()).unwrap();
    verify(&key, Role::Admin, ADMIN_PIN).unwrap_err();
    key.change_pin(APP, Role::Admin, b"admin-pin-2", b"admin-pin-3", &limits()).unwrap();
    let wrong = key.change_pin(APP, Role::Admin, ADMIN_PIN, b"admin-pin-4", &limits()).unwrap_err();
    assert_eq!(wrong, failure(codes::SAR_PIN_INCORRECT, Some(1)));
    verify(&key, Role::Admin, b"admin-pin-3").unwrap();
}

#[test]
fn a_try_is_on_disk_before_the_pin_is_looked_at() {
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 3);
    for tries in [2, 1, 0] {
        // What a kill between spending and looking leaves.
        drop(Try::spend(&key, APP, Role::User).map_err(|failure| failure.sar).unwrap());
        assert_eq!(left(&Key::open(folder.path()).unwrap(), Role::User), tries);
    }
    assert_eq!(Try::spend(&key, APP, Role::User).map(drop).unwrap_err(), failure(codes::SAR_PIN_LOCKED, Some(0)));
}

#[test]
fn tries_at_once_in_many_threads_are_all_counted() {
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 1_000);
    let start = std::sync::Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..50 {
                    assert_eq!(verify(&key, Role::User, WRONG_PIN).unwrap_err().sar.0, codes::SAR_PIN_INCORRECT);
                }
            });
        }
    });
    assert_eq!(left(&key, Role::User), 800);
}

#[test]
fn types_of_pins_are_numbers_of_the_standard() {
    assert_eq!((Role::from_number(0), Role::from_number(1)), (Ok(Role::Admin), Ok(Role::User)));
    assert_eq!(Role::from_number(2), Err(Sar(codes::SAR_USER_TYPE_INVALID)));
}

#[test]
fn no_pin_and_no_private_key_is_on_disk_or_printed() {
    const CANARY: &[u8] = b"canary-private-key";
    let folder = fast_folder();
    let key = key_with_app(folder.path(), 3);
    let secrets = login(&key);
    put(&key, &secrets, b"c", CANARY);
    let failure = verify(&key, Role::User, WRONG_PIN).unwrap_err();
    let mut seen = format!("{:?} {:?} {secrets:?} {failure:?}", key, key.load().unwrap()).into_bytes();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        seen.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    for secret in [USER_PIN, ADMIN_PIN, WRONG_PIN, CANARY] {
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        for form in [secret, hex.as_bytes(), format!("{secret:?}").as_bytes()] {
            assert!(!seen.windows(form.len()).any(|window| window == form), "{:?}", String::from_utf8_lossy(form));
        }
    }
}

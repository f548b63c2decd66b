//! Device authentication, PINs and logins as a host sees them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "every unsafe block is one call with arguments as the standard prescribes"
)]

mod stage;

use std::ffi::c_void;

use stage::*;
use ukeyhub_artefacts::{Isolation, isolated};
use ukeyhub_softkey::entry::*;
use ukeyhub_softkey::store::{Key, Role};
use ukeyhub_softkey::views::ULONG;

/// Code, tries in all, tries left, default.
fn pin_info(application: *mut c_void, pin_type: ULONG) -> (Result<(), u32>, ULONG, ULONG, i32) {
    let (mut max, mut left, mut default) = (99, 99, 99);
    let code = ok(unsafe { SKF_GetPINInfo(application, pin_type, &mut max, &mut left, &mut default) });
    (code, max, left, default)
}

fn change(application: *mut c_void, pin_type: ULONG, old: &str, new: &str) -> (Result<(), u32>, ULONG) {
    number(|left| unsafe { SKF_ChangePIN(application, pin_type, c(old), c(new), left) })
}

fn unblock(application: *mut c_void, admin: &str, new: &str) -> (Result<(), u32>, ULONG) {
    number(|left| unsafe { SKF_UnblockPIN(application, c(admin), c(new), left) })
}

fn create(application: *mut c_void, name: &str) -> Result<*mut c_void, u32> {
    handle(|out| unsafe { SKF_CreateContainer(application, c(name), out) })
}

#[test]
fn device_authentication_takes_a_fresh_challenge_under_the_right_key() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let (device, application) = open("key");
        let delete = || ok(unsafe { SKF_DeleteApplication(device, c(APPLICATION)) });
        let change_key = |key: &[u8; 16]| ok(unsafe { SKF_ChangeDevAuthKey(device, key.as_ptr(), 16) });
        assert_eq!(delete(), Err(SAR_USER_NOT_LOGGED_IN));
        log_in(application);
        assert_eq!(delete(), Err(SAR_USER_NOT_LOGGED_IN));
        assert_eq!(change_key(b"new key of a key"), Err(SAR_USER_NOT_LOGGED_IN));

        let answer = [0; 16];
        assert_eq!(ok(unsafe { SKF_DevAuth(device, answer.as_ptr(), 16) }), Err(SAR_FAIL));
        assert_eq!(ok(unsafe { SKF_DevAuth(device, answer.as_ptr(), 15) }), Err(SAR_INDATALENERR));
        assert_eq!(ok(unsafe { SKF_DevAuth(device, std::ptr::null(), 16) }), Err(SAR_INVALIDPARAMERR));
        assert_eq!(authenticate(device, b"wrong key, wrong"), Err(SAR_FAIL));
        assert_eq!(authenticate(device, AUTH_KEY), Ok(()));

        // The same answer again is not fresh, and too few random bytes are no challenge.
        let mut block = [0; 16];
        assert_eq!(ok(unsafe { SKF_GenRandom(device, block.as_mut_ptr(), 8) }), Ok(()));
        let answer = ukeyhub_softkey::crypto::block::encrypt_one(AUTH_KEY, &block);
        assert_eq!(ok(unsafe { SKF_DevAuth(device, answer.as_ptr(), 16) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_DevAuth(device, answer.as_ptr(), 16) }), Err(SAR_FAIL));
        let mut block = [0; 16];
        assert_eq!(ok(unsafe { SKF_GenRandom(device, block.as_mut_ptr(), 7) }), Ok(()));
        let answer = ukeyhub_softkey::crypto::block::encrypt_one(AUTH_KEY, &block);
        assert_eq!(ok(unsafe { SKF_DevAuth(device, answer.as_ptr(), 16) }), Err(SAR_FAIL));

        assert_eq!(authenticate(device, AUTH_KEY), Ok(()));
        assert_eq!(ok(unsafe { SKF_ChangeDevAuthKey(device, AUTH_KEY.as_ptr(), 8) }), Err(SAR_INDATALENERR));
        assert_eq!(change_key(b"new key of a key"), Ok(()));
        assert_eq!(authenticate(device, AUTH_KEY), Err(SAR_FAIL));
        assert_eq!(delete(), Err(SAR_USER_NOT_LOGGED_IN));
        assert_eq!(authenticate(device, b"new key of a key"), Ok(()));
        // Another connection of this process is authenticated too.
        let other = connect("key").unwrap();
        assert_eq!(ok(unsafe { SKF_DeleteApplication(other, c(APPLICATION)) }), Ok(()));
        assert_eq!(verify(application, 1, USER), (Err(SAR_APPLICATION_NOT_EXISTS), 99));
    });
}

#[test]
fn device_authentication_locks_and_knows_its_algorithm() {
    isolated(|| {
        let stage = stage();
        let codes = &[("errors.device-auth-locked", "0x0B000037"), ("errors.device-auth-missing", "0x0B000033")];
        stage.key_of("key", "standard", codes);
        let device = connect("key").unwrap();
        for _ in 0..10 {
            assert_eq!(authenticate(device, b"wrong key, wrong"), Err(SAR_FAIL));
        }
        assert_eq!(authenticate(device, AUTH_KEY), Err(0x0B00_0037));
        assert_eq!(ok(unsafe { SKF_DeleteApplication(device, c(APPLICATION)) }), Err(0x0B00_0033));

        // A key that wants SSF33, which is not public.
        stage.key_of("ssf33", "standard", &[("device.auth-algorithm", "0x201")]);
        let device = connect("ssf33").unwrap();
        assert_eq!(authenticate(device, AUTH_KEY), Err(SAR_INVALIDPARAMERR));
        assert_eq!(authenticate(device, b"wrong key, wrong"), Err(SAR_NOTSUPPORTYETERR));
    });
}

#[test]
fn a_pin_has_tries_that_outlive_the_process_and_a_right_one_gives_them_back() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let (_, application) = open("key");
        assert_eq!(pin_info(application, 1), (Ok(()), 3, 3, 1));
        assert_eq!(pin_info(application, 0), (Ok(()), 5, 5, 1));
        assert_eq!(pin_info(application, 2).0, Err(SAR_USER_TYPE_INVALID));
        assert_eq!(verify(application, 2, USER), (Err(SAR_USER_TYPE_INVALID), 99));
        assert_eq!(verify(application, 1, "wrong-pin"), (Err(SAR_PIN_INCORRECT), 2));
        // Neither a length nor characters that no PIN has cost a try.
        assert_eq!(verify(application, 1, "12345"), (Err(SAR_PIN_LEN_RANGE), 99));
        assert_eq!(verify(application, 1, &"1".repeat(17)).0, Err(SAR_PIN_LEN_RANGE));
        assert_eq!(verify(application, 1, &"1".repeat(1000)).0, Err(SAR_PIN_LEN_RANGE));
        assert_eq!(verify(application, 1, "一二三四"), (Err(SAR_PIN_INVALID), 99));
        let null = number(|left| unsafe { SKF_VerifyPIN(application, 1, std::ptr::null(), left) });
        assert_eq!(null, (Err(SAR_INVALIDPARAMERR), 99));
        // Another process sees the same count: it is on disk.
        let elsewhere = Key::open(&stage.key_folder("key")).unwrap();
        assert_eq!(elsewhere.pin_info(APPLICATION.as_bytes(), Role::User).unwrap().tries_left, 2);
        assert_eq!(verify(application, 1, USER), (Ok(()), 99));
        assert_eq!(pin_info(application, 1), (Ok(()), 3, 3, 1));
        for left in [2, 1, 0] {
            assert_eq!(verify(application, 1, "wrong-pin"), (Err(SAR_PIN_INCORRECT), left));
        }
        assert_eq!(verify(application, 1, USER), (Err(SAR_PIN_LOCKED), 0));
        // A wrong PIN has ended the login.
        assert_eq!(create(application, "box"), Err(SAR_USER_NOT_LOGGED_IN));

        assert_eq!(unblock(application, "wrong-pin", "new-pin"), (Err(SAR_PIN_INCORRECT), 4));
        assert_eq!(unblock(application, ADMIN, "short").0, Err(SAR_PIN_LEN_RANGE));
        assert_eq!(unblock(application, ADMIN, "new-pin").0, Ok(()));
        assert_eq!((pin_info(application, 1), pin_info(application, 0)), ((Ok(()), 3, 3, 0), (Ok(()), 5, 5, 1)));
        assert_eq!(verify(application, 1, USER), (Err(SAR_PIN_INCORRECT), 2));
        assert_eq!(verify(application, 1, "new-pin").0, Ok(()));
    });
}

#[test]
fn pins_are_changed_by_who_knows_them() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let (_, application) = open("key");
        assert_eq!(change(application, 1, "wrong-pin", "new-pin"), (Err(SAR_PIN_INCORRECT), 2));
        assert_eq!(change(application, 1, USER, "short"), (Err(SAR_PIN_LEN_RANGE), 99));
        assert_eq!(change(application, 7, USER, "new-pin"), (Err(SAR_USER_TYPE_INVALID), 99));
        assert_eq!(change(application, 1, USER, "new-pin").0, Ok(()));
        assert_eq!(change(application, 0, ADMIN, "new-admin").0, Ok(()));
        assert_eq!((pin_info(application, 1), pin_info(application, 0)), ((Ok(()), 3, 3, 0), (Ok(()), 5, 5, 0)));
        assert_eq!(verify(application, 1, "new-pin").0, Ok(()));
        assert_eq!(verify(application, 0, "new-admin").0, Ok(()));
        for _ in 0..3 {
            assert_eq!(change(application, 1, USER, "other-pin").0, Err(SAR_PIN_INCORRECT));
        }
        assert_eq!(change(application, 1, "new-pin", "other-pin"), (Err(SAR_PIN_LOCKED), 0));
    });
}

#[test]
fn a_login_holds_for_the_application_until_it_is_cleared() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let (device, application) = open("key");
        assert_eq!(create(application, "one"), Err(SAR_USER_NOT_LOGGED_IN));
        assert_eq!(verify(application, 0, ADMIN).0, Ok(()));
        assert_eq!(create(application, "one"), Err(SAR_USER_NOT_LOGGED_IN));
        log_in(application);
        log_in(application);
        assert!(create(application, "one").is_ok());
        // Closing and disconnecting do not log out (7.1.5, 7.3.5).
        assert_eq!(ok(unsafe { SKF_CloseApplication(application) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_DisConnectDev(device) }), Ok(()));
        let (_, application) = open("key");
        assert!(create(application, "two").is_ok());
        assert_eq!(ok(unsafe { SKF_ClearSecureState(application) }), Ok(()));
        assert_eq!(create(application, "three"), Err(SAR_USER_NOT_LOGGED_IN));
    });
}

#[test]
fn quirks_of_pins_are_data() {
    isolated(|| {
        let stage = stage();
        let options = &[
            ("pin.relogin", "refused"),
            ("pin.reports-default", "false"),
            ("pin.user-min", "4"),
            ("errors.pin-wrong", "SAR_PIN_INVALID"),
            ("errors.not-logged-in", "0x0B000103"),
        ];
        stage.key_of("key", "standard", options);
        let (_, application) = open("key");
        assert_eq!(pin_info(application, 1), (Ok(()), 3, 3, 0));
        assert_eq!(create(application, "one"), Err(0x0B00_0103));
        assert_eq!(verify(application, 1, "1234"), (Err(SAR_PIN_INVALID), 2));
        log_in(application);
        assert_eq!(verify(application, 1, USER).0, Err(SAR_USER_ALREADY_LOGGED_IN));
        assert!(create(application, "one").is_ok());
        assert_eq!(verify(application, 1, "wrong-pin").0, Err(SAR_PIN_INVALID));
        log_in(application);
    });
}

/// Which step a child process is for.
const STEP: &str = "UKEYHUB_TEST_STEP";

/// One process after the other with the same key: what each does, and what it meets.
fn steps(cache: &str) -> [(&'static str, Result<(), u32>); 8] {
    let shared = if cache == "machine" { Ok(()) } else { Err(SAR_USER_NOT_LOGGED_IN) };
    let alone = Err(SAR_USER_NOT_LOGGED_IN);
    [
        ("create 1", alone),
        ("log in", Ok(())),
        ("create 2", shared),
        ("log out", Ok(())),
        ("create 3", alone),
        ("log in again", Ok(())),
        ("create 4", shared),
        ("create 5, plugged in anew", alone),
    ]
}

#[test]
fn a_login_is_of_one_process_but_where_a_product_shares_it() {
    for cache in ["process", "machine"] {
        let stage = Stage::of_processes();
        let key = stage.key_of("key", "standard", &[("pin.cache", cache)]);
        for (step, met) in steps(cache) {
            let id = format!("{cache}: {step}");
            if step.ends_with("anew") {
                stage.unplug("key");
                stage.plug_in("key");
            }
            let process = Isolation::new().env(ukeyhub_softkey::process::PLUG, stage.plug.folder()).env(STEP, &id);
            process.run(|| {
                // A child comes by all steps; its own is the one in its environment.
                if std::env::var(STEP).unwrap() != id {
                    return;
                }
                let (_, application) = open("key");
                let code = match step.split_once(' ').unwrap() {
                    ("create", number) => create(application, number).map(drop),
                    (_, "out") => ok(unsafe { SKF_ClearSecureState(application) }),
                    _ => verify(application, 1, USER).0,
                };
                assert_eq!(code, met, "{id}");
            });
        }
        assert_eq!(key.pin_info(APPLICATION.as_bytes(), Role::User).unwrap().tries_left, 3);
    }
}

//! Devices as a host sees them: lists, connections, DEVINFO, locks, events, raw commands, faults on request.
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

use std::time::{Duration, Instant};

use stage::*;
use ukeyhub_artefacts::{Isolation, isolated, isolated_with_env, set_env};
use ukeyhub_softkey::entry::*;
use ukeyhub_softkey::personality::{EnumAnswer, Personalities};
use ukeyhub_softkey::process::PERSONALITY;
use ukeyhub_softkey::views::{DEVINFO, ULONG};

fn enumerate() -> Result<Vec<u8>, u32> {
    output(|list, size| unsafe { SKF_EnumDev(1, list, size) })
}

fn text(field: &[u8]) -> String {
    String::from_utf8(field.split(|byte| *byte == 0).next().unwrap().to_vec()).unwrap()
}

fn info(device: *mut std::ffi::c_void) -> Result<DEVINFO, u32> {
    let mut info = std::mem::MaybeUninit::<DEVINFO>::zeroed();
    ok(unsafe { SKF_GetDevInfo(device, info.as_mut_ptr()) })?;
    Ok(unsafe { info.assume_init() })
}

#[test]
fn without_a_key_each_product_answers_in_its_own_way() {
    for personality in Personalities::embedded().unwrap().iter() {
        // In the child the loop runs with the one personality of its environment.
        Isolation::new().env(PERSONALITY, &personality.id).run(|| {
            let _stage = stage();
            let all = Personalities::embedded().unwrap();
            let product = all.get(&std::env::var(PERSONALITY).unwrap()).unwrap();
            for (present, has_list) in [(true, false), (true, true), (false, false), (false, true)] {
                let mut list = [0xAA_u8; 4096];
                let mut size: ULONG = 4096;
                let buffer = if has_list { list.as_mut_ptr() } else { std::ptr::null_mut() };
                let answer = product.no_key(present, has_list);
                let EnumAnswer::Answer { code, size: told, .. } = answer else { continue };
                assert_eq!(
                    unsafe { SKF_EnumDev(present.into(), buffer, &mut size) },
                    ULONG::from(code.0),
                    "{}",
                    product.id
                );
                assert_eq!(size, ULONG::from(told.unwrap_or(4096)), "{}", product.id);
                let bytes = answer.list();
                if has_list {
                    assert_eq!((&list[..bytes.len()], list[bytes.len()]), (&bytes[..], 0xAA), "{}", product.id);
                }
            }
        });
    }
}

#[test]
fn a_requested_crash_ends_the_process() {
    let ending = Isolation::new().env(stage_faults(), "at=1 call=SKF_EnumDev do=crash:abort").status(|| {
        let _stage = stage();
        let _ = enumerate();
    });
    assert!(ending.is_none_or(|status| !status.success()));
}

fn stage_faults() -> &'static str {
    ukeyhub_softkey::faults::VARIABLE
}

#[test]
fn keys_are_listed_connected_and_described() {
    isolated(|| {
        let stage = stage();
        stage.key("B-key");
        stage.key_of("A-key", "linguo-lg3073-bjca", &[]);
        assert_eq!(enumerate().unwrap(), b"A-key\0B-key\0\0");
        let mut size: ULONG = 12;
        let mut short = [0xAA_u8; 12];
        assert_eq!(ok(unsafe { SKF_EnumDev(1, short.as_mut_ptr(), &mut size) }), Err(SAR_BUFFER_TOO_SMALL));
        assert_eq!((size, short), (13, [0xAA; 12]));
        assert_eq!(ok(unsafe { SKF_EnumDev(1, short.as_mut_ptr(), std::ptr::null_mut()) }), Err(SAR_INVALIDPARAMERR));

        let all = Personalities::embedded().unwrap();
        for (name, id) in [("A-key", "linguo-lg3073-bjca"), ("B-key", "standard")] {
            let product = all.get(id).unwrap();
            let device = connect(name).unwrap();
            let info = info(device).unwrap();
            assert_eq!(text(&{ info.manufacturer }), product.device.manufacturer.as_str());
            assert_eq!(text(&{ info.serial_number }), format!("SN-{name}"));
            assert_eq!({ info.alg_sym_cap }, ULONG::from(product.device.alg_sym_cap.0));
            assert_eq!({ info.dev_auth_alg_id }, ULONG::from(product.device.auth_algorithm.0));
            assert!(text(&{ info.reserved }).contains("FOR TESTS"));
            assert!({ info.free_space } < { info.total_space } && { info.free_space } > 0);
            assert_eq!(ok(unsafe { SKF_SetLabel(device, c("新标签")) }), Ok(()));
            assert_eq!(ok(unsafe { SKF_SetLabel(device, c(&"x".repeat(33))) }), Err(SAR_INVALIDPARAMERR));
            assert_eq!(ok(unsafe { SKF_DisConnectDev(device) }), Ok(()));
            let again = connect(name).unwrap();
            assert_ne!(again, device);
            assert_eq!(text(&{ self::info(again).unwrap().label }), "新标签");
        }
        for stranger in ["C-key", "", "../A-key", ".hidden"] {
            assert_eq!(
                connect(stranger).unwrap_err(),
                all.get("linguo-lg3073-bjca").unwrap().errors.device_missing.0,
                "{stranger}"
            );
            assert_eq!(number(|state| unsafe { SKF_GetDevState(c(stranger), state) }), (Ok(()), 0));
        }
        assert_eq!(number(|state| unsafe { SKF_GetDevState(c("A-key"), state) }), (Ok(()), 1));
    });
}

#[test]
fn a_product_sees_its_own_keys_only() {
    isolated_with_env(&[(PERSONALITY, "standard:no-last-nul")], || {
        let stage = stage();
        stage.key("mine");
        stage.key_of("theirs", "haitai", &[]);
        let mut size: ULONG = 0;
        assert_eq!(ok(unsafe { SKF_EnumDev(1, std::ptr::null_mut(), &mut size) }), Ok(()));
        assert_eq!(size, 5);
        let mut list = [0xAA_u8; 8];
        assert_eq!(ok(unsafe { SKF_EnumDev(1, list.as_mut_ptr(), &mut size) }), Ok(()));
        assert_eq!(&list, b"mine\0\xAA\xAA\xAA");
        let mut size: ULONG = 8;
        assert_eq!(ok(unsafe { SKF_EnumDev(1, list.as_mut_ptr(), &mut size) }), Ok(()));
        assert_eq!((&list, size), (b"mine\0\0\xAA\xAA", 5));
        assert_eq!(connect("theirs"), Err(SAR_DEVICE_REMOVED));
    });
}

#[test]
fn an_unknown_product_is_an_error_of_every_call() {
    isolated_with_env(&[(PERSONALITY, "nobody")], || {
        let _stage = stage();
        assert_eq!(enumerate(), Err(SAR_FAIL));
        assert_eq!(connect("x"), Err(SAR_FAIL));
    });
}

#[test]
fn handles_end_with_their_device_and_are_checked_for_kind() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let (device, application) = open("key");
        log_in(application);
        let container = handle(|out| unsafe { SKF_CreateContainer(application, c("box"), out) }).unwrap();
        for wrong in [application, container, NOWHERE, device.wrapping_byte_add(1)] {
            assert_eq!(info(wrong).err(), Some(SAR_INVALIDHANDLEERR));
            assert_eq!(ok(unsafe { SKF_DisConnectDev(wrong) }), Err(SAR_INVALIDHANDLEERR));
        }
        assert_eq!(verify(device, 1, USER).0, Err(SAR_INVALIDHANDLEERR));
        assert_eq!(ok(unsafe { SKF_CloseContainer(application) }), Err(SAR_INVALIDHANDLEERR));
        let other = connect("key").unwrap();
        assert_eq!(ok(unsafe { SKF_DisConnectDev(device) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_DisConnectDev(device) }), Err(SAR_INVALIDHANDLEERR));
        assert_eq!(verify(application, 1, USER).0, Err(SAR_INVALIDHANDLEERR));
        assert_eq!(ok(unsafe { SKF_CloseContainer(container) }), Err(SAR_INVALIDHANDLEERR));
        assert!(info(other).is_ok());
    });
}

#[test]
fn an_unplugged_key_is_removed_for_ever() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let (device, application) = open("key");
        log_in(application);
        stage.unplug("key");
        assert_eq!(info(device).err(), Some(SAR_DEVICE_REMOVED));
        assert_eq!(verify(application, 1, USER), (Err(SAR_DEVICE_REMOVED), 99));
        assert_eq!(enumerate().map(|list| names(&list)), Ok(vec![]));
        stage.plug_in("key");
        assert_eq!(info(device).err(), Some(SAR_DEVICE_REMOVED));
        // Plugged in anew, nobody is logged in.
        let (_, anew) = open("key");
        assert_eq!(handle(|out| unsafe { SKF_CreateContainer(anew, c("box"), out) }), Err(SAR_USER_NOT_LOGGED_IN));
        assert_eq!(ok(unsafe { SKF_CloseApplication(application) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_DisConnectDev(device) }), Ok(()));
    });
}

#[test]
fn a_locked_device_waits_for_its_owner() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let (owner, other) = (connect("key").unwrap(), connect("key").unwrap());
        assert_eq!(ok(unsafe { SKF_UnlockDev(owner) }), Err(SAR_FAIL));
        assert_eq!(ok(unsafe { SKF_LockDev(owner, 0xFFFF_FFFF) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_LockDev(owner, 0) }), Ok(()));
        assert!(info(owner).is_ok());
        let start = Instant::now();
        assert_eq!(ok(unsafe { SKF_LockDev(other, 100) }), Err(SAR_TIMEOUTERR));
        assert!(start.elapsed() >= Duration::from_millis(100));
        let waiting = other.expose_provenance();
        let waiter = std::thread::spawn(move || {
            let start = Instant::now();
            assert!(info(std::ptr::with_exposed_provenance_mut(waiting)).is_ok());
            start.elapsed()
        });
        std::thread::sleep(Duration::from_millis(150));
        assert_eq!(ok(unsafe { SKF_UnlockDev(owner) }), Ok(()));
        assert!(waiter.join().unwrap() >= Duration::from_millis(100));
        // Disconnecting unlocks.
        assert_eq!(ok(unsafe { SKF_LockDev(owner, 0) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_DisConnectDev(owner) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_LockDev(other, 1000) }), Ok(()));
    });
}

fn wait() -> (Result<(), u32>, String, ULONG) {
    let mut name = [0_u8; 64];
    let mut len: ULONG = 64;
    let (code, event) = number(|event| unsafe { SKF_WaitForDevEvent(name.as_mut_ptr(), &mut len, event) });
    if code.is_ok() {
        assert_eq!(name[usize::try_from(len).unwrap() - 1], 0);
    }
    (code, text(&name), event)
}

#[test]
fn coming_and_going_is_told_within_a_fifth_of_a_second() {
    isolated(|| {
        let stage = stage();
        stage.key("first");
        stage.key("second");
        stage.unplug("second");
        assert_eq!(names(&enumerate().unwrap()), ["first"]);
        // Between enumeration and waiting nothing is lost.
        stage.plug_in("second");
        assert_eq!(wait(), (Ok(()), "second".into(), 1));
        for (name, is_in) in [("first", false), ("second", false), ("first", true)] {
            let waiter = std::thread::spawn(|| (wait(), Instant::now()));
            std::thread::sleep(Duration::from_millis(120));
            let start = Instant::now();
            if is_in {
                stage.plug_in(name)
            } else {
                stage.unplug(name)
            }
            let (event, at) = waiter.join().unwrap();
            assert_eq!(event, (Ok(()), name.into(), if is_in { 1 } else { 2 }));
            assert!(at - start < Duration::from_millis(200), "{:?}", at - start);
        }
        let waiter = std::thread::spawn(|| wait().0);
        std::thread::sleep(Duration::from_millis(80));
        assert_eq!(ok(unsafe { SKF_CancelWaitForDevEvent() }), Ok(()));
        assert_eq!(waiter.join().unwrap(), Err(SAR_NOT_EVENTERR));
        // A buffer that is too small does not swallow the event.
        stage.plug_in("second");
        let mut len: ULONG = 3;
        let mut small = [0_u8; 3];
        let (code, _) = number(|event| unsafe { SKF_WaitForDevEvent(small.as_mut_ptr(), &mut len, event) });
        assert_eq!((code, len), (Err(SAR_BUFFER_TOO_SMALL), 7));
        assert_eq!(wait(), (Ok(()), "second".into(), 1));
    });
}

#[test]
fn raw_commands_are_few_and_harmless() {
    isolated(|| {
        let stage = stage();
        stage.key("key");
        let device = connect("key").unwrap();
        let send = |command: &[u8]| {
            let (at, len) = (command.as_ptr(), ULONG::try_from(command.len()).unwrap());
            let mut data = [0_u8; 300];
            let mut data_len: ULONG = 300;
            ok(unsafe { SKF_Transmit(device, at, len, data.as_mut_ptr(), &mut data_len) })?;
            Ok::<_, u32>(data[..usize::try_from(data_len).unwrap()].to_vec())
        };
        let challenge = send(&[0, 0x84, 0, 0, 8]).unwrap();
        assert_eq!((challenge.len(), &challenge[8..]), (10, &[0x90, 0][..]));
        assert_ne!(challenge, send(&[0, 0x84, 0, 0, 8]).unwrap());
        assert_eq!(send(&[0, 0xA4, 0, 0]).unwrap(), [0x90, 0]);
        assert_eq!(send(&[0x80, 0xE4, 0, 0]), Err(SAR_NOTSUPPORTYETERR));
        assert_eq!(send(&[0, 0x84]), Err(SAR_INDATALENERR));
    });
}

#[test]
fn one_current_device_is_what_all_handles_act_on() {
    isolated(|| {
        let stage = stage();
        let quirk = &[("functions.one-current-device", "true")];
        stage.key_of("one", "standard", quirk);
        stage.key_of("two", "standard", quirk);
        let one = connect("one").unwrap();
        assert_eq!(text(&{ info(one).unwrap().serial_number }), "SN-one");
        connect("two").unwrap();
        assert_eq!(text(&{ info(one).unwrap().serial_number }), "SN-two");
    });
}

#[test]
fn absent_fixed_and_slow_functions_are_data() {
    isolated(|| {
        let stage = stage();
        let options = &[
            ("functions.unsupported", "SKF_Transmit"),
            ("functions.fixed", "SKF_SetLabel=0x0B000033"),
            ("functions.slow", "SKF_GetDevInfo=150"),
            ("errors.not-supported", "0x0A0000EE"),
            ("functions.crash-on-wrong-handle", "SKF_GenRandom"),
        ];
        stage.key_of("key", "standard", options);
        let (device, application) = open("key");
        let mut len: ULONG = 0;
        let command = [0, 0x84, 0, 0, 8];
        let transmit = unsafe { SKF_Transmit(device, command.as_ptr(), 5, std::ptr::null_mut(), &mut len) };
        assert_eq!(ok(transmit), Err(0x0A00_00EE));
        assert_eq!(ok(unsafe { SKF_SetLabel(device, c("x")) }), Err(0x0B00_0033));
        let start = Instant::now();
        assert!(info(device).is_ok() && start.elapsed() >= Duration::from_millis(150));
        // A handle that never was one is an error; only one of another kind would be the end.
        let mut random = [0; 8];
        assert_eq!(ok(unsafe { SKF_GenRandom(NOWHERE, random.as_mut_ptr(), 8) }), Err(SAR_INVALIDHANDLEERR));
        let _ = application;
    });
}

#[test]
fn a_handle_of_another_kind_kills_the_products_that_die_of_it() {
    let ending = Isolation::new().status(|| {
        let stage = stage();
        stage.key_of("key", "standard", &[("functions.crash-on-wrong-handle", "SKF_GenRandom")]);
        let (_, application) = open("key");
        let mut random = [0; 8];
        let code = unsafe { SKF_GenRandom(application, random.as_mut_ptr(), 8) };
        unreachable!("it answered {code}");
    });
    // In the child the body does not come back; an ordinary panic would end with code 101.
    assert!(ending.is_none_or(|status| !status.success() && status.code() != Some(101)), "{ending:?}");
}

#[test]
fn faults_come_at_their_call() {
    isolated(|| {
        let stage = stage();
        let faults = "at=2 call=SKF_GetDevInfo do=return:0x0A000001; at=1 call=SKF_GenRandom when=after do=garbage; \
            at=1 call=SKF_EnumApplication when=after do=length:+7; at=4 call=SKF_GetDevInfo do=remove-key";
        set_env(stage_faults(), faults);
        let key = stage.key("key");
        std::fs::write(key.folder().join("faults"), "at=2 call=SKF_GenRandom do=return:0x0A000012\n").unwrap();
        let device = connect("key").unwrap();
        assert!(info(device).is_ok());
        assert_eq!(info(device).err(), Some(SAR_FAIL));
        assert!(info(device).is_ok());
        let mut random = [0; 8];
        assert_eq!(ok(unsafe { SKF_GenRandom(device, random.as_mut_ptr(), 8) }), Ok(()));
        assert_eq!(ok(unsafe { SKF_GenRandom(device, random.as_mut_ptr(), 8) }), Err(SAR_GENRANDERR));
        assert_eq!(ok(unsafe { SKF_GenRandom(device, random.as_mut_ptr(), 8) }), Ok(()));
        let mut size: ULONG = 0;
        assert_eq!(ok(unsafe { SKF_EnumApplication(device, std::ptr::null_mut(), &mut size) }), Ok(()));
        assert_eq!(size, 9 + 7);
        assert_eq!(ok(unsafe { SKF_EnumApplication(device, std::ptr::null_mut(), &mut size) }), Ok(()));
        assert_eq!(size, 9);
        assert_eq!(info(device).err(), Some(SAR_DEVICE_REMOVED));
        assert_eq!(stage.plug.list().unwrap(), Vec::<String>::new());
    });
}

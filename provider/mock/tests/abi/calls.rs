//! Rules about calls, the quiet path, and what the mock reports.

use std::thread;
use std::time::{Duration, Instant};

use cryptoki_sys::{
    CK_BYTE, CK_FUNCTION_LIST, CK_INFO, CK_SESSION_INFO, CK_ULONG, CKM_RSA_PKCS, CKM_VENDOR_DEFINED, CKR_OK,
    CKR_SESSION_HANDLE_INVALID, CKS_RW_USER_FUNCTIONS,
};
use ukeyhub_artefacts::{Isolation, isolated, isolated_with_env};

use crate::call;
use crate::library::{Mock, logged_in, mechanism, open, pair, twice};

fn get_info(list: &CK_FUNCTION_LIST) -> CK_ULONG {
    let mut info = CK_INFO::default();
    call!(list.C_GetInfo(&raw mut info))
}

#[test]
fn the_nth_call_answers_otherwise() {
    isolated(|| {
        let mock = Mock::load();
        let list = mock.start();
        mock.instruct(&["at=2 call=C_GetInfo do=return:0x30", "at=3 call=* do=return:5"]);
        assert_eq!([get_info(&list), get_info(&list), get_info(&list), get_info(&list)], [CKR_OK, 0x30, 5, CKR_OK]);
        mock.instruct(&["call=C_GetInfo do=return:0x80000001"]);
        assert_eq!([get_info(&list), get_info(&list)], [0x8000_0001; 2]);
        mock.instruct(&["clear"]);
        assert_eq!(get_info(&list), CKR_OK);
        assert_eq!(mock.calls("C_GetInfo"), 7);
        assert_eq!(mock.calls("C_Nothing"), u64::MAX);
        mock.instruct(&["reset-counts"]);
        assert_eq!(mock.calls("C_GetInfo"), 0);
    });
}

#[test]
fn what_is_not_understood_is_refused() {
    isolated(|| {
        let mock = Mock::load();
        for line in [
            "nonsense",
            "at=1 call=C_Sign",
            "at=x call=C_Sign do=hang",
            "call=C_Sing do=hang",
            "call=C_Sign do=return",
            "call=C_Sign do=hang extra=1",
            "call=C_Sign call=C_Verify do=hang",
            "slots=2 tokens=1",
            "slot 9 token=remove",
            "slot 0 token=eject",
            "slot=new",
            "version=4.0",
            "initialize=maybe",
            "quiet=perhaps",
            "clear all",
            "slot 0 label=\"open",
        ] {
            assert_eq!(mock.try_instruct(line), 2, "{line}");
        }
        mock.instruct(&["", "   # only a comment"]);
    });
}

#[test]
fn a_call_can_be_slow_or_hang_while_others_go_on() {
    isolated(|| {
        let mock = Mock::load();
        let list = mock.start();
        mock.instruct(&["at=1 call=C_GetInfo do=delay:120"]);
        let start = Instant::now();
        assert_eq!(get_info(&list), CKR_OK);
        assert!(start.elapsed() >= Duration::from_millis(120));

        mock.instruct(&["at=1 call=C_GetInfo do=hang"]);
        let hanging = thread::spawn(move || get_info(&list));
        while mock.calls("C_GetInfo") < 2 {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(50));
        assert!(!hanging.is_finished());
        assert_eq!(get_info(&list), CKR_OK);
        assert_eq!(mock.number("ukeyhub_mock_concurrent"), 2);
        mock.instruct(&["release"]);
        assert_eq!(hanging.join().unwrap(), CKR_OK);
    });
}

#[test]
fn garbage_fills_every_output() {
    isolated(|| {
        let mock = Mock::load();
        let list = mock.start();
        let session = open(&list, 0).unwrap();
        mock.instruct(&["call=C_GetInfo do=garbage", "at=1 call=C_Sign do=garbage", "at=2 call=C_Sign do=garbage:7"]);
        let mut info = CK_INFO::default();
        assert_eq!(call!(list.C_GetInfo(&raw mut info)), CKR_OK);
        assert_eq!(info.libraryDescription, [0xA5; 32]);
        for wrong in [17, 7] {
            let (mut data, mut signature, mut length) = ([1; 4], [0; 20], 16);
            let code = call!(list.C_Sign(session, data.as_mut_ptr(), 4, signature.as_mut_ptr(), &raw mut length));
            assert_eq!((code, length, data), (CKR_OK, wrong, [1; 4]));
            assert_eq!((&signature[..16], &signature[16..]), (&[0xA5; 16][..], &[0; 4][..]));
        }
    });
}

#[test]
fn the_process_can_be_ended() {
    let status = Isolation::new().status(|| {
        let mock = Mock::load();
        mock.instruct(&["call=C_Initialize do=exit:9"]);
        mock.start();
    });
    assert!(ukeyhub_artefacts::is_isolated() || status.and_then(|status| status.code()) == Some(9));
}

#[cfg(unix)]
fn signal_of(crash: &str) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt;
    let status = Isolation::new().status(|| {
        let mock = Mock::load();
        mock.instruct(&[&format!("call=C_Initialize do=crash:{crash}")]);
        mock.start();
    });
    status.and_then(|status| status.signal())
}

#[cfg(unix)]
#[test]
fn a_crash_is_a_bad_access() {
    assert_eq!(signal_of("null"), Some(11));
}

#[cfg(unix)]
#[test]
fn a_crash_is_an_abort() {
    assert_eq!(signal_of("abort"), Some(6));
}

#[cfg(unix)]
#[test]
fn a_crash_is_a_used_up_stack() {
    // The standard library of the test catches the signal on a guard page and aborts.
    assert!(matches!(signal_of("stack"), Some(6 | 11)));
}

#[test]
fn the_last_mechanism_is_kept_as_it_came() {
    isolated(|| {
        let mock = Mock::load();
        let list = mock.start();
        let session = logged_in(&list);
        let (_, private) = pair(&list, session);
        let parameter: Vec<u8> = (0..=200).collect();
        let mut unknown = mechanism(CKM_VENDOR_DEFINED | 0x1234, &parameter);
        assert_eq!(call!(list.C_SignInit(session, &raw mut unknown, private)), CKR_OK);
        assert_eq!(mock.seen("ukeyhub_mock_last"), ((CKM_VENDOR_DEFINED | 0x1234) as _, parameter));
        assert_eq!(mock.number("ukeyhub_mock_sessions"), 1);
    });
}

#[test]
fn the_quiet_path_answers_and_counts_nothing() {
    isolated_with_env(&[("UKEYHUB_MOCK_QUIET", "1")], || {
        let mock = Mock::load();
        let list = mock.start();
        let session = open(&list, 0).unwrap();
        assert_ne!(session, open(&list, 0).unwrap());
        let mut info = CK_SESSION_INFO::default();
        assert_eq!(call!(list.C_GetSessionInfo(session, &raw mut info)), CKR_OK);
        assert_eq!({ info.state }, CKS_RW_USER_FUNCTIONS);
        let mut plain = mechanism(CKM_RSA_PKCS, &[]);
        assert_eq!(call!(list.C_SignInit(session, &raw mut plain, 1)), CKR_OK);
        let mut data = [0; 32];
        let sign = |out: *mut CK_BYTE, length| call!(list.C_Sign(session, data.as_ptr().cast_mut(), 32, out, length));
        assert_eq!(twice(sign).unwrap().len(), 64);
        assert_eq!((mock.calls("C_OpenSession"), mock.calls("C_Sign")), (0, 0));
        assert_eq!(mock.try_instruct("call=C_Sign do=return:5"), 2);
        // Its sessions are good for every other function.
        assert_eq!(call!(list.C_GenerateRandom(session, data.as_mut_ptr(), 32)), CKR_OK);
        assert_eq!(call!(list.C_CloseSession(session)), CKR_OK);
        mock.instruct(&["quiet=off", "call=C_Sign do=return:5"]);
        assert_eq!(call!(list.C_GetSessionInfo(99, &raw mut info)), CKR_SESSION_HANDLE_INVALID);
    });
}

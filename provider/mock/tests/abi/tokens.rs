//! Slots, tokens, sessions, PINs, objects and slot events.

use std::ptr;
use std::thread;
use std::time::Duration;

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_FUNCTION_LIST, CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE, CK_SLOT_ID, CK_TOKEN_INFO, CK_ULONG,
    CKA_CLASS, CKA_LABEL, CKA_PRIVATE, CKA_SENSITIVE, CKA_VALUE, CKF_DONT_BLOCK, CKF_USER_PIN_FINAL_TRY,
    CKF_USER_PIN_LOCKED, CKO_DATA, CKO_SECRET_KEY, CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID,
    CKR_BUFFER_TOO_SMALL, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED, CKR_NO_EVENT,
    CKR_OBJECT_HANDLE_INVALID, CKR_OK, CKR_PIN_INCORRECT, CKR_PIN_LOCKED, CKR_SESSION_EXISTS,
    CKR_SESSION_HANDLE_INVALID, CKR_SLOT_ID_INVALID, CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED,
    CKR_USER_ALREADY_LOGGED_IN, CKR_USER_NOT_LOGGED_IN, CKR_USER_PIN_NOT_INITIALIZED, CKU_SO, CKU_USER,
};
use ukeyhub_artefacts::isolated;

use crate::call;
use crate::library::{Mock, attribute, logged_in, login, open, pair};

fn slots(list: &CK_FUNCTION_LIST, present: bool) -> Vec<CK_SLOT_ID> {
    let mut count = 0;
    assert_eq!(call!(list.C_GetSlotList(present.into(), ptr::null_mut(), &raw mut count)), CKR_OK);
    let mut slots = vec![0; count as usize];
    assert_eq!(call!(list.C_GetSlotList(present.into(), slots.as_mut_ptr(), &raw mut count)), CKR_OK);
    slots
}

fn token(list: &CK_FUNCTION_LIST, slot: CK_SLOT_ID) -> Result<CK_TOKEN_INFO, CK_RV> {
    let mut info = CK_TOKEN_INFO::default();
    match call!(list.C_GetTokenInfo(slot, &raw mut info)) {
        CKR_OK => Ok(info),
        code => Err(code),
    }
}

fn create(
    list: &CK_FUNCTION_LIST,
    session: CK_SESSION_HANDLE,
    more: &[(CK_ULONG, &[u8])],
) -> Result<CK_OBJECT_HANDLE, CK_RV> {
    let mut template: Vec<_> = more.iter().map(|(kind, value)| attribute(*kind, value)).collect();
    let mut object = 0;
    match call!(list.C_CreateObject(session, template.as_mut_ptr(), template.len() as CK_ULONG, &raw mut object)) {
        CKR_OK => Ok(object),
        code => Err(code),
    }
}

fn find(list: &CK_FUNCTION_LIST, session: CK_SESSION_HANDLE, label: &[u8]) -> Vec<CK_OBJECT_HANDLE> {
    let mut template = [attribute(CKA_LABEL, label)];
    assert_eq!(call!(list.C_FindObjectsInit(session, template.as_mut_ptr(), 1)), CKR_OK);
    let mut found = Vec::new();
    loop {
        let (mut some, mut count) = ([0; 2], 0);
        assert_eq!(call!(list.C_FindObjects(session, some.as_mut_ptr(), 2, &raw mut count)), CKR_OK);
        found.extend(&some[..count as usize]);
        if count == 0 {
            assert_eq!(call!(list.C_FindObjectsFinal(session)), CKR_OK);
            return found;
        }
    }
}

#[test]
fn slots_and_tokens_come_and_go() {
    isolated(|| {
        let mock = Mock::load();
        mock.instruct(&["slots=3 tokens=1,0,1", "slot 2 serial=A1 label=\"two words\" model=M"]);
        let list = mock.start();
        assert_eq!((slots(&list, false), slots(&list, true)), (vec![0, 1, 2], vec![0, 2]));
        let info = token(&list, 2).unwrap();
        assert_eq!((&info.label[..10], &info.serialNumber[..3]), (&b"two words "[..], &b"A1 "[..]));
        assert_eq!(
            (token(&list, 1).unwrap_err(), token(&list, 3).unwrap_err()),
            (CKR_TOKEN_NOT_PRESENT, CKR_SLOT_ID_INVALID)
        );
        let session = open(&list, 2).unwrap();
        mock.instruct(&["slot 2 token=remove", "slot=add token=insert", "slot 1 token=uninitialised"]);
        assert_eq!(slots(&list, true), [0, 1, 3]);
        assert_eq!(call!(list.C_CloseSession(session)), CKR_SESSION_HANDLE_INVALID);
        assert_eq!(open(&list, 1), Err(CKR_TOKEN_NOT_RECOGNIZED));
        mock.instruct(&["slot 2 token=insert"]);
        let again = open(&list, 2).unwrap();
        assert_ne!(session, again);
    });
}

#[test]
fn a_length_that_is_too_small_is_corrected() {
    isolated(|| {
        let mock = Mock::load();
        mock.instruct(&["slots=3"]);
        let list = mock.start();
        let (mut some, mut count) = ([77; 3], 2);
        assert_eq!(call!(list.C_GetSlotList(0, some.as_mut_ptr(), &raw mut count)), CKR_BUFFER_TOO_SMALL);
        assert_eq!((some, count), ([77; 3], 3));
    });
}

#[test]
fn events_are_given_once_and_a_wait_ends() {
    isolated(|| {
        let mock = Mock::load();
        let list = mock.start();
        let wait = move |flags| {
            let mut slot = 99;
            (call!(list.C_WaitForSlotEvent(flags, &raw mut slot, ptr::null_mut())), slot)
        };
        assert_eq!(wait(CKF_DONT_BLOCK).0, CKR_NO_EVENT);
        mock.instruct(&["slot 0 token=remove", "slot 0 token=insert event=off", "slot=add", "event=7"]);
        assert_eq!([wait(CKF_DONT_BLOCK), wait(0), wait(0)], [(CKR_OK, 0), (CKR_OK, 1), (CKR_OK, 7)]);
        assert_eq!(wait(CKF_DONT_BLOCK).0, CKR_NO_EVENT);

        let waiting = thread::spawn(move || wait(0));
        thread::sleep(Duration::from_millis(50));
        assert!(!waiting.is_finished());
        mock.instruct(&["slot 0 token=remove"]);
        assert_eq!(waiting.join().unwrap(), (CKR_OK, 0));

        let waiting = thread::spawn(move || wait(0));
        thread::sleep(Duration::from_millis(50));
        mock.instruct(&["wait-for-slot-event=polling"]);
        assert_eq!((wait(0).0, wait(CKF_DONT_BLOCK).0), (CKR_FUNCTION_NOT_SUPPORTED, CKR_NO_EVENT));
        mock.instruct(&["wait-for-slot-event=unsupported"]);
        assert_eq!(wait(CKF_DONT_BLOCK).0, CKR_FUNCTION_NOT_SUPPORTED);
        assert_eq!(call!(list.C_Finalize(ptr::null_mut())), CKR_OK);
        assert_eq!(waiting.join().unwrap().0, CKR_CRYPTOKI_NOT_INITIALIZED);
    });
}

#[test]
fn pins_are_counted_locked_and_set_anew() {
    isolated(|| {
        let mock = Mock::load();
        let list = mock.start();
        let session = open(&list, 0).unwrap();
        for _ in 0..9 {
            assert_eq!(login(&list, session, CKU_USER, "9999"), CKR_PIN_INCORRECT);
        }
        assert_ne!({ token(&list, 0).unwrap().flags } & CKF_USER_PIN_FINAL_TRY, 0);
        assert_eq!(login(&list, session, CKU_USER, "9999"), CKR_PIN_LOCKED);
        assert_eq!(login(&list, session, CKU_USER, "1234"), CKR_PIN_LOCKED);
        assert_ne!({ token(&list, 0).unwrap().flags } & CKF_USER_PIN_LOCKED, 0);
        assert_eq!(login(&list, session, CKU_SO, "12345678"), CKR_OK);
        let mut new = *b"5678";
        assert_eq!(call!(list.C_InitPIN(session, new.as_mut_ptr(), 4)), CKR_OK);
        assert_eq!(call!(list.C_Logout(session)), CKR_OK);
        assert_eq!(call!(list.C_Logout(session)), CKR_USER_NOT_LOGGED_IN);
        assert_eq!(login(&list, session, CKU_USER, "5678"), CKR_OK);
        assert_eq!(login(&list, open(&list, 0).unwrap(), CKU_USER, "5678"), CKR_USER_ALREADY_LOGGED_IN);
        let mut changed = *b"abcd";
        assert_eq!(call!(list.C_SetPIN(session, new.as_mut_ptr(), 4, changed.as_mut_ptr(), 4)), CKR_OK);

        let (mut pin, mut label) = (*b"12345678", [b' '; 32]);
        label[..3].copy_from_slice(b"new");
        assert_eq!(call!(list.C_InitToken(0, pin.as_mut_ptr(), 8, label.as_mut_ptr())), CKR_SESSION_EXISTS);
        assert_eq!(call!(list.C_CloseAllSessions(0)), CKR_OK);
        assert_eq!(call!(list.C_InitToken(0, pin.as_mut_ptr(), 8, label.as_mut_ptr())), CKR_OK);
        assert_eq!(token(&list, 0).unwrap().label, label);
        assert_eq!(login(&list, open(&list, 0).unwrap(), CKU_USER, "abcd"), CKR_USER_PIN_NOT_INITIALIZED);
    });
}

#[test]
fn objects_are_found_by_what_may_be_seen() {
    isolated(|| {
        let mock = Mock::load();
        let list = mock.start();
        let session = open(&list, 0).unwrap();
        let (data, secret) = (CKO_DATA.to_ne_bytes(), CKO_SECRET_KEY.to_ne_bytes());
        let private: (CK_ULONG, &[u8]) = (CKA_PRIVATE, &[1]);
        assert_eq!(create(&list, session, &[(CKA_CLASS, &data), private]), Err(CKR_USER_NOT_LOGGED_IN));
        assert_eq!(login(&list, session, CKU_USER, "1234"), CKR_OK);
        let labelled = |value: &'static [u8]| (CKA_LABEL, value);
        for _ in 0..3 {
            create(&list, session, &[(CKA_CLASS, &data), labelled(b"seen")]).unwrap();
        }
        let hidden = [
            (CKA_CLASS, &secret[..]),
            labelled(b"key"),
            (CKA_VALUE, b"0123456789abcdef"),
            (CKA_SENSITIVE, &[1]),
            private,
        ];
        let key = create(&list, session, &hidden).unwrap();
        assert_eq!((find(&list, session, b"seen").len(), find(&list, session, b"key")), (3, vec![key]));

        let (mut room, mut small) = ([0; 64], [0; 2]);
        let place = |kind, buffer: &mut [u8]| CK_ATTRIBUTE {
            type_: kind,
            pValue: buffer.as_mut_ptr().cast(),
            ulValueLen: buffer.len() as CK_ULONG,
        };
        let (label, hidden) = room.split_at_mut(8);
        let mut template =
            [place(CKA_LABEL, label), place(CKA_VALUE, hidden), place(0x9999, &mut []), place(CKA_LABEL, &mut small)];
        let code = call!(list.C_GetAttributeValue(session, key, template.as_mut_ptr(), 4));
        assert!(
            [CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID, CKR_BUFFER_TOO_SMALL].contains(&code),
            "{code:#x}"
        );
        assert_eq!(template.map(|each| each.ulValueLen), [3, CK_ULONG::MAX, CK_ULONG::MAX, CK_ULONG::MAX]);

        mock.instruct(&["renumber-objects"]);
        assert_eq!(call!(list.C_DestroyObject(session, key)), CKR_OBJECT_HANDLE_INVALID);
        let again = find(&list, session, b"key");
        assert!(again.len() == 1 && again[0] != key);
        assert_eq!(call!(list.C_DestroyObject(session, again[0])), CKR_OK);
        assert_eq!(call!(list.C_CloseSession(session)), CKR_OK);
        assert!(find(&list, open(&list, 0).unwrap(), b"seen").is_empty());
    });
}

#[test]
fn many_threads_may_call_at_once() {
    isolated(|| {
        let mock = Mock::load();
        let list = mock.start();
        let first = logged_in(&list);
        let threads: Vec<_> = (0..8)
            .map(|_| {
                thread::spawn(move || {
                    for _ in 0..200 {
                        let session = open(&list, 0).unwrap();
                        pair(&list, session);
                        assert_eq!(call!(list.C_CloseSession(session)), CKR_OK);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!((mock.number("ukeyhub_mock_sessions"), mock.calls("C_CloseSession")), (1, 1600));
        assert_eq!(call!(list.C_CloseSession(first)), CKR_OK);
    });
}

//! Which id a token has: the same in every process, another for another token, unchanged by C_InitToken.

use cryptoki_sys::*;
use ukeyhub_artefacts::isolated;

use crate::hosts::call;
use crate::hosts::libraries::Libraries;
use crate::hosts::mock::Mock;
use crate::hosts::{Module, attributes, libraries, refused};

/// Hosts keep slot ids in configuration files: this value may never change.
#[test]
fn an_id_is_the_same_in_every_process_and_version() {
    for _ in 0..2 {
        isolated(|| {
            let _mock = libraries::one_mock(&["slot 0 serial=0123456789ABCDEF"]);
            let module = Module::load();
            module.initialize().unwrap();
            assert_eq!(module.only_slot(), 1_068_227_228);
            module.finalize().unwrap();
        });
    }
}

#[test]
fn another_token_in_the_same_reader_has_another_id() {
    isolated(|| {
        let mock = libraries::one_mock(&["slot 0 serial=first label=first"]);
        let module = Module::load();
        module.initialize().unwrap();
        let first = module.only_slot();
        let session = module.open(first).unwrap();
        mock.tell("slot 0 token=insert serial=second label=second");
        // Before anyone looks: the first id must not answer for the second token.
        assert_eq!(module.token_info(first).map(|info| info.flags), refused(CKR_TOKEN_NOT_PRESENT));
        assert_eq!(module.open(first), refused(CKR_TOKEN_NOT_PRESENT));
        assert!(module.session_info(session).is_err());
        let slots = module.slots(true);
        assert_eq!(slots.len(), 1);
        assert_ne!(slots[0], first);
        assert_eq!(module.label(slots[0]), "second");
        assert_eq!(module.slots(false), [first, slots[0]]);
        assert!(!module.is_present(first) && module.is_present(slots[0]));
        let mut count = 0;
        let answers = [
            module.token_info(first).map(|info| info.flags),
            module.open(first),
            call!(module, C_GetMechanismList, first, std::ptr::null_mut(), &raw mut count).map(|()| 0),
        ];
        assert_eq!(answers, [refused(CKR_TOKEN_NOT_PRESENT); 3]);
        let (mut pin, mut label) = (*b"12345678", [b' '; 32]);
        let initialised = call!(module, C_InitToken, first, pin.as_mut_ptr(), 8, label.as_mut_ptr());
        assert_eq!(initialised, refused(CKR_TOKEN_NOT_PRESENT), "a stranger's token would have been erased");
        assert_eq!(mock.calls("C_InitToken"), 0);
        // The first token returns and has its id again.
        mock.tell("slot 0 token=insert serial=first label=first");
        assert_eq!(module.slots(true), [first]);
        assert_eq!(module.label(first), "first");
        assert_eq!(module.token_info(slots[0]).map(|info| info.flags), refused(CKR_TOKEN_NOT_PRESENT));
        module.finalize().unwrap();
    });
}

#[test]
fn equal_serial_numbers_give_two_slots() {
    isolated(|| {
        let first = Mock::told(&["slot 0 serial=SAME label=one"]);
        let second = Mock::told(&["slots=2", "slot 0 serial=SAME label=two", "slot 1 serial=SAME label=three"]);
        Libraries::new().library("first", &first.path).library("second", &second.path).use_here();
        let module = Module::load();
        let seen = || {
            module.initialize().unwrap();
            let slots = module.slots(true);
            let labels: Vec<_> = slots.iter().map(|slot| module.label(*slot)).collect();
            assert_eq!(labels, ["one", "two", "three"]);
            let mut different = slots.clone();
            different.sort_unstable();
            different.dedup();
            assert_eq!(different.len(), 3, "{slots:?}");
            module.finalize().unwrap();
            slots
        };
        assert_eq!(seen(), seen(), "ids change from run to run");
        assert_eq!([first.sessions(), second.sessions()], [0, 0], "sessions are left open");
    });
}

/// The public key on the token tells equal serial numbers apart, wherever the token is.
#[test]
fn equal_serial_numbers_are_told_apart_by_the_public_key() {
    isolated(|| {
        let mock = libraries::one_mock(&["slots=3", "slot 0 serial=SAME", "slot 1 serial=SAME", "slot 2 serial=SAME"]);
        let module = Module::load();
        module.initialize().unwrap();
        let before = module.slots(true);
        assert_eq!(before.len(), 3);
        for (slot, point) in before.iter().zip([b"point-0", b"point-1", b"point-2"]) {
            let session = module.open(*slot).unwrap();
            module.login(session, CKU_USER, "1234").unwrap();
            let attributes = attributes::Attributes::new()
                .number(CKA_CLASS, CKO_PUBLIC_KEY)
                .flag(CKA_TOKEN, true)
                .flag(CKA_PRIVATE, false)
                .bytes(CKA_EC_POINT, point);
            let mut template = attributes.list();
            let mut object = 0;
            let count = template.len() as CK_ULONG;
            call!(module, C_CreateObject, session, template.as_mut_ptr(), count, &raw mut object).unwrap();
        }
        module.finalize().unwrap();
        module.initialize().unwrap();
        let with_keys = module.slots(true);
        assert_eq!(with_keys[0], before[0]);
        let changed = with_keys[1] != before[1] && with_keys[2] != before[2] && with_keys[1] != with_keys[2];
        assert!(changed, "{before:?} {with_keys:?}");
        assert_eq!(mock.sessions(), 0);
        module.finalize().unwrap();
    });
}

#[test]
fn initialising_a_token_keeps_its_slot() {
    isolated(|| {
        let mock = libraries::one_mock(&["slot 0 serial=before"]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        // The token gets a new serial number when it is initialised, as SoftHSM's do.
        let (mut pin, mut label) = (*b"12345678", *b"new label                       ");
        mock.tell("at=1 call=C_InitToken do=delay:200");
        std::thread::scope(|scope| {
            let thread =
                scope.spawn(|| call!(module, C_InitToken, slot, (&raw mut pin).cast(), 8, (&raw mut label).cast()));
            while mock.calls("C_InitToken") == 0 {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            mock.tell("slot 0 serial=after event=off");
            assert_eq!(thread.join().unwrap(), Ok(()));
        });
        let info = module.token_info(slot).unwrap();
        assert_eq!([crate::hosts::text(&info.label), crate::hosts::text(&info.serialNumber)], ["new label", "after"]);
        assert_eq!(module.slots(true), [slot]);
        assert!(module.open(slot).is_ok());
        assert_eq!(module.event(), refused(CKR_NO_EVENT), "the host itself changed the token");
        module.finalize().unwrap();
    });
}

/// SoftHSM gives a new token a new serial number and a new slot of its own.
#[test]
fn initialising_a_token_of_softhsm_keeps_its_slot() {
    isolated(|| {
        let store = ukeyhub_artefacts::softhsm::Store::with_tokens(&[]);
        ukeyhub_artefacts::set_env("SOFTHSM2_CONF", store.config());
        let library = ukeyhub_artefacts::softhsm::library();
        Libraries::new().library_with("softhsm", &library, "profile = \"softhsm\"").use_here();
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        let (mut pin, mut label) = (*b"12345678", *b"fresh                           ");
        call!(module, C_InitToken, slot, pin.as_mut_ptr(), 8, label.as_mut_ptr()).unwrap();
        assert_eq!(module.label(slot), "fresh");
        let session = module.open(slot).unwrap();
        module.login(session, CKU_SO, "12345678").unwrap();
        assert_eq!(module.slots(true)[0], slot);
        module.finalize().unwrap();
    });
}

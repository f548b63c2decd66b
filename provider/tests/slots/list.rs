//! C_GetSlotList: length convention, order, tokens that come and go between two lists.

use std::ptr;

use cryptoki_sys::*;
use ukeyhub_artefacts::{isolated, set_env, softhsm};

use crate::hosts::call;
use crate::hosts::libraries::Libraries;
use crate::hosts::mock::Mock;
use crate::hosts::{Module, libraries, refused};

#[test]
fn the_list_follows_the_length_convention() {
    isolated(|| {
        let _mock = libraries::one_mock(&["slots=3"]);
        let module = Module::load();
        module.initialize().unwrap();
        let mut count = 77;
        let mut list = [0xAAAA; 4];
        call!(module, C_GetSlotList, CK_FALSE, ptr::null_mut(), &raw mut count).unwrap();
        assert_eq!(count, 3);
        count = 2;
        let short = call!(module, C_GetSlotList, CK_FALSE, list.as_mut_ptr(), &raw mut count);
        assert_eq!((short, count, list), (refused(CKR_BUFFER_TOO_SMALL), 3, [0xAAAA; 4]));
        count = 4;
        call!(module, C_GetSlotList, CK_FALSE, list.as_mut_ptr(), &raw mut count).unwrap();
        assert_eq!((count, list[3]), (3, 0xAAAA));
        assert!(list[..3].iter().all(|id| *id <= 0x7FFF_FFFF), "{list:?}");
        count = 0;
        let none = call!(module, C_GetSlotList, CK_FALSE, list.as_mut_ptr(), &raw mut count);
        assert_eq!((none, count), (refused(CKR_BUFFER_TOO_SMALL), 3));
        module.finalize().unwrap();
    });
}

/// A host that brings room at once, without asking for the number first.
#[test]
fn the_list_needs_no_question_before() {
    isolated(|| {
        let mock = libraries::one_mock(&["slots=2"]);
        let module = Module::load();
        module.initialize().unwrap();
        let listed = || {
            let (mut list, mut count) = ([0; 8], 8);
            call!(module, C_GetSlotList, CK_TRUE, list.as_mut_ptr(), &raw mut count).unwrap();
            list[..count as usize].to_vec()
        };
        let first = listed();
        assert_eq!(first.len(), 2);
        mock.tell("slot 0 token=remove");
        assert_eq!(listed(), first[1..]);
        module.finalize().unwrap();
    });
}

/// Order: configuration, then the library's own. Ids do not depend on the order.
#[test]
fn order_is_the_configurations_and_ids_are_the_tokens() {
    let mocks = || {
        let first = Mock::told(&["slots=2", "slot 0 serial=A-1 label=a1", "slot 1 serial=A-2 label=a2"]);
        let second = Mock::told(&["slots=2", "slot 0 serial=B-1 label=b1", "slot 1 serial=B-2 label=b2"]);
        [("first", first), ("second", second)]
    };
    let seen = |module: &Module| {
        module.initialize().unwrap();
        let slots = module.slots(true);
        let labels: Vec<_> = slots.iter().map(|slot| module.label(*slot)).collect();
        module.finalize().unwrap();
        (slots, labels)
    };
    isolated(|| {
        let [(one, first), (two, second)] = mocks();
        let module = Module::load();
        Libraries::new().library(one, &first.path).library(two, &second.path).use_here();
        let (slots, labels) = seen(&module);
        assert_eq!(labels, ["a1", "a2", "b1", "b2"]);
        Libraries::new().library(two, &second.path).library(one, &first.path).use_here();
        let (turned, labels) = seen(&module);
        assert_eq!(labels, ["b1", "b2", "a1", "a2"]);
        assert_eq!(turned, [slots[2], slots[3], slots[0], slots[1]]);
        // The same tokens in other slots of the library.
        first.tell("slot 0 serial=A-2 label=a2");
        first.tell("slot 1 serial=A-1 label=a1");
        let (moved, labels) = seen(&module);
        assert_eq!(labels, ["b1", "b2", "a2", "a1"]);
        assert_eq!(moved, [slots[2], slots[3], slots[1], slots[0]]);
    });
}

#[test]
fn a_token_that_comes_later_is_appended_at_the_next_question() {
    isolated(|| {
        let first = Mock::told(&["slots=2 tokens=1,0"]);
        let second = Mock::told(&["slot 0 serial=second"]);
        Libraries::new().library("first", &first.path).library("second", &second.path).use_here();
        let module = Module::load();
        module.initialize().unwrap();
        let before = module.slots(false);
        assert_eq!(before.len(), 2, "an empty slot is shown");
        first.tell("slot 1 token=insert serial=late label=late");
        // Only a null list may change the list.
        let (mut list, mut count) = ([0; 8], 8);
        call!(module, C_GetSlotList, CK_FALSE, list.as_mut_ptr(), &raw mut count).unwrap();
        assert_eq!(list[..count as usize], before);
        let after = module.slots(false);
        assert_eq!((&after[..2], after.len()), (&before[..], 3));
        assert_eq!(module.label(after[2]), "late");
        assert!(module.open(after[2]).is_ok());
        module.finalize().unwrap();
    });
}

/// PKCS#11 3.0, 5.5.1: the set of slots is checked when the number is asked for. An event in another thread, between a
/// host's two calls, must not make the list longer than announced.
#[test]
fn an_event_does_not_change_the_list_between_two_calls() {
    isolated(|| {
        let mock = libraries::one_mock(&["slots=1"]);
        let module = Module::load();
        module.initialize().unwrap();
        let (mut list, mut count) = ([0; 1], 0);
        call!(module, C_GetSlotList, CK_FALSE, ptr::null_mut(), &raw mut count).unwrap();
        assert_eq!(count, 1);
        mock.tell("slot=add token=insert serial=late");
        let event = module.event().unwrap();
        assert!(module.open(event).is_ok(), "the new slot answers at once");
        let answer = call!(module, C_GetSlotList, CK_FALSE, list.as_mut_ptr(), &raw mut count);
        assert_eq!((answer, count), (Ok(()), 1));
        assert_eq!(module.slots(false), [list[0], event]);
        module.finalize().unwrap();
    });
}

#[test]
fn a_slot_stays_when_its_token_goes() {
    isolated(|| {
        let mock = libraries::one_mock(&["slots=2"]);
        let module = Module::load();
        module.initialize().unwrap();
        let slots = module.slots(true);
        mock.tell("slot 0 token=remove");
        assert!(!module.is_present(slots[0]));
        assert_eq!(module.slots(false), slots);
        assert_eq!(module.slots(true), slots[1..]);
        assert_eq!(module.token_info(slots[0]).map(|info| info.flags), refused(CKR_TOKEN_NOT_PRESENT));
        assert_eq!(module.open(slots[0]), refused(CKR_TOKEN_NOT_PRESENT));
        // The same token comes back.
        mock.tell("slot 0 token=insert");
        assert!(module.is_present(slots[0]));
        assert_eq!(module.slots(true), slots);
        assert!(module.open(slots[0]).is_ok());
        module.finalize().unwrap();
    });
}

/// A host that knows the id from an earlier run and never lists slots.
#[test]
fn a_known_id_works_without_a_list() {
    isolated(|| {
        let _mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        module.finalize().unwrap();
        module.initialize().unwrap();
        assert!(module.open(slot).is_ok());
        module.finalize().unwrap();
    });
}

/// One library that cannot list its slots does not hide the others'.
#[test]
fn a_library_that_fails_hides_no_other() {
    isolated(|| {
        let (broken, good) = (Mock::told(&["call=C_GetSlotList do=return:0x30"]), Mock::new());
        Libraries::new().library("broken", &broken.path).library("good", &good.path).use_here();
        let module = Module::load();
        module.initialize().unwrap();
        let good_only = module.only_slot();
        broken.tell("clear");
        let slots = module.slots(true);
        assert_eq!(slots.len(), 2);
        assert_eq!(slots[0], good_only, "the order of what was seen has changed");
        broken.tell("call=C_GetSlotInfo do=garbage");
        broken.tell("call=C_GetTokenInfo do=garbage");
        broken.tell("at=1 call=C_GetSlotList do=garbage:4000000000");
        assert!(module.slots(true).contains(&good_only));
        module.finalize().unwrap();
    });
}

/// Label, manufacturer, model and serial number are how hosts know a token: nothing of them is changed.
#[test]
fn token_information_is_the_librarys_own() {
    isolated(|| {
        let store = softhsm::Store::new();
        set_env("SOFTHSM2_CONF", store.config());
        let line = "slot 0 label=\"Schlüssel 1\" manufacturer=\"Maker, Ltd.\" model=M-2 serial=0042";
        let mock = Mock::told(&[line]);
        Libraries::new().library("mock", &mock.path).library("softhsm", &softhsm::library()).use_here();
        let module = Module::load();
        module.initialize().unwrap();
        let slots = module.slots(true);
        let of_mock = module.token_info(slots[0]).unwrap();
        let texts = [&of_mock.label[..], &of_mock.manufacturerID, &of_mock.model, &of_mock.serialNumber];
        assert_eq!(texts.map(crate::hosts::text), ["Schlüssel 1", "Maker, Ltd.", "M-2", "0042"]);
        let of_softhsm = module.token_info(slots[1]).unwrap();
        assert_eq!(crate::hosts::text(&of_softhsm.label), softhsm::LABEL);
        assert_eq!(crate::hosts::text(&of_softhsm.manufacturerID), "SoftHSM project");
        module.finalize().unwrap();
    });
}

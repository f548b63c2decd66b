//! C_WaitForSlotEvent, both forms, over libraries with and without events of their own (PKCS#11 3.0, 5.5.4).

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use cryptoki_sys::*;
use ukeyhub_artefacts::isolated;

use crate::hosts::mock::Mock;
use crate::hosts::{Module, libraries, refused};

/// All events there are now.
fn drain(module: &Module) -> Vec<CK_SLOT_ID> {
    std::iter::from_fn(|| match module.event() {
        Ok(slot) => Some(slot),
        Err(error) => {
            assert_eq!(error.code(), CKR_NO_EVENT);
            None
        }
    })
    .take(1_000)
    .collect()
}

/// A module over one mock whose slots have been listed.
fn listed(lines: &[&str]) -> (Mock, Module, Vec<CK_SLOT_ID>) {
    let mock = libraries::one_mock(lines);
    let module = Module::load();
    module.initialize().unwrap();
    let slots = module.slots(false);
    (mock, module, slots)
}

const SUPPORT: [&str; 3] =
    ["wait-for-slot-event=supported", "wait-for-slot-event=polling", "wait-for-slot-event=unsupported"];

#[test]
fn nothing_happens_without_an_event() {
    isolated(|| {
        for support in SUPPORT {
            let (_mock, module, _) = listed(&["slots=2", support]);
            assert!(drain(&module).is_empty(), "{support}");
            module.finalize().unwrap();
        }
    });
}

#[test]
fn tokens_that_go_and_come_are_events_with_any_library() {
    isolated(|| {
        for support in SUPPORT {
            let (mock, module, slots) = listed(&["slots=2", support]);
            mock.tell("slot 1 token=remove");
            assert_eq!(drain(&module), [slots[1]], "{support}");
            assert!(!module.is_present(slots[1]));
            mock.tell("slot 1 token=insert");
            assert_eq!(drain(&module), [slots[1]], "{support}");
            assert!(module.is_present(slots[1]));
            mock.tell("slot 0 token=remove");
            mock.tell("slot 1 token=remove");
            assert_eq!(drain(&module).into_iter().collect::<BTreeSet<_>>(), slots.iter().copied().collect());
            module.finalize().unwrap();
        }
    });
}

/// The library reports what no poll could see.
#[test]
fn a_token_that_goes_and_comes_between_two_polls_is_an_event() {
    isolated(|| {
        for support in &SUPPORT[..2] {
            let (mock, module, slots) = listed(&["slots=2", support]);
            mock.tell("slot 1 token=remove");
            mock.tell("slot 1 token=insert");
            assert_eq!(drain(&module), [slots[1]], "{support}");
            mock.tell("event=0");
            assert_eq!(drain(&module), [slots[0]], "{support}");
            module.finalize().unwrap();
        }
    });
}

/// A slot list taken in between must not swallow the event.
#[test]
fn a_slot_list_loses_no_event() {
    isolated(|| {
        for support in SUPPORT {
            let (mock, module, slots) = listed(&["slots=2", support]);
            mock.tell("slot 1 token=remove");
            assert_eq!(module.slots(true), [slots[0]]);
            assert!(!module.is_present(slots[1]));
            assert_eq!(drain(&module), [slots[1]], "{support}");
            module.finalize().unwrap();
        }
    });
}

/// The library reports an event before the module has looked at anything.
#[test]
fn an_event_before_the_first_look_is_not_lost() {
    isolated(|| {
        let mock = libraries::one_mock(&["slots=2 tokens=1,0"]);
        let module = Module::load();
        module.initialize().unwrap();
        mock.tell("slot 1 token=insert");
        let events = drain(&module);
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(module.label(events[0]), "mock token 1");
        module.finalize().unwrap();
    });
}

#[test]
fn an_event_may_name_a_new_slot_that_answers_at_once() {
    isolated(|| {
        for support in SUPPORT {
            let (mock, module, slots) = listed(&["slots=1", support]);
            mock.tell("slot=add token=insert serial=late label=late");
            let events = drain(&module);
            assert_eq!(events.len(), 1, "{support}: {events:?}");
            assert!(!slots.contains(&events[0]));
            assert!(module.is_present(events[0]));
            assert_eq!(module.label(events[0]), "late");
            let session = module.open(events[0]).unwrap();
            assert!(module.session_info(session).is_ok());
            assert_eq!(module.slots(true), [slots[0], events[0]]);
            module.finalize().unwrap();
        }
    });
}

/// Another token in the same reader: both slots have changed.
#[test]
fn a_change_of_tokens_concerns_both_slots() {
    isolated(|| {
        for support in SUPPORT {
            let (mock, module, slots) = listed(&["slots=1", "slot 0 serial=first", support]);
            mock.tell("slot 0 token=insert serial=second");
            let events: BTreeSet<_> = drain(&module).into_iter().collect();
            assert!(events.len() == 2 && events.contains(&slots[0]), "{support}: {events:?}");
            assert_eq!(module.slots(true).len(), 1);
            module.finalize().unwrap();
        }
    });
}

#[test]
fn waiting_ends_with_an_event() {
    isolated(|| {
        for support in SUPPORT {
            let (mock, module, slots) = listed(&["slots=2", support]);
            thread::scope(|scope| {
                let waiting = scope.spawn(|| module.wait_for_event());
                thread::sleep(Duration::from_millis(100));
                assert!(!waiting.is_finished(), "{support}: ended without an event");
                let start = Instant::now();
                mock.tell("slot 1 token=remove");
                assert_eq!(waiting.join().unwrap(), Ok(slots[1]), "{support}");
                assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
            });
            module.finalize().unwrap();
        }
    });
}

/// Ten slots change; two threads wait. Between them they hear of each change.
#[test]
fn two_waiting_threads_miss_nothing() {
    isolated(|| {
        for support in SUPPORT {
            let (mock, module, slots) = listed(&["slots=10", support]);
            let heard = thread::scope(|scope| {
                let wait = || {
                    let mut heard = Vec::new();
                    while let Ok(slot) = module.wait_for_event() {
                        heard.push(slot);
                    }
                    heard
                };
                let waiting = [scope.spawn(wait), scope.spawn(wait)];
                for slot in 0..10 {
                    mock.tell(&format!("slot {slot} token=remove"));
                    if slot % 3 == 0 {
                        thread::sleep(Duration::from_millis(30));
                    }
                }
                thread::sleep(Duration::from_millis(700));
                module.finalize().unwrap();
                let heard: Vec<_> = waiting.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
                heard
            });
            let different: BTreeSet<_> = heard.iter().copied().collect();
            assert_eq!(different, slots.iter().copied().collect(), "{support}: {heard:?}");
        }
    });
}

/// Many changes while a thread polls, another lists slots: at the end the events have told the truth.
#[test]
fn polling_beside_listing_misses_nothing() {
    isolated(|| {
        let (mock, module, slots) = listed(&["slots=4", SUPPORT[2]]);
        let done = std::sync::atomic::AtomicBool::new(false);
        let mut known: std::collections::BTreeMap<_, _> = slots.iter().map(|slot| (*slot, true)).collect();
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    module.slots(false);
                }
            });
            for round in 0..200 {
                let word = if (round / 4) % 2 == 0 { "remove" } else { "insert" };
                mock.tell(&format!("slot {} token={word}", round % 4));
                for slot in drain(&module) {
                    known.insert(slot, module.is_present(slot));
                }
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        for slot in drain(&module) {
            known.insert(slot, module.is_present(slot));
        }
        let truth = slots.iter().map(|slot| (*slot, module.is_present(*slot))).collect();
        assert_eq!(known, truth, "a change was never reported");
        module.finalize().unwrap();
    });
}

/// A library whose events never run dry cannot hold a poll for ever.
#[test]
fn a_library_with_endless_events_does_not_hold_us() {
    isolated(|| {
        let (mock, module, slots) = listed(&["slots=1"]);
        mock.tell("call=C_WaitForSlotEvent do=garbage");
        let start = Instant::now();
        module.slots(true);
        assert!(start.elapsed() < Duration::from_secs(1));
        mock.tell("clear");
        drain(&module);
        assert_eq!(module.slots(true), slots);
        assert_eq!(module.event(), refused(CKR_NO_EVENT));
        module.finalize().unwrap();
    });
}

//! C_Finalize while other threads are inside calls, and calls that never come back.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cryptoki_sys::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_vendors::error::Outcome;

use crate::hosts::call;
use crate::hosts::libraries::Libraries;
use crate::hosts::mock::Mock;
use crate::hosts::processes::{Ending, is_mapped, start_fork, wait};
use crate::hosts::{Module, libraries, refused};

/// What a call may answer while another thread finalises.
fn is_allowed<T>(answer: Outcome<T>) -> bool {
    match answer {
        Ok(_) => true,
        Err(error) => [CKR_CRYPTOKI_NOT_INITIALIZED, CKR_SESSION_HANDLE_INVALID].contains(&error.code()),
    }
}

#[test]
fn finalisation_waits_for_eight_threads() {
    isolated(|| {
        let mock = libraries::one_mock(&["call=C_GetSessionInfo do=delay:300"]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        let barrier = Barrier::new(9);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let session = module.open(slot).unwrap();
                        barrier.wait();
                        module.session_info(session).map(|info| info.slotID)
                    })
                })
                .collect();
            barrier.wait();
            while mock.calls("C_GetSessionInfo") < 8 {
                thread::sleep(Duration::from_millis(1));
            }
            let start = Instant::now();
            assert_eq!(module.finalize(), Ok(()));
            assert!(start.elapsed() > Duration::from_millis(150), "C_Finalize did not wait");
            assert_eq!(mock.calls("C_Finalize"), 1);
            for thread in threads {
                assert_eq!(thread.join().unwrap(), Ok(slot), "a call was not let out");
            }
        });
        assert_eq!(mock.concurrent(), 8, "threads were still inside when the library was ended");
    });
}

/// Start and end while eight threads call without a pause: every answer is one of the standard's, nothing crashes.
#[test]
fn start_and_end_among_calling_threads() {
    isolated(|| {
        let _mock = libraries::one_mock(&["slots=2"]);
        let module = Module::load();
        let (stop, worked) = (AtomicBool::new(false), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut slots = [0; 8];
                    while !stop.load(Ordering::Relaxed) {
                        let mut count = 8;
                        let listed = call!(module, C_GetSlotList, CK_TRUE, slots.as_mut_ptr(), &raw mut count);
                        assert!(is_allowed(listed), "{listed:?}");
                        let Ok(session) = module.open(slots[0]) else { continue };
                        let (info, closed) = (module.session_info(session), module.close(session));
                        assert!(is_allowed(info.map(|info| info.state)), "C_GetSessionInfo");
                        assert!(is_allowed(closed), "{closed:?}");
                        worked.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            for _ in 0..60 {
                module.initialize().unwrap();
                module.slots(true);
                thread::sleep(Duration::from_micros(300));
                module.finalize().unwrap();
            }
            stop.store(true, Ordering::Relaxed);
        });
        assert!(worked.load(Ordering::Relaxed) > 100, "{worked:?}: the threads never worked");
    });
}

/// Several threads call C_Initialize and C_Finalize at once: one of each wins.
#[test]
fn one_of_many_starts_and_one_of_many_ends() {
    isolated(|| {
        let mock = libraries::one_mock(&["call=C_Initialize do=delay:5"]);
        let module = Module::load();
        for round in 1..=20 {
            let barrier = Barrier::new(4);
            let race = |act: &(dyn Fn() -> Outcome + Sync)| {
                thread::scope(|scope| {
                    let runners: Vec<_> = (0..4)
                        .map(|_| {
                            scope.spawn(|| {
                                barrier.wait();
                                act()
                            })
                        })
                        .collect();
                    runners.into_iter().map(|runner| runner.join().unwrap()).collect::<Vec<_>>()
                })
            };
            let started = race(&|| module.initialize());
            assert_eq!(started.iter().filter(|answer| answer.is_ok()).count(), 1, "{started:?}");
            assert_eq!(started.iter().filter(|a| **a == refused(CKR_CRYPTOKI_ALREADY_INITIALIZED)).count(), 3);
            let ended = race(&|| module.finalize());
            assert_eq!(ended.iter().filter(|answer| answer.is_ok()).count(), 1, "{ended:?}");
            assert_eq!(ended.iter().filter(|a| **a == refused(CKR_CRYPTOKI_NOT_INITIALIZED)).count(), 3);
            assert_eq!([mock.calls("C_Initialize"), mock.calls("C_Finalize")], [round, round]);
        }
    });
}

/// A session call that hangs: C_Finalize returns within its patience, ends the other library, leaves this one alone.
#[test]
fn a_hanging_call_costs_its_library_only() {
    isolated(|| {
        let (hanging, good) = (Mock::new(), Mock::new());
        Libraries::new().library("hanging", &hanging.path).library("good", &good.path).use_here();
        hanging.tell("call=C_GetSessionInfo do=hang");
        let module = Module::load();
        module.initialize().unwrap();
        let session = module.open(module.slots(true)[0]).unwrap();
        thread::scope(|scope| {
            let stuck = scope.spawn(|| module.session_info(session).map(|info| info.state));
            while hanging.calls("C_GetSessionInfo") == 0 {
                thread::sleep(Duration::from_millis(1));
            }
            finalisation_gives_up(&module);
            assert_eq!([hanging.calls("C_Finalize"), good.calls("C_Finalize")], [0, 1]);
            assert_eq!(module.session_info(session).map(|info| info.state), refused(CKR_CRYPTOKI_NOT_INITIALIZED));

            // Starting again while the thread is still inside.
            hanging.tell("clear");
            module.initialize().unwrap();
            let again = module.open(module.slots(true)[0]).unwrap();
            assert!(module.session_info(again).is_ok());
            assert!(module.session_info(session).is_err());
            hanging.tell("release");
            assert!(stuck.join().unwrap().is_ok(), "the late answer was lost");
            module.finalize().unwrap();
        });
        assert_eq!(hanging.calls("C_Finalize"), 0, "it was initialised before, so it is not ours to end");
    });
}

fn finalisation_gives_up(module: &Module) {
    let start = Instant::now();
    assert_eq!(module.finalize(), Ok(()));
    let took = start.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(9)).contains(&took), "C_Finalize took {took:?}");
}

/// The same for a call that hangs below a function of the module's own, where several libraries are asked.
fn a_hang_below(function: &'static str, enter: impl Fn(&Module) + Sync) {
    // Equal serial numbers make the module ask for public keys.
    let (hanging, good) = (Mock::told(&["slots=2", "slot 1 serial=00000001"]), Mock::new());
    Libraries::new().library("hanging", &hanging.path).library("good", &good.path).use_here();
    let module = Module::load();
    module.initialize().unwrap();
    hanging.tell(&format!("call={function} do=hang"));
    hanging.tell("reset-counts");
    thread::scope(|scope| {
        let stuck = scope.spawn(|| enter(&module));
        while hanging.calls(function) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        finalisation_gives_up(&module);
        assert_eq!(hanging.calls("C_Finalize"), 0, "ended while a thread was inside {function}");
        assert_eq!(good.calls("C_Finalize"), 1);
        assert!(is_mapped(&hanging.path));
        hanging.tell("clear");
        hanging.tell("release");
        stuck.join().unwrap();
    });
}

/// Each in a child of its own, side by side: every one of them takes the module's patience.
#[test]
fn a_hang_below_a_function_of_the_modules_own() {
    isolated(|| {
        let count = |module: &Module| _ = slot_count(module);
        let event = |module: &Module| _ = module.event();
        let children = [
            start_fork(|| ended(|| a_hang_below("C_GetSlotList", count))),
            start_fork(|| ended(|| a_hang_below("C_GetSlotInfo", count))),
            start_fork(|| ended(|| a_hang_below("C_FindObjectsInit", count))),
            start_fork(|| ended(|| a_hang_below("C_GetTokenInfo", event))),
            start_fork(|| ended(|| a_hang_below("C_WaitForSlotEvent", event))),
        ];
        let endings = children.map(|child| wait(child, Duration::from_secs(40)));
        assert_eq!(endings, [Ending::Exit(0); 5]);
    });
}

fn ended(body: impl FnOnce()) -> i32 {
    body();
    0
}

fn slot_count(module: &Module) -> Outcome<CK_ULONG> {
    let mut count = 0;
    call!(module, C_GetSlotList, CK_TRUE, std::ptr::null_mut(), &raw mut count).map(|()| count)
}

#[test]
fn a_hang_while_opening_a_session() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        mock.tell("call=C_OpenSession do=hang");
        thread::scope(|scope| {
            let stuck = scope.spawn(|| module.open(slot));
            while mock.calls("C_OpenSession") == 0 {
                thread::sleep(Duration::from_millis(1));
            }
            finalisation_gives_up(&module);
            assert_eq!(mock.calls("C_Finalize"), 0);
            mock.tell("release");
            _ = stuck.join().unwrap();
        });
    });
}

/// A library that hangs in C_CloseSession delays only who closes.
#[test]
fn a_hanging_close_disturbs_no_other_session() {
    isolated(|| {
        let mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        let [closing, other] = [module.open(slot).unwrap(), module.open(slot).unwrap()];
        mock.tell("at=1 call=C_CloseSession do=hang");
        thread::scope(|scope| {
            let stuck = scope.spawn(|| module.close(closing));
            while mock.calls("C_CloseSession") == 0 {
                thread::sleep(Duration::from_millis(1));
            }
            for _ in 0..200 {
                let session = module.open(slot).unwrap();
                assert!(module.session_info(other).is_ok());
                assert_eq!(module.close(session), Ok(()));
            }
            assert_eq!(module.close(closing), refused(CKR_SESSION_HANDLE_INVALID));
            mock.tell("release");
            assert_eq!(stuck.join().unwrap(), Ok(()));
        });
        module.finalize().unwrap();
    });
}

#[test]
fn waiting_for_an_event_ends_with_finalisation() {
    isolated(|| {
        let _mock = libraries::one_mock(&[]);
        let module = Module::load();
        for _ in 0..5 {
            module.initialize().unwrap();
            thread::scope(|scope| {
                let waiting = [scope.spawn(|| module.wait_for_event()), scope.spawn(|| module.wait_for_event())];
                thread::sleep(Duration::from_millis(50));
                let start = Instant::now();
                assert_eq!(module.finalize(), Ok(()));
                assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
                for thread in waiting {
                    assert_eq!(thread.join().unwrap(), refused(CKR_CRYPTOKI_NOT_INITIALIZED));
                }
            });
        }
    });
}

/// A thread that has ended is inside nothing.
#[test]
fn threads_that_have_ended_do_not_hold_the_end_up() {
    isolated(|| {
        let _mock = libraries::one_mock(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let slot = module.only_slot();
        for _ in 0..50 {
            thread::scope(|scope| {
                scope.spawn(|| module.open(slot).unwrap());
            });
        }
        let start = Instant::now();
        module.finalize().unwrap();
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    });
}

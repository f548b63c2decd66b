//! Sessions of two libraries against a model: opened, used, closed, closed all at once, with stale and forged handles.
//! And many threads that do the same at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use cryptoki_sys::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ukeyhub_artefacts::isolated;

use crate::hosts::call;
use crate::hosts::libraries::Libraries;
use crate::hosts::mock::Mock;
use crate::hosts::{Module, refused};

/// One step. Numbers choose among what there is at that moment.
#[derive(Clone, Debug)]
enum Step {
    Open { slot: usize },
    Use { session: usize },
    Close { session: usize },
    CloseAll { slot: usize },
    UseStale { session: usize },
    CloseStale { session: usize },
    UseForged { session: usize, change: CK_ULONG },
    CloseForged { session: usize, change: CK_ULONG },
}

fn step() -> impl Strategy<Value = Step> {
    let any = 0..64usize;
    prop_oneof![
        4 => any.clone().prop_map(|slot| Step::Open { slot }),
        4 => any.clone().prop_map(|session| Step::Use { session }),
        2 => any.clone().prop_map(|session| Step::Close { session }),
        1 => any.clone().prop_map(|slot| Step::CloseAll { slot }),
        2 => any.clone().prop_map(|session| Step::UseStale { session }),
        1 => any.clone().prop_map(|session| Step::CloseStale { session }),
        2 => (any.clone(), change()).prop_map(|(session, change)| Step::UseForged { session, change }),
        1 => (any, change()).prop_map(|(session, change)| Step::CloseForged { session, change }),
    ]
}

/// A change of a handle: one bit, a neighbour, or anything.
fn change() -> impl Strategy<Value = CK_ULONG> {
    prop_oneof![(0..CK_ULONG::BITS).prop_map(|bit| 1 << bit), 1..1024 as CK_ULONG, any::<CK_ULONG>()]
}

/// Which sessions are open, and where.
#[derive(Default)]
struct Model {
    open: HashMap<CK_SESSION_HANDLE, CK_SLOT_ID>,
    order: Vec<CK_SESSION_HANDLE>,
    stale: Vec<CK_SESSION_HANDLE>,
}

impl Model {
    fn pick(list: &[CK_SESSION_HANDLE], at: usize) -> Option<CK_SESSION_HANDLE> {
        (!list.is_empty()).then(|| list[at % list.len()])
    }

    fn close(&mut self, session: CK_SESSION_HANDLE) {
        self.open.remove(&session);
        self.order.retain(|each| *each != session);
        self.stale.push(session);
    }

    /// What the module must answer to C_GetSessionInfo: the slot, or that there is no such session.
    fn check(&self, module: &Module, session: CK_SESSION_HANDLE) {
        let slot = module.session_info(session).map(|info| info.slotID);
        match self.open.get(&session) {
            Some(wanted) => assert_eq!(slot, Ok(*wanted), "{session:#x}"),
            None => assert_eq!(slot, refused(CKR_SESSION_HANDLE_INVALID), "{session:#x}"),
        }
    }

    fn check_close(&mut self, module: &Module, session: CK_SESSION_HANDLE) {
        if self.open.contains_key(&session) {
            assert_eq!(module.close(session), Ok(()));
            self.close(session);
        } else {
            assert_eq!(module.close(session), refused(CKR_SESSION_HANDLE_INVALID), "{session:#x}");
        }
    }

    fn take(&mut self, module: &Module, slots: &[CK_SLOT_ID], step: &Step) {
        match *step {
            Step::Open { slot } => {
                let slot = slots[slot % slots.len()];
                let session = module.open(slot).unwrap();
                assert!(!self.stale.contains(&session), "a handle came again: {session:#x}");
                assert_eq!(self.open.insert(session, slot), None, "two sessions have one handle");
                self.order.push(session);
            }
            Step::CloseAll { slot } => {
                let slot = slots[slot % slots.len()];
                assert_eq!(call!(module, C_CloseAllSessions, slot), Ok(()));
                let closed: Vec<_> = self.order.iter().filter(|each| self.open[each] == slot).copied().collect();
                closed.into_iter().for_each(|session| self.close(session));
            }
            Step::Use { session } => {
                Self::pick(&self.order, session).into_iter().for_each(|session| self.check(module, session));
            }
            Step::UseStale { session } => {
                Self::pick(&self.stale, session).into_iter().for_each(|session| self.check(module, session));
            }
            Step::Close { session } => {
                Self::pick(&self.order, session).into_iter().for_each(|session| self.check_close(module, session));
            }
            Step::CloseStale { session } => {
                Self::pick(&self.stale, session).into_iter().for_each(|session| self.check_close(module, session));
            }
            Step::UseForged { session, change } => {
                self.check(module, Self::pick(&self.order, session).unwrap_or(1) ^ change);
            }
            Step::CloseForged { session, change } => {
                self.check_close(module, Self::pick(&self.order, session).unwrap_or(1) ^ change);
            }
        }
    }
}

/// Two libraries with two slots each.
fn two_libraries(quiet: bool) -> [Mock; 2] {
    let lines: &[&str] = if quiet { &["slots=2", "quiet"] } else { &["slots=2"] };
    let mocks = [Mock::told(lines), Mock::told(lines)];
    Libraries::new().library("first", &mocks[0].path).library("second", &mocks[1].path).use_here();
    mocks
}

#[test]
fn sessions_behave_like_a_map() {
    isolated(|| {
        let _mocks = two_libraries(true);
        let module = Module::load();
        module.initialize().unwrap();
        let slots = module.slots(true);
        assert_eq!(slots.len(), 4);
        let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new(config);
        let cases = proptest::collection::vec(step(), 1..200);
        let result = runner.run(&cases, |steps| {
            let mut model = Model::default();
            steps.iter().for_each(|step| model.take(&module, &slots, step));
            for session in model.order.clone() {
                model.check_close(&module, session);
            }
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{error}"));
        module.finalize().unwrap();
    });
}

/// Every thread sees its own sessions and nobody else's, while threads come and go and close each other's slots.
#[test]
fn eight_threads_open_use_and_close() {
    isolated(|| {
        let _mocks = two_libraries(true);
        let module = Module::load();
        module.initialize().unwrap();
        let slots = module.slots(true);
        // The last slot is closed as a whole, again and again; its sessions may vanish.
        let (stable, shared) = (&slots[..3], slots[3]);
        let (stop, vanished) = (AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|scope| {
            let workers: Vec<_> = (0..8usize)
                .map(|number| {
                    let (module, stop, vanished) = (&module, &stop, &vanished);
                    scope.spawn(move || {
                        let mut stale = Vec::new();
                        for round in 0..4_000 {
                            let slot = stable[(number + round) % stable.len()];
                            let session = module.open(slot).unwrap();
                            let loose = module.open(shared).unwrap();
                            for _ in 0..3 {
                                assert_eq!(module.session_info(session).map(|info| info.slotID), Ok(slot));
                                match module.session_info(loose) {
                                    Ok(info) => assert_eq!({ info.slotID }, shared),
                                    Err(error) => {
                                        assert_eq!(error.code(), CKR_SESSION_HANDLE_INVALID);
                                        vanished.fetch_add(1, Ordering::Relaxed);
                                    }
                                }
                            }
                            assert_eq!(module.close(session), Ok(()));
                            stale.push(session);
                            let old = stale[round / 2];
                            assert!(module.session_info(old).is_err(), "a closed handle works");
                            if let Err(error) = module.close(loose) {
                                assert_eq!(error.code(), CKR_SESSION_HANDLE_INVALID);
                            }
                        }
                        stop.load(Ordering::Relaxed)
                    })
                })
                .collect();
            while workers.iter().any(|worker| !worker.is_finished()) {
                assert_eq!(call!(module, C_CloseAllSessions, shared), Ok(()));
            }
            stop.store(true, Ordering::Relaxed);
        });
        assert!(vanished.load(Ordering::Relaxed) > 0, "C_CloseAllSessions never met an open session");
        module.finalize().unwrap();
    });
}

/// Two libraries, each called for its own sessions only.
#[test]
fn a_call_reaches_the_library_of_its_session() {
    isolated(|| {
        let mocks = two_libraries(false);
        let module = Module::load();
        module.initialize().unwrap();
        let slots = module.slots(true);
        let sessions: Vec<_> = slots.iter().map(|slot| module.open(*slot).unwrap()).collect();
        assert_eq!([mocks[0].sessions(), mocks[1].sessions()], [2, 2]);
        for (at, session) in sessions.iter().enumerate() {
            mocks.iter().for_each(|mock| mock.tell("reset-counts"));
            call!(module, C_Logout, *session).unwrap_err();
            let calls = [mocks[0].calls("C_Logout"), mocks[1].calls("C_Logout")];
            assert_eq!(calls, if at < 2 { [1, 0] } else { [0, 1] });
            assert_eq!({ module.session_info(*session).unwrap().slotID }, slots[at]);
        }
        call!(module, C_CloseAllSessions, slots[0]).unwrap();
        assert_eq!([mocks[0].sessions(), mocks[1].sessions()], [1, 2]);
        module.finalize().unwrap();
        assert_eq!([mocks[0].sessions(), mocks[1].sessions()], [0, 0]);
    });
}

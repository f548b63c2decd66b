//! The life of the module in a process: C_Initialize builds the state, C_Finalize waits for those inside and frees it
//! (design D11). It must not hold a lock while libraries start or end, and a library that hangs costs only itself.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use cryptoki_sys::CK_SESSION_HANDLE;
use ukeyhub_vendors::config::Config;
use ukeyhub_vendors::error::{Error, Outcome};
use ukeyhub_vendors::hub::{Hub, Row};
use ukeyhub_vendors::pkcs11::HostThreads;
use ukeyhub_vendors::places::Places;
use ukeyhub_vendors::profile::Profiles;
use ukeyhub_vendors::traits::Request;

use crate::anchor::{self, Phase};
use crate::calls::{Inside, Place};
use crate::sessions::Sessions;
use crate::{calls, exit, log};

/// How long C_Finalize waits for calls in other threads.
const PATIENCE: Duration = Duration::from_secs(5);

/// Everything between C_Initialize and C_Finalize.
pub struct State {
    /// The open sessions. They borrow from the hub, so they stand before it and are dropped before it.
    sessions: Sessions,
    /// The libraries and their slots.
    hub: Hub,
}

impl State {
    /// The libraries and their slots.
    #[inline]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The open sessions.
    #[inline]
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Opens a session on a slot and answers its handle.
    #[allow(unsafe_code, reason = "a session borrows from the hub beside its table")]
    pub fn open_session(&self, row: &Row, request: Request) -> Outcome<CK_SESSION_HANDLE> {
        let reservation = self.sessions.reserve()?;
        let session = self.hub.open_session(row, request)?;
        // SAFETY: the session borrows from `self.hub` at most; the state owns both, never gives the hub away, and
        // drops the table first.
        Ok(unsafe { reservation.fill(session, row.id, row.member) })
    }
}

/// C_Initialize: reads the configuration, starts the libraries, publishes the state.
pub fn initialize(threads: HostThreads) -> Outcome {
    if exit::has_begun() {
        return Err(Error::too_late());
    }
    let fresh_child = anchor::is_fresh_child();
    let change = Change::begin(Phase::Idle).map_err(|_| Error::already_initialized())?;
    if fresh_child {
        calls::reset_in_child();
    }
    let state = build(threads)?;
    calls::prepare_fences();
    // After the libraries are loaded, so that our handler runs before theirs.
    exit::watch(fresh_child);
    anchor::publish(Box::new(state));
    change.end(Phase::Ready);
    Ok(())
}

fn build(threads: HostThreads) -> Outcome<State> {
    let places = Places::of_process();
    let config = match Config::load(&places) {
        Ok(config) => config,
        Err(error) => {
            // The configuration cannot name the log any more; the environment still can.
            log::open(&Config::default(), &places);
            tracing::error!(%error, "the configuration cannot be used");
            return Err(Error::internal());
        }
    };
    log::open(&config, &places);
    let profiles = Profiles::load(&places);
    Ok(State { sessions: Sessions::new()?, hub: Hub::start(&config, &profiles, threads) })
}

/// C_Finalize: no call starts any more, those inside get time to leave, libraries are ended, the state is freed.
pub fn finalize() -> Outcome {
    if anchor::state().is_null() {
        return Err(Error::not_initialized());
    }
    let change = Change::begin(Phase::Ready).map_err(|_| Error::not_initialized())?;
    Inside::enter(Place::MODULE)?.close_sessions_of_shared_libraries();
    let Some(state) = anchor::take() else {
        // The process began to exit a moment ago.
        return Err(Error::not_initialized());
    };
    state.hub.close();
    let left_inside = wait_for_others();
    let members_inside: Vec<usize> = left_inside.iter().filter_map(|place| state.member_at(*place)).collect();
    state.hub.finalize(|member| members_inside.contains(&member));
    if left_inside.is_empty() {
        drop(state);
    } else {
        // A thread will come back to it one day.
        tracing::warn!(threads = left_inside.len(), "C_Finalize did not wait for calls that do not end");
        calls::abandon();
        std::mem::forget(state);
    }
    change.end(Phase::Idle);
    Ok(())
}

/// The places of threads that are still inside after our patience is over.
fn wait_for_others() -> Vec<Place> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = Duration::from_micros(50);
    loop {
        let places = calls::places();
        if places.is_empty() || Instant::now() >= deadline {
            return places;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

impl State {
    fn member_at(&self, place: Place) -> Option<usize> {
        place.as_library().or_else(|| self.sessions.member_at(place.as_session()?))
    }
}

impl Inside {
    /// A library that someone else initialised lives on; the sessions we opened in it must not.
    fn close_sessions_of_shared_libraries(&self) {
        let State { sessions, hub } = self.state();
        let shared = |member: usize| hub.members().get(member).is_some_and(|member| !member.library.is_ours());
        for handle in sessions.open_handles(|_, member| shared(member)) {
            if let Err(error) = sessions.close(self, handle) {
                tracing::debug!(%error, "closing a session of a library that lives on");
            }
        }
    }
}

/// The right to change the phase. Dropped without `end`, the phase is what it was.
struct Change {
    before: Phase,
    ended: bool,
}

impl Change {
    /// Waits for another thread's change to end, then begins one if the phase is `from`; else answers the phase.
    /// A library that calls us back while we start or end it sees the phase as if the change had not begun.
    fn begin(from: Phase) -> Result<Self, Phase> {
        let control = anchor::control();
        let me = calls::this_thread();
        let mut phase = control.phase.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match *phase {
                Phase::Changing(thread) if thread == me => return Err(*phase),
                Phase::Changing(_) => {
                    phase = control.changed.wait(phase).unwrap_or_else(PoisonError::into_inner);
                }
                now if now == from => {
                    *phase = Phase::Changing(me);
                    return Ok(Self { before: from, ended: false });
                }
                now => return Err(now),
            }
        }
    }

    fn end(mut self, phase: Phase) {
        self.ended = true;
        Self::set(phase);
    }

    fn set(phase: Phase) {
        let control = anchor::control();
        *control.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
        control.changed.notify_all();
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        if !self.ended {
            Self::set(self.before);
        }
    }
}

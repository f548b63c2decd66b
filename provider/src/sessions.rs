//! Session handles: a table of fixed addresses with a generation in each handle, read without a lock (design §2).
//! A closed, forged or foreign handle finds nothing, never another session. It must not call a library.

use std::cell::UnsafeCell;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::mem::{self, MaybeUninit};
use std::sync::atomic::{AtomicUsize, Ordering};

use cryptoki_sys::{CK_SESSION_HANDLE, CK_SLOT_ID};
use ukeyhub_vendors::error::{Error, Outcome};
use ukeyhub_vendors::traits::Session;

use crate::calls::{self, Inside, Place};
use crate::stack::{Chain, Link, Stack};
use crate::table::{Table, Zeroed};

/// Bits of a handle that number its place: 65,535 sessions at once, 16,383 where CK_ULONG has 32 bits.
const INDEX_BITS: u32 = if CK_SESSION_HANDLE::BITS == 64 { 16 } else { 14 };

/// Bits that tell apart the sessions that one place holds after another. Handles stay below the sign bit.
const GENERATION_BITS: u32 = CK_SESSION_HANDLE::BITS - 1 - INDEX_BITS;

/// Places of the table.
const CAPACITY: usize = 1 << INDEX_BITS;

const INDEX_MASK: usize = CAPACITY - 1;
/// All ones: its index is the last one, so it is the handle of no place it could stand at.
const NO_HANDLE: usize = usize::MAX;

const GENERATION_MASK: usize = (1 << GENERATION_BITS) - 1;

/// How many closed sessions wait before their places are cleared: one barrier for all of them.
const RETIRED_AT_ONCE: usize = 256;

/// One place of the table. Its own cache line, so that threads with sessions of their own do not slow each other down.
#[repr(align(64))]
struct Entry {
    /// The handle of the open session; 0 while there is none.
    handle: AtomicUsize,
    /// The generation of the last handle, less the table's base.
    generation: AtomicUsize,
    /// The slot id, for C_CloseAllSessions.
    slot: AtomicUsize,
    /// The library, for C_Finalize.
    member: AtomicUsize,
    /// Its neighbour among the free or the retired.
    link: Link,
    /// Holds a session from `fill` until `clear`.
    session: UnsafeCell<MaybeUninit<Box<dyn Session>>>,
}

// SAFETY: atomics are valid as zeros, a MaybeUninit is valid as anything, and `Sessions` drops what is in it.
unsafe impl Zeroed for Entry {}

/// All sessions of one C_Initialize.
pub struct Sessions {
    entries: Table<Entry, CAPACITY>,
    base: usize,
    /// Places up to here have been used.
    used: AtomicUsize,
    free: Stack,
    /// Closed sessions that a thread may still be using.
    retired: Stack,
}

// SAFETY: `session` is written only while its place is in nobody's hands (reserved, or retired with no thread at it);
// all else is atomic, and sessions are Send + Sync.
unsafe impl Send for Entry {}
// SAFETY: as above.
unsafe impl Sync for Entry {}

/// A place set aside for a session that is being opened; given back if it is not filled.
pub struct Reservation<'a> {
    sessions: &'a Sessions,
    index: usize,
    filled: bool,
}

/// Where an earlier table of this process, or of the process this one was forked from, began.
static LAST_BASE: AtomicUsize = AtomicUsize::new(0);

/// A base far from the last one, so that handles of an earlier C_Initialize, or of the parent, find nothing here.
fn next_base() -> usize {
    const STEP: usize = GENERATION_MASK / 8 * 5 + 1;
    let last = LAST_BASE.load(Ordering::Relaxed);
    let base = if last == 0 { RandomState::new().build_hasher().finish() as usize } else { last.wrapping_add(STEP) };
    let base = (base & GENERATION_MASK).max(1);
    LAST_BASE.store(base, Ordering::Relaxed);
    base
}

impl Sessions {
    /// An empty table. Its memory is reserved, not used.
    pub fn new() -> Outcome<Self> {
        let entries = Table::<Entry, CAPACITY>::new().ok_or(Error::no_memory())?;
        // The first place stays empty under a handle that no host is given: handle 0 finds nothing, without a question of its own.
        entries[0].handle.store(NO_HANDLE, Ordering::Relaxed);
        let used = AtomicUsize::new(1);
        Ok(Self { entries, base: next_base(), used, free: Stack::default(), retired: Stack::default() })
    }

    fn links<'a>(&'a self) -> impl Fn(usize) -> &'a Link {
        |index| &self.entries[index].link
    }

    /// The place that a handle names, whether or not a session is there.
    #[inline]
    pub fn place(handle: CK_SESSION_HANDLE) -> Place {
        Place::session(handle as usize & INDEX_MASK)
    }

    /// The session of a handle, for a thread that is at its place.
    #[inline]
    pub fn get<'a>(&'a self, inside: &'a Inside, handle: CK_SESSION_HANDLE) -> Outcome<&'a dyn Session> {
        debug_assert!(inside.is_at(Self::place(handle)));
        let handle = handle as usize;
        let entry = &self.entries[handle & INDEX_MASK];
        if entry.handle.load(Ordering::Acquire) != handle {
            return Err(Error::unknown_session());
        }
        // SAFETY: the handle was published after the session was written; `clear` waits until no thread is at this
        // place, and `inside` has been since before the handle was read.
        Ok(unsafe { (*entry.session.get()).assume_init_ref() }.as_ref())
    }

    /// Sets a place aside. CKR_SESSION_COUNT when all are taken.
    pub fn reserve(&self) -> Outcome<Reservation<'_>> {
        if let Some(index) = self.take() {
            return Ok(Reservation { sessions: self, index, filled: false });
        }
        self.clear_retired();
        let index = self.take().ok_or(Error::too_many_sessions())?;
        Ok(Reservation { sessions: self, index, filled: false })
    }

    fn take(&self) -> Option<usize> {
        self.free.pop(self.links()).or_else(|| {
            let next = |used: usize| (used < CAPACITY).then_some(used + 1);
            self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).ok()
        })
    }

    /// C_CloseSession. The session is freed later, when no thread uses it. Where the library would not close it, it stays.
    pub fn close(&self, inside: &Inside, handle: CK_SESSION_HANDLE) -> Outcome {
        inside.at(Self::place(handle));
        let session = self.get(inside, handle)?;
        let entry = &self.entries[handle as usize & INDEX_MASK];
        // Of several threads that close one session, one goes on.
        if entry.handle.compare_exchange(handle as usize, 0, Ordering::SeqCst, Ordering::Relaxed).is_err() {
            return Err(Error::unknown_session());
        }
        let answer = session.close();
        if answer.is_err_and(|error| !error.session_is_gone()) {
            entry.handle.store(handle as usize, Ordering::Release);
        } else {
            self.retire(handle as usize & INDEX_MASK);
        }
        answer
    }

    fn retire(&self, index: usize) {
        if self.retired.push(index, self.links()) >= RETIRED_AT_ONCE {
            self.clear_retired();
        }
    }

    #[cold]
    fn clear_retired(&self) {
        let retired = self.retired.take_all(self.links());
        let in_use: Vec<usize> = calls::places().into_iter().filter_map(Place::as_session).collect();
        let mut cleared = Chain::default();
        for index in retired {
            if in_use.contains(&index) {
                self.retired.push(index, self.links());
                continue;
            }
            // SAFETY: its handle was withdrawn before the barrier in `places`, so no thread can be at it or get to it.
            unsafe { self.clear(index) };
            cleared.add(index, self.links());
        }
        self.free.push_chain(cleared, self.links());
    }

    /// Drops the session of a place.
    ///
    /// # Safety
    /// The place holds a session that no thread can reach.
    unsafe fn clear(&self, index: usize) {
        // SAFETY: the caller's promise.
        unsafe { (*self.entries[index].session.get()).assume_init_drop() };
    }

    /// The handles of all open sessions for which `wanted` says yes to the slot id and the library.
    pub fn open_handles(&self, wanted: impl Fn(CK_SLOT_ID, usize) -> bool) -> Vec<CK_SESSION_HANDLE> {
        self.entries[1..self.used.load(Ordering::Acquire)]
            .iter()
            .filter_map(|entry| {
                let handle = entry.handle.load(Ordering::Acquire);
                let slot = entry.slot.load(Ordering::Relaxed) as CK_SLOT_ID;
                (handle != 0 && wanted(slot, entry.member.load(Ordering::Relaxed)))
                    .then_some(handle as CK_SESSION_HANDLE)
            })
            .collect()
    }

    /// The library of the session at a place, open or just closed.
    pub fn member_at(&self, index: usize) -> Option<usize> {
        self.entries.get(index).map(|entry| entry.member.load(Ordering::Relaxed))
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        let retired: Vec<usize> = self.retired.take_all(self.links()).collect();
        let used = *self.used.get_mut();
        let open =
            (1..used).filter(|index| self.entries[*index].handle.load(Ordering::Acquire) != 0).collect::<Vec<_>>();
        for index in open.into_iter().chain(retired) {
            // SAFETY: nobody else has the table any more.
            unsafe { self.clear(index) };
        }
    }
}

impl Reservation<'_> {
    /// Puts a session in its place and answers its handle, which works from then on.
    ///
    /// # Safety
    /// What the session borrows outlives the table.
    pub unsafe fn fill(mut self, session: Box<dyn Session + '_>, slot: CK_SLOT_ID, member: usize) -> CK_SESSION_HANDLE {
        // SAFETY: only the lifetime changes; by the caller's promise the table, and so every use, ends before it does.
        let session = unsafe { mem::transmute::<Box<dyn Session + '_>, Box<dyn Session>>(session) };
        let entry = &self.sessions.entries[self.index];
        // Ours alone while it is reserved: no need for an atomic addition.
        let count = entry.generation.load(Ordering::Relaxed);
        entry.generation.store(count.wrapping_add(1), Ordering::Relaxed);
        let generation = (self.sessions.base.wrapping_add(count) & GENERATION_MASK).max(1);
        let handle = (generation << INDEX_BITS) | self.index;
        if let Some(listener) = session.listener() {
            listener.know(handle as CK_SESSION_HANDLE);
        }
        // SAFETY: the place is reserved for us, its handle is 0, and `clear_retired` found no thread at it.
        unsafe { (*entry.session.get()).write(session) };
        entry.slot.store(slot as usize, Ordering::Relaxed);
        entry.member.store(member, Ordering::Relaxed);
        entry.handle.store(handle, Ordering::Release);
        self.filled = true;
        handle as CK_SESSION_HANDLE
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if !self.filled {
            self.sessions.free.push(self.index, self.sessions.links());
        }
    }
}

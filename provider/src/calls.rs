//! Who is inside a call, and where: one record per thread, written with a plain store, so that C_Finalize and
//! C_CloseSession can wait for others without those paying for it (design §2). Records are never freed, only reused.
//! It must not know what a place means beyond its number.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, compiler_fence, fence};

use ukeyhub_vendors::error::{Error, Outcome};

use crate::anchor;
use crate::state::State;

/// Where a thread is. Sessions are numbered from one by their index; libraries and the module have numbers of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(usize);

const NOWHERE: usize = 0;
const MODULE: usize = usize::MAX;
const LIBRARY: usize = 1 << (usize::BITS - 1);

impl Place {
    /// Inside the module, at no library in particular.
    pub const MODULE: Self = Self(MODULE);

    /// Using a session by its index.
    pub const fn session(index: usize) -> Self {
        Self(index + 1)
    }

    /// Inside a library, by its place in the hub.
    pub const fn library(member: usize) -> Self {
        Self(LIBRARY | member)
    }

    /// The session's index, if a session is used.
    pub const fn as_session(self) -> Option<usize> {
        if self.0 != NOWHERE && self.0 < LIBRARY { Some(self.0 - 1) } else { None }
    }

    /// The library, if one is named.
    pub const fn as_library(self) -> Option<usize> {
        if self.0 >= LIBRARY && self.0 != MODULE { Some(self.0 & !LIBRARY) } else { None }
    }
}

/// One thread's record. Its own cache line, so that threads do not slow each other down.
#[repr(align(64))]
struct Record {
    place: AtomicUsize,
    owned: AtomicBool,
    /// Given back at the end of the call, not of the thread.
    borrowed: AtomicBool,
    /// Its thread did not leave in time: C_Finalize counts it no more, and the state it is in is leaked.
    lost: AtomicBool,
    next: AtomicPtr<Record>,
}

static RECORDS: AtomicPtr<Record> = AtomicPtr::new(ptr::null_mut());

/// Whether the kernel orders other threads' stores for us on demand; else every call pays for a fence.
static ASYMMETRIC: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// This thread's record. No destructor: one would keep the module mapped after dlclose.
    static MINE: Cell<*const Record> = const { Cell::new(ptr::null()) };
}

/// A thread inside a call. While it exists the state cannot be freed, nor the session at its place.
pub struct Inside {
    record: &'static Record,
    state: *const State,
}

impl Inside {
    /// Enters. Before C_Initialize, in a forked child and while the process ends: CKR_CRYPTOKI_NOT_INITIALIZED.
    #[inline]
    pub fn enter(place: Place) -> Outcome<Self> {
        let Some(record) = record() else { return Err(Error::not_initialized()) };
        record.place.store(place.0, Ordering::Relaxed);
        light_fence();
        // Dropping it leaves again, also when there is no state.
        let inside = Self { record, state: anchor::state() };
        if inside.state.is_null() { Err(Error::not_initialized()) } else { Ok(inside) }
    }

    /// The state, alive as long as this.
    #[inline]
    pub fn state(&self) -> &State {
        // SAFETY: not null (checked by `enter`), and C_Finalize frees it only when no record is inside.
        unsafe { &*self.state }
    }

    /// Whether the thread is at this place.
    pub fn is_at(&self, place: Place) -> bool {
        self.record.place.load(Ordering::Relaxed) == place.0
    }

    /// Moves to another place, as if entered there.
    pub fn at(&self, place: Place) {
        self.record.place.store(place.0, Ordering::Relaxed);
        light_fence();
    }
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        self.record.place.store(NOWHERE, Ordering::Release);
        // In this order, for `abandon`.
        compiler_fence(Ordering::SeqCst);
        if self.record.borrowed.load(Ordering::Relaxed) {
            self.record.leave_for_good();
        }
    }
}

/// This thread's record; a borrowed one when its own is in use; none before C_Initialize.
#[inline]
fn record() -> Option<&'static Record> {
    let mine = MINE.get();
    if !mine.is_null() {
        // SAFETY: records are never freed.
        let mine = unsafe { &*mine };
        if mine.place.load(Ordering::Relaxed) == NOWHERE {
            return Some(mine);
        }
    }
    another_record(mine.is_null())
}

/// The first record of a thread, or one for a call within a call (a host's callback calls us back).
#[cold]
#[inline(never)]
fn another_record(first: bool) -> Option<&'static Record> {
    // A forked child gives its records free at its C_Initialize: none may be taken before.
    if anchor::state().is_null() {
        return None;
    }
    let record = claim();
    if first && at_thread_end::release(record) {
        MINE.set(record);
    } else {
        // Nobody would give it back at the thread's end: given back at the call's.
        record.borrowed.store(true, Ordering::Relaxed);
    }
    Some(record)
}

impl Record {
    /// The end of a call whose record is not the thread's, or no longer.
    #[cold]
    fn leave_for_good(&'static self) {
        if ptr::eq(MINE.get(), self) {
            MINE.set(ptr::null());
            at_thread_end::keep();
        }
        self.give_back();
    }

    /// Ends its owner's hold on it.
    #[cold]
    fn give_back(&self) {
        self.place.store(NOWHERE, Ordering::Relaxed);
        self.borrowed.store(false, Ordering::Relaxed);
        self.lost.store(false, Ordering::Relaxed);
        self.owned.store(false, Ordering::Release);
    }
}

/// A record that no thread owns.
fn claim() -> &'static Record {
    for record in records() {
        if record.owned.compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            return record;
        }
    }
    let record: &'static Record = Box::leak(Box::new(Record {
        place: AtomicUsize::new(NOWHERE),
        owned: AtomicBool::new(true),
        borrowed: AtomicBool::new(false),
        lost: AtomicBool::new(false),
        next: AtomicPtr::new(ptr::null_mut()),
    }));
    let mut head = RECORDS.load(Ordering::Acquire);
    loop {
        record.next.store(head, Ordering::Relaxed);
        let new = ptr::from_ref(record).cast_mut();
        match RECORDS.compare_exchange_weak(head, new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return record,
            Err(other) => head = other,
        }
    }
}

fn records() -> impl Iterator<Item = &'static Record> {
    let mut next = RECORDS.load(Ordering::Acquire);
    std::iter::from_fn(move || {
        // SAFETY: records are never freed, and their links never change once they are in the list.
        let record = unsafe { next.as_ref() }?;
        next = record.next.load(Ordering::Relaxed);
        Some(record)
    })
}

/// A mark that no other living thread has.
pub fn this_thread() -> usize {
    MINE.with(|mine| ptr::from_ref(mine) as usize)
}

/// The places of all threads, this one's too. What it does not list was left before the call, and is not re-entered
/// by a thread that has not seen what was stored before the call.
pub fn places() -> Vec<Place> {
    heavy_fence();
    records()
        .filter(|record| !record.lost.load(Ordering::Relaxed))
        .map(|record| Place(record.place.load(Ordering::Acquire)))
        .filter(|place| place.0 != NOWHERE)
        .collect()
}

/// Gives up the threads that are inside, when their state is out of reach and will be leaked: a later C_Finalize does
/// not wait for them again. Each gets a new record when it has come back.
pub fn abandon() {
    for record in records().filter(|record| record.place.load(Ordering::Acquire) != NOWHERE) {
        record.borrowed.store(true, Ordering::SeqCst);
        record.lost.store(true, Ordering::SeqCst);
    }
    heavy_fence();
    // Where there is no barrier for other threads' stores, they are visible long before this is over.
    std::thread::sleep(std::time::Duration::from_millis(1));
    for record in records().filter(|record| record.place.load(Ordering::Acquire) == NOWHERE) {
        // It left while it was being given up, so it may not have seen that it was.
        record.borrowed.store(false, Ordering::SeqCst);
        record.lost.store(false, Ordering::SeqCst);
    }
}

/// In a forked child the parent's other threads are gone: their records are free. Called before the state is published.
pub fn reset_in_child() {
    let mine = MINE.get();
    for record in records() {
        record.give_back();
        record.owned.store(ptr::eq(record, mine), Ordering::Relaxed);
    }
}

/// Orders this thread's store before its next load, as seen by a `heavy_fence` elsewhere.
#[inline]
fn light_fence() {
    if ASYMMETRIC.load(Ordering::Relaxed) {
        compiler_fence(Ordering::SeqCst);
    } else {
        fence(Ordering::SeqCst);
    }
}

/// Prepares the process for `heavy_fence`. Called before the state is published.
#[cfg(target_os = "linux")]
pub fn prepare_fences() {
    use rustix::thread::{MembarrierCommand, membarrier};
    let ready = membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok();
    ASYMMETRIC.store(ready, Ordering::SeqCst);
}

#[cfg(target_os = "linux")]
fn heavy_fence() {
    use rustix::thread::{MembarrierCommand, membarrier};
    fence(Ordering::SeqCst);
    if ASYMMETRIC.load(Ordering::SeqCst) && membarrier(MembarrierCommand::PrivateExpedited).is_err() {
        // Registered, so this cannot fail; if a filter has come since, later calls pay for their own fences.
        ASYMMETRIC.store(false, Ordering::SeqCst);
        tracing::warn!("membarrier is refused since C_Initialize");
    }
    fence(Ordering::SeqCst);
}

/// Windows orders the other processors on demand, without preparation.
#[cfg(windows)]
pub fn prepare_fences() {
    ASYMMETRIC.store(true, Ordering::SeqCst);
}

#[cfg(windows)]
fn heavy_fence() {
    fence(Ordering::SeqCst);
    // SAFETY: no arguments; it only orders memory.
    unsafe { windows_sys::Win32::System::Threading::FlushProcessWriteBuffers() };
    fence(Ordering::SeqCst);
}

#[cfg(not(any(target_os = "linux", windows)))]
pub fn prepare_fences() {}

#[cfg(not(any(target_os = "linux", windows)))]
fn heavy_fence() {
    fence(Ordering::SeqCst);
}

/// Gives a record back when its thread ends. A pthread key, because Rust's own thread-local destructors would keep the
/// module mapped after dlclose; `forget` takes the key back before the module is unmapped.
#[cfg(unix)]
mod at_thread_end {
    use std::ffi::c_void;
    use std::ptr;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::Record;

    const NONE: i64 = -1;
    static KEY: AtomicI64 = AtomicI64::new(NONE);

    pub(super) fn release(record: &'static Record) -> bool {
        let Some(key) = key() else { return false };
        // SAFETY: the key was made by `key` and the record lives for ever.
        unsafe { libc::pthread_setspecific(key, ptr::from_ref(record).cast()) == 0 }
    }

    fn key() -> Option<libc::pthread_key_t> {
        let known = KEY.load(Ordering::Acquire);
        if known != NONE {
            return libc::pthread_key_t::try_from(known).ok();
        }
        let mut made: libc::pthread_key_t = 0;
        // SAFETY: the destructor has the right type and stays mapped until `forget`.
        if unsafe { libc::pthread_key_create(&raw mut made, Some(ended)) } != 0 {
            return None;
        }
        match KEY.compare_exchange(NONE, made as i64, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Some(made),
            Err(other) => {
                // SAFETY: this key lost the race and was never used.
                unsafe { libc::pthread_key_delete(made) };
                libc::pthread_key_t::try_from(other).ok()
            }
        }
    }

    /// The thread keeps nothing that would have to be given back.
    pub(super) fn keep() {
        if let Some(key) = key() {
            // SAFETY: the key was made by `key`; null asks for no destructor. It does not fail for a value set before.
            unsafe { libc::pthread_setspecific(key, ptr::null()) };
        }
    }

    unsafe extern "C" fn ended(record: *mut c_void) {
        super::MINE.set(ptr::null());
        // SAFETY: the value set by `release`; records are never freed.
        unsafe { &*record.cast::<Record>() }.give_back();
    }

    #[cfg(target_os = "linux")]
    pub(super) fn forget() {
        let key = KEY.swap(NONE, Ordering::AcqRel);
        if let Ok(key) = libc::pthread_key_t::try_from(key) {
            // SAFETY: the key was made by `key`; after this no thread's end calls into the module.
            unsafe { libc::pthread_key_delete(key) };
        }
    }
}

/// Windows calls thread-local destructors through the module's own TLS callback, which ends with the module.
#[cfg(windows)]
mod at_thread_end {
    use std::cell::Cell;

    use super::Record;

    struct Owner(Cell<Option<&'static Record>>);

    impl Drop for Owner {
        fn drop(&mut self) {
            if let Some(record) = self.0.get() {
                super::MINE.set(std::ptr::null());
                record.give_back();
            }
        }
    }

    thread_local! {
        static OWNER: Owner = const { Owner(Cell::new(None)) };
    }

    pub(super) fn release(record: &'static Record) -> bool {
        OWNER.try_with(|owner| owner.0.set(Some(record))).is_ok()
    }

    pub(super) fn keep() {
        // Fails when the thread is ending, and then nothing is kept anyway.
        _ = OWNER.try_with(|owner| owner.0.set(None));
    }
}

/// Frees all records.
///
/// # Safety
/// The module is about to be unmapped: no thread is inside, none will enter, and `forget_threads` was called.
#[cfg(target_os = "linux")]
pub unsafe fn free_records() {
    let mut next = RECORDS.swap(ptr::null_mut(), Ordering::AcqRel);
    while !next.is_null() {
        // SAFETY: made by `claim` with Box::leak, and by the caller's promise nobody has it any more.
        let record = unsafe { Box::from_raw(next) };
        next = record.next.load(Ordering::Relaxed);
    }
}

/// The module is about to be unmapped.
#[cfg(target_os = "linux")]
pub fn forget_threads() {
    at_thread_end::forget();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_keep_their_kinds_apart() {
        assert_eq!(Place::session(7).as_session(), Some(7));
        assert_eq!(Place::session(7).as_library(), None);
        assert_eq!(Place::library(0).as_library(), Some(0));
        assert_eq!(Place::library(0).as_session(), None);
        assert_eq!((Place::MODULE.as_session(), Place::MODULE.as_library()), (None, None));
    }

    #[test]
    fn nobody_is_inside_before_initialisation() {
        assert!(Inside::enter(Place::MODULE).is_err_and(|error| error == Error::not_initialized()));
    }

    #[test]
    fn a_record_returns_when_its_thread_ends() {
        let take = || {
            let record = claim();
            assert!(at_thread_end::release(record));
            ptr::from_ref(record) as usize
        };
        let first = std::thread::spawn(take).join().unwrap();
        let owned = || records().find(|r| ptr::from_ref(*r) as usize == first).unwrap().owned.load(Ordering::Acquire);
        // join() returns when the thread's result is there; its end may be a moment later.
        for _ in 0..1000 {
            if !owned() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("the record is still owned");
    }
}

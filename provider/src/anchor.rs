//! Where all state of the process hangs: one pointer in a page that a forked child finds zeroed (design D11), so a child
//! is uninitialised without a system call per call. It must not free anything: the child leaks what it inherits.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Condvar, Mutex};

use crate::state::State;

/// What is shared by all threads of one process, and by no child.
struct Page {
    /// The state between C_Initialize and C_Finalize; null otherwise and in a forked child.
    state: AtomicPtr<State>,
    /// Made on demand; null in a forked child, so that a lock held by the parent's threads does not matter.
    control: AtomicPtr<Control>,
}

/// Who starts or ends the module right now.
#[derive(Default)]
pub struct Control {
    /// Guards the phase only; never held while a library is called.
    pub phase: Mutex<Phase>,
    /// Told when a phase ends.
    pub changed: Condvar,
}

/// The life of the module in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Before C_Initialize and after C_Finalize.
    #[default]
    Idle,
    /// C_Initialize or C_Finalize runs in the thread with this mark.
    Changing(usize),
    /// Between the two.
    Ready,
}

/// What stands in for a page before the first C_Initialize, so that no call has to ask whether there is one.
static NO_PAGE: Page = Page::new();

static PAGE: AtomicPtr<Page> = AtomicPtr::new((&raw const NO_PAGE).cast_mut());

impl Page {
    const fn new() -> Self {
        Self { state: AtomicPtr::new(ptr::null_mut()), control: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The page in use.
    #[inline]
    fn current() -> &'static Self {
        // SAFETY: a static, or a page that is never unmapped once it is published.
        unsafe { &*PAGE.load(Ordering::Acquire) }
    }

    fn exists(&self) -> bool {
        !ptr::eq(self, &raw const NO_PAGE)
    }
}

/// The state, or null. The caller must be `calls::Inside` while it uses it.
#[inline]
pub fn state() -> *mut State {
    Page::current().state.load(Ordering::Acquire)
}

/// Publishes a state: from now on calls get through.
pub fn publish(state: Box<State>) {
    let before = page().state.swap(Box::into_raw(state), Ordering::SeqCst);
    debug_assert!(before.is_null());
}

/// Takes the state back: no call gets through any more. `None` when the process ends or this is a fresh child.
/// Threads may still be inside: the caller waits for them before dropping it.
pub fn take() -> Option<Box<State>> {
    let state = page().state.swap(ptr::null_mut(), Ordering::SeqCst);
    // SAFETY: made by `publish`, and the swap gave it to this thread alone.
    (!state.is_null()).then(|| unsafe { Box::from_raw(state) })
}

/// Takes the state out of reach without freeing it. Allocates nothing and takes no lock: the process may be ending.
#[cfg(target_os = "linux")]
pub fn abandon() {
    Page::current().state.store(ptr::null_mut(), Ordering::SeqCst);
}

/// The control of this process; made anew in a forked child.
pub fn control() -> &'static Control {
    let place = &page().control;
    let mut control = place.load(Ordering::Acquire);
    if control.is_null() {
        let made = Box::into_raw(Box::<Control>::default());
        match place.compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => control = made,
            Err(other) => {
                // SAFETY: `made` lost the race and nobody else has seen it.
                drop(unsafe { Box::from_raw(made) });
                control = other;
            }
        }
    }
    // SAFETY: controls are leaked, never freed.
    unsafe { &*control }
}

/// Whether this process has been set up before and finds the page empty: it is a forked child at its first C_Initialize.
pub fn is_fresh_child() -> bool {
    let page = Page::current();
    page.exists() && page.control.load(Ordering::Acquire).is_null()
}

fn page() -> &'static Page {
    if !Page::current().exists() {
        // Of two threads one wins; the other's page is one page of memory, mapped for good.
        let none = (&raw const NO_PAGE).cast_mut();
        _ = PAGE.compare_exchange(none, make_page(), Ordering::AcqRel, Ordering::Acquire);
    }
    Page::current()
}

#[cfg(target_os = "linux")]
const LENGTH: usize = 4096;

/// Whether the page is a mapping, not a box.
#[cfg(target_os = "linux")]
static MAPPED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// A page that the kernel zeroes in a child; where it cannot (before Linux 4.14), a fork handler does.
#[cfg(target_os = "linux")]
fn make_page() -> *mut Page {
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};

    // SAFETY: a new private mapping at a place of the kernel's choice.
    let mapped =
        unsafe { mmap_anonymous(ptr::null_mut(), LENGTH, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE) };
    let Ok(mapped) = mapped else {
        return watched_page();
    };
    // SAFETY: the mapping is ours and holds no data yet.
    if unsafe { madvise(mapped, LENGTH, Advice::LinuxWipeOnFork) }.is_err() {
        watch_forks();
    }
    MAPPED.store(true, Ordering::Release);
    mapped.cast()
}

#[cfg(not(target_os = "linux"))]
fn make_page() -> *mut Page {
    watched_page()
}

/// Unmaps the page.
///
/// # Safety
/// The module is about to be unmapped: no thread is inside and none will enter.
#[cfg(target_os = "linux")]
pub unsafe fn free_page() {
    let page = PAGE.swap((&raw const NO_PAGE).cast_mut(), Ordering::AcqRel);
    if ptr::eq(page, &raw const NO_PAGE) || !MAPPED.load(Ordering::Acquire) {
        return;
    }
    // SAFETY: the page is real, so its control is null or made by `control`.
    let control = unsafe { (*page).control.load(Ordering::Acquire) };
    if !control.is_null() {
        // SAFETY: made by `control` with Box::into_raw; nobody uses it any more.
        drop(unsafe { Box::from_raw(control) });
    }
    // SAFETY: mapped by `make_page` with this length. Nothing to be done if the kernel refuses.
    _ = unsafe { rustix::mm::munmap(page.cast(), LENGTH) };
}

fn watched_page() -> *mut Page {
    watch_forks();
    Box::into_raw(Box::new(Page::new()))
}

/// Clears the page in a child of fork(). The handler belongs to this library and goes with it.
#[cfg(unix)]
fn watch_forks() {
    extern "C" fn in_child() {
        // Stores to atomics are allowed after fork.
        let page = Page::current();
        page.state.store(ptr::null_mut(), Ordering::SeqCst);
        page.control.store(ptr::null_mut(), Ordering::SeqCst);
    }
    // SAFETY: the handler only stores to atomics.
    let answer = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    if answer != 0 {
        tracing::error!(answer, "forked children cannot be told apart");
    }
}

/// Windows has no fork.
#[cfg(windows)]
fn watch_forks() {}

//! The end of the process and of the module's stay in it (design D11). Hosts call us after other libraries' destructors have
//! run: from our exit handler on every call answers CKR_CRYPTOKI_NOT_INITIALIZED. It must not call a library or free anything.

use std::sync::atomic::{AtomicBool, Ordering};

static BEGUN: AtomicBool = AtomicBool::new(false);

/// Whether the process is ending.
pub fn has_begun() -> bool {
    BEGUN.load(Ordering::Acquire)
}

/// From here on nothing reaches a library, whose own destructors may have run.
#[cfg(target_os = "linux")]
fn begin() {
    BEGUN.store(true, Ordering::Release);
    crate::anchor::abandon();
}

/// The handler is registered under a key of our own and taken back from .fini_array. The C library's atexit would tie it
/// to whatever object linked it, which in a build for glibc 2.28 is not us, and the host would crash at exit after dlclose.
#[cfg(target_os = "linux")]
mod handler {
    use std::ffi::{c_int, c_void};
    use std::sync::atomic::{AtomicBool, Ordering};

    unsafe extern "C" {
        fn __cxa_atexit(handler: unsafe extern "C" fn(*mut c_void), argument: *mut c_void, key: *mut c_void) -> c_int;
        fn __cxa_finalize(key: *mut c_void);
    }

    /// Only its address counts. Not constant, so that no other object can have the same.
    static KEY: AtomicBool = AtomicBool::new(false);

    /// Set while the handler is only being moved to the front.
    static MOVING: AtomicBool = AtomicBool::new(false);

    fn key() -> *mut c_void {
        (&raw const KEY).cast_mut().cast()
    }

    unsafe extern "C" fn at_exit(_argument: *mut c_void) {
        if !MOVING.load(Ordering::Acquire) {
            super::begin();
        }
    }

    /// Set in a forked child that inherited a registration. A thread of the parent may have held the C library's lock on
    /// its list of handlers, and fork does not release it: the child never touches that list.
    static INHERITED: AtomicBool = AtomicBool::new(false);

    /// Registers the handler as the latest, so that it runs before those of the libraries just loaded.
    pub(super) fn watch(fresh_child: bool) {
        if fresh_child && KEY.load(Ordering::Acquire) {
            INHERITED.store(true, Ordering::Release);
            MOVING.store(false, Ordering::Release);
        }
        if INHERITED.load(Ordering::Acquire) {
            return;
        }
        if KEY.swap(true, Ordering::AcqRel) {
            MOVING.store(true, Ordering::Release);
            // SAFETY: runs `at_exit` once, which does nothing now, and takes it out.
            unsafe { __cxa_finalize(key()) };
            MOVING.store(false, Ordering::Release);
        }
        // SAFETY: the handler stays mapped until `unload` takes it out.
        if unsafe { __cxa_atexit(at_exit, std::ptr::null_mut(), key()) } != 0 {
            tracing::error!("the end of the process cannot be watched");
        }
    }

    /// Runs when the module is unmapped, and at exit after all handlers.
    extern "C" fn unload() {
        // At the end of the process `at_exit` has run by now, and other threads may still call.
        let process_lives = !super::has_begun();
        // SAFETY: runs `at_exit` if it has not run yet and takes it out, before its code goes.
        unsafe { __cxa_finalize(key()) };
        crate::calls::forget_threads();
        crate::log::silence();
        if process_lives {
            // SAFETY: the host unmaps the module, so no thread is inside and none will come.
            unsafe {
                crate::calls::free_records();
                crate::anchor::free_page();
                crate::log::close();
            }
        }
    }

    #[used]
    // SAFETY: the section holds pointers to functions of this type, which the loader calls when the object goes.
    #[unsafe(link_section = ".fini_array")]
    static UNLOAD: extern "C" fn() = unload;
}

/// Elsewhere the process's end is not watched: on Windows other threads are gone by then, and libraries are ended by the system.
#[cfg(not(target_os = "linux"))]
mod handler {
    pub(super) fn watch(_fresh_child: bool) {}
}

/// Watches the end of the process; called whenever libraries have been loaded. `fresh_child` says that this is the first
/// time in a forked child.
pub fn watch(fresh_child: bool) {
    handler::watch(fresh_child);
}

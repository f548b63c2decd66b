//! Memory that a test library must not have: a table that ends where nothing is mapped, an address in someone else's
//! library. One part per platform; it must not be used for anything else.

use std::ptr;

/// Copies a value so that its last byte lies right before memory that cannot be read. Never freed.
/// None when the system refuses.
pub fn before_a_hole<T>(value: &T) -> Option<*mut u8> {
    let size = size_of::<T>();
    let (pages, length) = platform::pages_before_a_hole(size)?;
    // SAFETY: `length` bytes at `pages` are writable and new, and the value is not longer.
    unsafe {
        let start = pages.add(length - size);
        start.copy_from_nonoverlapping(ptr::from_ref(value).cast(), size);
        Some(start)
    }
}

/// The address of a function of the system's own library, so outside this one.
pub fn foreign_function() -> Option<usize> {
    platform::foreign_function()
}

#[cfg(unix)]
mod platform {
    use std::ptr;

    pub fn pages_before_a_hole(wanted: usize) -> Option<(*mut u8, usize)> {
        // SAFETY: a plain question.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
        let length = wanted.next_multiple_of(page);
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: new memory, touched by nobody else; the last page is closed at once.
        unsafe {
            let memory = libc::mmap(ptr::null_mut(), length + page, protection, flags, -1, 0);
            if memory == libc::MAP_FAILED {
                return None;
            }
            let closed = libc::mprotect(memory.byte_add(length), page, libc::PROT_NONE);
            (closed == 0).then_some((memory.cast(), length))
        }
    }

    pub fn foreign_function() -> Option<usize> {
        let function: unsafe extern "C" fn() -> libc::pid_t = libc::getppid;
        Some(function as usize)
    }
}

#[cfg(windows)]
mod platform {
    use std::ffi::{c_char, c_void};
    use std::ptr;

    const PAGE: usize = 4096;
    const MEM_COMMIT: u32 = 0x1000;
    const MEM_RESERVE: u32 = 0x2000;
    const PAGE_NOACCESS: u32 = 1;
    const PAGE_READWRITE: u32 = 4;

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn VirtualAlloc(address: *mut c_void, size: usize, kind: u32, protection: u32) -> *mut c_void;
        fn GetModuleHandleA(name: *const c_char) -> *mut c_void;
        fn GetProcAddress(module: *mut c_void, name: *const c_char) -> *mut c_void;
    }

    pub fn pages_before_a_hole(wanted: usize) -> Option<(*mut u8, usize)> {
        let length = wanted.next_multiple_of(PAGE);
        // SAFETY: new memory, touched by nobody else; all but its last page is opened.
        unsafe {
            let memory = VirtualAlloc(ptr::null_mut(), length + PAGE, MEM_RESERVE, PAGE_NOACCESS);
            if memory.is_null() || VirtualAlloc(memory, length, MEM_COMMIT, PAGE_READWRITE).is_null() {
                return None;
            }
            Some((memory.cast(), length))
        }
    }

    pub fn foreign_function() -> Option<usize> {
        // SAFETY: kernel32 is in every process. Asked by name, for a linked function may be a stub of our own.
        let address =
            unsafe { GetProcAddress(GetModuleHandleA(c"kernel32.dll".as_ptr()), c"GetCurrentProcessId".as_ptr()) };
        (!address.is_null()).then_some(address as usize)
    }
}

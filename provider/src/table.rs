//! Zeroed memory for a large table of which little is used: mapped, not allocated, because an allocator keeps a freed block and
//! hands it out again with every byte written. Boundary file. It must not know what is kept in the table.

use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

/// A type for which all zeros is a value and which needs no drop.
///
/// # Safety
/// Both must be true.
pub unsafe trait Zeroed {}

/// A table of `LENGTH` places, zeroed at first. Pages that nobody touches take no memory.
pub struct Table<T: Zeroed, const LENGTH: usize> {
    start: NonNull<[T; LENGTH]>,
    owned: PhantomData<T>,
}

// SAFETY: it owns its memory as a Box does.
unsafe impl<T: Zeroed + Send, const LENGTH: usize> Send for Table<T, LENGTH> {}
// SAFETY: it gives out shared references only.
unsafe impl<T: Zeroed + Sync, const LENGTH: usize> Sync for Table<T, LENGTH> {}

impl<T: Zeroed, const LENGTH: usize> Table<T, LENGTH> {
    const BYTES: usize = size_of::<[T; LENGTH]>();

    /// An empty table; `None` when the system has no memory.
    pub fn new() -> Option<Self> {
        const { assert!(align_of::<T>() <= 4096, "pages are aligned to no more") };
        Some(Self { start: map(Self::BYTES)?.cast(), owned: PhantomData })
    }
}

impl<T: Zeroed, const LENGTH: usize> Deref for Table<T, LENGTH> {
    type Target = [T; LENGTH];

    #[inline]
    fn deref(&self) -> &[T; LENGTH] {
        // SAFETY: mapped by `new`, long and aligned enough, and zeros are a value of T; unmapped only by Drop.
        unsafe { self.start.as_ref() }
    }
}

impl<T: Zeroed, const LENGTH: usize> Drop for Table<T, LENGTH> {
    fn drop(&mut self) {
        unmap(self.start.cast(), Self::BYTES);
    }
}

#[cfg(unix)]
fn map(bytes: usize) -> Option<NonNull<u8>> {
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
    let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE);
    // SAFETY: a new private mapping at a place of the kernel's choice.
    let start = unsafe { mmap_anonymous(std::ptr::null_mut(), bytes, access, flags) }.ok()?;
    NonNull::new(start.cast())
}

#[cfg(unix)]
fn unmap(start: NonNull<u8>, bytes: usize) {
    // SAFETY: mapped by `map` with this length, and its owner is gone.
    if let Err(error) = unsafe { rustix::mm::munmap(start.as_ptr().cast(), bytes) } {
        tracing::error!(%error, "a table cannot be given back");
    }
}

#[cfg(windows)]
fn map(bytes: usize) -> Option<NonNull<u8>> {
    use windows_sys::Win32::System::Memory::{MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE, VirtualAlloc};
    // SAFETY: new pages at a place of the system's choice.
    NonNull::new(unsafe { VirtualAlloc(std::ptr::null(), bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) }.cast())
}

#[cfg(windows)]
fn unmap(start: NonNull<u8>, _bytes: usize) {
    use windows_sys::Win32::System::Memory::{MEM_RELEASE, VirtualFree};
    // SAFETY: allocated by `map` as a whole, and its owner is gone.
    if unsafe { VirtualFree(start.as_ptr().cast(), 0, MEM_RELEASE) } == 0 {
        tracing::error!("a table cannot be given back");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Place(AtomicUsize);

    // SAFETY: an atomic integer.
    unsafe impl Zeroed for Place {}

    #[test]
    fn a_table_is_zeroed_and_keeps_what_is_written() {
        let table = Table::<Place, 1000>::new().unwrap();
        assert!(table.iter().all(|place| place.0.load(Ordering::Relaxed) == 0));
        table[999].0.store(7, Ordering::Relaxed);
        assert_eq!(table[999].0.load(Ordering::Relaxed), 7);
    }
}

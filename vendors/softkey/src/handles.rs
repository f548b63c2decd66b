//! Handles: values that C holds for what lives here. A value is checked for kind and life before use and is never given
//! twice, so a stale or foreign one is an error and never another object. What ends takes all below it along.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use skf_sys::codes;

use crate::sar::Sar;

/// What C holds. It is no address, though it looks like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handle(pub usize);

/// What a handle can stand for.
pub trait Handled: Any + Send + Sync {
    /// Whether SKF_CloseHandle ends it; else it has a function of its own.
    const BY_CLOSE_HANDLE: bool;
}

/// All handles of the process.
pub struct Handles(Mutex<Inner>);

struct Inner {
    next: usize,
    entries: BTreeMap<Handle, Entry>,
}

struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    /// Ends with that one.
    parent: Option<Handle>,
    by_close_handle: bool,
}

const INVALID: Sar = Sar(codes::SAR_INVALIDHANDLEERR);
/// Distance of two values: no arithmetic slip of a host hits the neighbour.
const STEP: usize = 0x20;

impl Handles {
    /// None yet. The first value is random, so that handles of two copies of the library in one process differ, and on
    /// 64-bit systems above 32 bits, so that a host that cuts them off is seen.
    pub fn new() -> Result<Handles, Sar> {
        let mut random = [0; 4];
        crate::crypto::random::fill(&mut random)?;
        let random = u32::from_ne_bytes(random) as usize;
        #[cfg(target_pointer_width = "64")]
        let first = 1 << 44 | random << 12;
        #[cfg(not(target_pointer_width = "64"))]
        let first = 1 << 28 | (random & 0xFFFF) << 12;
        Ok(Handles(Mutex::new(Inner { next: first, entries: BTreeMap::new() })))
    }

    /// Gives a value, made with its own handle in hand, a handle below `parent`. SAR_INVALIDHANDLEERR: the parent has ended
    /// meanwhile; SAR_MEMORYERR: all values are used up.
    pub fn insert<T: Handled>(&self, parent: Option<Handle>, make: impl FnOnce(Handle) -> T) -> Result<Arc<T>, Sar> {
        let mut inner = self.inner();
        if parent.is_some_and(|parent| !inner.entries.contains_key(&parent)) {
            return Err(INVALID);
        }
        let handle = Handle(inner.next);
        inner.next = inner.next.checked_add(STEP).ok_or(Sar(codes::SAR_MEMORYERR))?;
        let value = Arc::new(make(handle));
        let entry = Entry { value: value.clone(), parent, by_close_handle: T::BY_CLOSE_HANDLE };
        inner.entries.insert(handle, entry);
        Ok(value)
    }

    /// What a handle stands for, and its parent. SAR_INVALIDHANDLEERR: unknown, ended, or of another kind.
    pub fn get<T: Handled>(&self, handle: Handle) -> Result<(Arc<T>, Option<Handle>), Sar> {
        let (value, parent) = {
            let inner = self.inner();
            let entry = inner.entries.get(&handle).ok_or(INVALID)?;
            (Arc::clone(&entry.value), entry.parent)
        };
        Ok((value.downcast::<T>().map_err(|_| INVALID)?, parent))
    }

    /// The parent of whatever SKF_CloseHandle may end; SAR_INVALIDHANDLEERR for anything else.
    pub fn parent_of_object(&self, handle: Handle) -> Result<Option<Handle>, Sar> {
        let inner = self.inner();
        let entry = inner.entries.get(&handle).filter(|entry| entry.by_close_handle).ok_or(INVALID)?;
        Ok(entry.parent)
    }

    /// The topmost parent of a live handle of any kind; itself when it has none.
    pub fn top(&self, handle: Handle) -> Option<Handle> {
        let inner = self.inner();
        let mut top = handle;
        loop {
            match inner.entries.get(&top)?.parent {
                Some(parent) => top = parent,
                None => return Some(top),
            }
        }
    }

    /// Ends a handle and all below it. Nothing happens when it has ended already.
    pub fn end(&self, handle: Handle) {
        let mut inner = self.inner();
        let mut ending = vec![handle];
        let mut ended = Vec::new();
        while let Some(handle) = ending.pop() {
            ended.extend(inner.entries.remove(&handle));
            ending.extend(
                inner.entries.iter().filter(|(_, entry)| entry.parent == Some(handle)).map(|(child, _)| *child),
            );
        }
        // What is dropped may take time (a file lock); not under our lock.
        drop(inner);
        drop(ended);
    }

    /// All of one kind, oldest first.
    pub fn all<T: Handled>(&self) -> Vec<Arc<T>> {
        let values: Vec<_> = self.inner().entries.values().map(|entry| Arc::clone(&entry.value)).collect();
        values.into_iter().filter_map(|value| value.downcast::<T>().ok()).collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic in `make` leaves the table as it was, but for a value that is skipped.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Device;
    impl Handled for Device {
        const BY_CLOSE_HANDLE: bool = false;
    }
    #[derive(Debug, PartialEq)]
    struct Key(u8, Handle);
    impl Handled for Key {
        const BY_CLOSE_HANDLE: bool = true;
    }

    #[test]
    fn kinds_and_lives_are_checked_and_values_never_come_twice() {
        let handles = Handles::new().unwrap();
        let mut first = None;
        handles
            .insert(None, |handle| {
                first = Some(handle);
                Device
            })
            .unwrap();
        let device = first.unwrap();
        let key = handles.insert(Some(device), |handle| Key(7, handle)).unwrap();
        let below = handles.insert(Some(key.1), |handle| Key(8, handle)).unwrap();
        assert_eq!(*handles.get::<Key>(key.1).unwrap().0, Key(7, key.1));
        assert!(handles.get::<Key>(device).is_err() && handles.get::<Device>(key.1).is_err());
        assert!(handles.get::<Key>(Handle(key.1.0 + 1)).is_err() && handles.get::<Key>(Handle(0)).is_err());
        assert!(handles.parent_of_object(device).is_err());
        assert_eq!(handles.parent_of_object(key.1), Ok(Some(device)));
        assert_eq!(
            (handles.top(below.1), handles.top(device), handles.top(Handle(0))),
            (Some(device), Some(device), None)
        );
        handles.end(device);
        assert!(
            handles.get::<Key>(key.1).is_err()
                && handles.get::<Key>(below.1).is_err()
                && handles.all::<Key>().is_empty()
        );
        assert_eq!(handles.insert(Some(device), |handle| Key(9, handle)).unwrap_err().0, codes::SAR_INVALIDHANDLEERR);
        let later = handles.insert(None, |handle| Key(9, handle)).unwrap();
        assert!(later.1 > below.1);
    }
}

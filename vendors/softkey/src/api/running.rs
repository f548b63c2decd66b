//! What is under way on a handle between Init and Final, and the longest input that a device takes for it. Its rule: a call
//! that fails, or that only asks for a length, changes nothing. It must not know an algorithm.

use std::sync::{Mutex, MutexGuard, PoisonError};

use skf_sys::codes;

use super::call::{Done, Failure};
use super::open::Connection;
use crate::sar::Sar;
use crate::views::Input;

/// An encryption, a hash, a MAC or an agreement; nothing before Init and after Final.
pub(super) struct Running<T>(Mutex<Option<T>>);

impl<T> Running<T> {
    /// Nothing under way.
    pub(super) fn idle() -> Self {
        Self(Mutex::new(None))
    }

    /// This is under way.
    pub(super) fn begun(work: T) -> Self {
        Self(Mutex::new(Some(work)))
    }

    /// Begins; what was under way is given up.
    pub(super) fn begin(&self, work: T) {
        *self.inner() = Some(work);
    }

    /// A step. SAR_NOTINITIALIZEERR: nothing is under way.
    pub(super) fn step(&self, step: impl FnOnce(&mut T) -> Done) -> Done {
        step(self.inner().as_mut().ok_or(Sar(codes::SAR_NOTINITIALIZEERR))?)
    }

    /// The last step, which says whether it was done: not when the host only asked for a length.
    /// SAR_NOTINITIALIZEERR: nothing is under way.
    pub(super) fn end(&self, last: impl FnOnce(&T) -> Result<bool, Failure>) -> Done {
        let mut inner = self.inner();
        if last(inner.as_ref().ok_or(Sar(codes::SAR_NOTINITIALIZEERR))?)? {
            *inner = None;
        }
        Ok(())
    }

    fn inner(&self) -> MutexGuard<'_, Option<T>> {
        // A panic in a step leaves at worst a wrong result of this one handle.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// SAR_INDATALENERR for more than the device takes at once (DEVINFO, MaxBufferSize: block ciphers and hashes).
pub(super) fn check_len(connection: &Connection, data: &Input) -> Result<(), Sar> {
    let most = *connection.device().personality.device.max_buffer;
    if data.len() > most as usize { Err(Sar(codes::SAR_INDATALENERR)) } else { Ok(()) }
}

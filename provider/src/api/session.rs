//! Opening and closing sessions (PKCS#11 3.0, 5.6.1 to 5.6.3). What happens in a session is its backend's business.

use cryptoki_sys::{CK_SESSION_HANDLE, CKF_SERIAL_SESSION};
use ukeyhub_vendors::abi::Flags;
use ukeyhub_vendors::error::{Error, Outcome};
use ukeyhub_vendors::hub::Row;
use ukeyhub_vendors::traits::Request;

use crate::arguments::{NewSession, Notify};
use crate::calls::Inside;

/// C_OpenSession (5.6.1).
pub fn open_session(inside: &Inside, row: &Row, flags: Flags, notify: Notify, handle: NewSession) -> Outcome {
    if flags.0 & CKF_SERIAL_SESSION == 0 {
        return Err(Error::parallel_session());
    }
    let request = Request { flags: flags.0, slot_id: row.id, listener: notify.listener() };
    handle.set(inside.state().open_session(row, request)?);
    Ok(())
}

/// C_CloseSession (5.6.2).
pub fn close_session(inside: &Inside, session: CK_SESSION_HANDLE) -> Outcome {
    inside.state().sessions().close(inside, session)
}

/// C_CloseAllSessions (5.6.3): ours only, since someone else in the process may use the same library. Every session is
/// tried; the first error is answered.
pub fn close_all_sessions(inside: &Inside, row: &Row) -> Outcome {
    let sessions = inside.state().sessions();
    let mut answer = Ok(());
    for handle in sessions.open_handles(|slot, _| slot == row.id) {
        let closed = sessions.close(inside, handle);
        // Another thread may close a session of the list meanwhile.
        if closed != Err(Error::unknown_session()) {
            answer = answer.and(closed);
        }
    }
    answer
}

//! Sessions: opening and closing, states, login, PINs. It must not touch objects except that they end with a session.

use std::collections::{HashMap, VecDeque};

use cryptoki_sys::{
    CK_FLAGS, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_SESSION_INFO, CK_SLOT_ID, CK_STATE, CK_USER_TYPE,
    CKF_ASYNC_SESSION, CKF_RW_SESSION, CKF_SERIAL_SESSION, CKR_FUNCTION_NOT_PARALLEL, CKR_OPERATION_NOT_INITIALIZED,
    CKR_PIN_LEN_RANGE, CKR_SESSION_ASYNC_NOT_SUPPORTED, CKR_SESSION_PARALLEL_NOT_SUPPORTED, CKR_SESSION_READ_ONLY,
    CKR_SESSION_READ_ONLY_EXISTS, CKR_SESSION_READ_WRITE_SO_EXISTS, CKR_TOKEN_NOT_RECOGNIZED,
    CKR_USER_ALREADY_LOGGED_IN, CKR_USER_ANOTHER_ALREADY_LOGGED_IN, CKR_USER_NOT_LOGGED_IN,
    CKR_USER_PIN_NOT_INITIALIZED, CKR_USER_TYPE_INVALID, CKS_RO_PUBLIC_SESSION, CKS_RO_USER_FUNCTIONS,
    CKS_RW_PUBLIC_SESSION, CKS_RW_SO_FUNCTIONS, CKS_RW_USER_FUNCTIONS, CKU_CONTEXT_SPECIFIC, CKU_SO, CKU_USER,
};

use crate::arguments::{Answer, Place};
use crate::operations::{Kind, Operation};
use crate::state;

/// Who is logged in to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    User,
    SecurityOfficer,
}

/// One session.
#[derive(Debug)]
pub struct Session {
    pub slot: CK_SLOT_ID,
    /// CKF_RW_SESSION.
    pub writes: bool,
    /// At most one operation of each kind.
    pub operations: HashMap<Kind, Operation>,
    /// What a running search has still to give.
    pub search: Option<VecDeque<CK_OBJECT_HANDLE>>,
}

impl Session {
    pub fn new(slot: CK_SLOT_ID, writes: bool) -> Self {
        Self { slot, writes, operations: HashMap::new(), search: None }
    }
}

fn pin_length(pin: &[u8]) -> Answer {
    if (4..=64).contains(&pin.len()) { Ok(()) } else { Err(CKR_PIN_LEN_RANGE) }
}

/// C_OpenSession (2.40, 5.6).
pub fn open(slot: CK_SLOT_ID, flags: CK_FLAGS, handle: Place<CK_SESSION_HANDLE>) -> Answer {
    let mut state = state::lock();
    let token = state.token(slot)?;
    if flags & CKF_SERIAL_SESSION == 0 {
        return Err(CKR_SESSION_PARALLEL_NOT_SUPPORTED);
    }
    if flags & CKF_ASYNC_SESSION != 0 {
        return Err(CKR_SESSION_ASYNC_NOT_SUPPORTED);
    }
    if !token.initialised {
        return Err(CKR_TOKEN_NOT_RECOGNIZED);
    }
    let writes = flags & CKF_RW_SESSION != 0;
    if !writes && token.login == Some(Role::SecurityOfficer) {
        return Err(CKR_SESSION_READ_WRITE_SO_EXISTS);
    }
    let new = state.next_session();
    state.sessions.insert(new, Session::new(slot, writes));
    handle.set(new);
    Ok(())
}

/// C_CloseSession (2.40, 5.6). The last one logs out.
pub fn close(handle: CK_SESSION_HANDLE) -> Answer {
    let mut state = state::lock();
    let slot = state.session(handle)?.slot;
    state.sessions.remove(&handle);
    if !state.any_session(slot, |_| true) {
        state.close_sessions(slot);
    } else if let Ok(token) = state.token(slot) {
        token.objects.retain(|_, object| object.session != Some(handle));
    }
    Ok(())
}

/// C_CloseAllSessions (2.40, 5.6).
pub fn close_all(slot: CK_SLOT_ID) -> Answer {
    let mut state = state::lock();
    state.slot(slot)?;
    state.close_sessions(slot);
    Ok(())
}

/// C_GetSessionInfo (2.40, 5.6).
pub fn get_info(handle: CK_SESSION_HANDLE, info: Place<CK_SESSION_INFO>) -> Answer {
    let mut state = state::lock();
    let (session, token) = state.pair(handle)?;
    info.set(CK_SESSION_INFO {
        slotID: session.slot,
        state: session_state(session.writes, token.login),
        flags: CKF_SERIAL_SESSION | if session.writes { CKF_RW_SESSION } else { 0 },
        ulDeviceError: 0,
    });
    Ok(())
}

fn session_state(writes: bool, login: Option<Role>) -> CK_STATE {
    match (login, writes) {
        (Some(Role::SecurityOfficer), _) => CKS_RW_SO_FUNCTIONS,
        (Some(Role::User), true) => CKS_RW_USER_FUNCTIONS,
        (Some(Role::User), false) => CKS_RO_USER_FUNCTIONS,
        (None, true) => CKS_RW_PUBLIC_SESSION,
        (None, false) => CKS_RO_PUBLIC_SESSION,
    }
}

/// C_Login (2.40, 5.6).
pub fn login(handle: CK_SESSION_HANDLE, user: CK_USER_TYPE, pin: &[u8]) -> Answer {
    let mut state = state::lock();
    let slot = state.session(handle)?.slot;
    let read_only = state.any_session(slot, |session| !session.writes);
    let (session, token) = state.pair(handle)?;
    let role = match user {
        CKU_USER => Role::User,
        CKU_SO => Role::SecurityOfficer,
        CKU_CONTEXT_SPECIFIC => {
            let waiting: Vec<&mut Operation> = session.operations.values_mut().filter(|each| each.locked).collect();
            if waiting.is_empty() {
                return Err(CKR_OPERATION_NOT_INITIALIZED);
            }
            token.check_user_pin(pin)?;
            waiting.into_iter().for_each(|operation| operation.locked = false);
            return Ok(());
        }
        _ => return Err(CKR_USER_TYPE_INVALID),
    };
    match token.login {
        Some(present) if present == role => return Err(CKR_USER_ALREADY_LOGGED_IN),
        Some(_) => return Err(CKR_USER_ANOTHER_ALREADY_LOGGED_IN),
        None => {}
    }
    if role == Role::SecurityOfficer {
        if read_only {
            return Err(CKR_SESSION_READ_ONLY_EXISTS);
        }
        token.check_so_pin(pin)?;
    } else {
        if token.user_pin.is_none() {
            return Err(CKR_USER_PIN_NOT_INITIALIZED);
        }
        token.check_user_pin(pin)?;
    }
    token.login = Some(role);
    Ok(())
}

/// C_LoginUser (3.0, 5.6). The token has one user; a name is taken and not looked at.
pub fn login_user(handle: CK_SESSION_HANDLE, user: CK_USER_TYPE, pin: &[u8], _name: &[u8]) -> Answer {
    login(handle, user, pin)
}

/// C_Logout (2.40, 5.6).
pub fn logout(handle: CK_SESSION_HANDLE) -> Answer {
    let mut state = state::lock();
    let (session, token) = state.pair(handle)?;
    let slot = session.slot;
    token.login.take().ok_or(CKR_USER_NOT_LOGGED_IN)?;
    token.objects.retain(|_, object| object.session.is_none() || !object.is_private());
    for session in state.sessions.values_mut().filter(|session| session.slot == slot) {
        session.operations.retain(|kind, _| *kind == Kind::Digest);
        session.search = None;
    }
    Ok(())
}

/// C_InitPIN (2.40, 5.5).
pub fn init_pin(handle: CK_SESSION_HANDLE, pin: &[u8]) -> Answer {
    let mut state = state::lock();
    let (_, token) = state.pair(handle)?;
    if token.login != Some(Role::SecurityOfficer) {
        return Err(CKR_USER_NOT_LOGGED_IN);
    }
    pin_length(pin)?;
    token.set_user_pin(pin);
    Ok(())
}

/// C_SetPIN (2.40, 5.5).
pub fn set_pin(handle: CK_SESSION_HANDLE, old: &[u8], new: &[u8]) -> Answer {
    let mut state = state::lock();
    let (session, token) = state.pair(handle)?;
    if !session.writes {
        return Err(CKR_SESSION_READ_ONLY);
    }
    pin_length(new)?;
    if token.login == Some(Role::SecurityOfficer) {
        token.check_so_pin(old)?;
        token.so_pin = new.to_vec();
    } else {
        token.check_user_pin(old)?;
        token.set_user_pin(new);
    }
    Ok(())
}

/// C_GetFunctionStatus and C_CancelFunction (2.40, 5.16): relics that answer CKR_FUNCTION_NOT_PARALLEL.
pub fn not_parallel(handle: CK_SESSION_HANDLE) -> Answer {
    state::lock().session(handle)?;
    Err(CKR_FUNCTION_NOT_PARALLEL)
}

/// C_GetSessionValidationFlags (3.2): nothing here was ever validated.
pub fn validation_flags(handle: CK_SESSION_HANDLE, flags: Place<CK_FLAGS>) -> Answer {
    state::lock().session(handle)?;
    flags.set(0);
    Ok(())
}

/// C_AsyncComplete, C_AsyncGetID and C_AsyncJoin (3.2): C_OpenSession refuses asynchronous sessions.
pub fn not_asynchronous(handle: CK_SESSION_HANDLE) -> Answer {
    state::lock().session(handle)?;
    Err(CKR_SESSION_ASYNC_NOT_SUPPORTED)
}

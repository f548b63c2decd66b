//! Everything the mock remembers, behind one lock: settings, slots, sessions, slot events; and C_Initialize, C_Finalize.
//! The lock must not be held while a call waits, sleeps or hangs.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};

use cryptoki_sys::{
    CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_SLOT_ID, CK_VERSION, CKF_LIBRARY_CANT_CREATE_OS_THREADS,
    CKF_OS_LOCKING_OK, CKM_AES_CBC, CKM_AES_KEY_GEN, CKM_ECDSA, CKM_GENERIC_SECRET_KEY_GEN, CKM_RSA_PKCS,
    CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS_PSS, CKM_SHA256, CKM_SHA256_RSA_PKCS, CKM_VENDOR_DEFINED,
    CKR_ARGUMENTS_BAD, CKR_CANT_LOCK, CKR_CRYPTOKI_ALREADY_INITIALIZED, CKR_NEED_TO_CREATE_THREADS,
    CKR_SESSION_HANDLE_INVALID, CKR_SLOT_ID_INVALID, CKR_TOKEN_NOT_PRESENT,
};

use crate::arguments::{Answer, InitializeArguments};
use crate::entries::Function;
use crate::objects::Object;
use crate::sessions::Session;
use crate::slots::{Slot, Token};
use crate::tables::Tables;
use crate::{instruct, quiet, report};

/// What C_Initialize does (`initialize=…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initialize {
    /// As the standard says.
    Plain,
    /// CKR_CANT_LOCK when the caller wants locking.
    CantLock,
    /// CKR_NEED_TO_CREATE_THREADS when the caller forbids threads.
    NeedThreads,
    /// CKR_CRYPTOKI_ALREADY_INITIALIZED, and the library works: someone else has initialised it.
    Already,
    /// Takes pReserved as a C string.
    TakesString,
}

/// What C_WaitForSlotEvent can do (`wait-for-slot-event=…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Both forms.
    Supported,
    /// Only with CKF_DONT_BLOCK.
    Polling,
    /// CKR_FUNCTION_NOT_SUPPORTED.
    Unsupported,
}

/// What tests decide beside calls, slots and tokens.
#[derive(Debug)]
pub struct Settings {
    pub version: CK_VERSION,
    pub header_lies: bool,
    pub foreign_entry: Option<Function>,
    pub initialize: Initialize,
    pub waiting: Waiting,
    pub mechanisms: Vec<CK_MECHANISM_TYPE>,
    pub quiet: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: CK_VERSION { major: 2, minor: 40 },
            header_lies: false,
            foreign_entry: None,
            initialize: Initialize::Plain,
            waiting: Waiting::Supported,
            mechanisms: vec![
                CKM_RSA_PKCS_KEY_PAIR_GEN,
                CKM_RSA_PKCS,
                CKM_RSA_PKCS_PSS,
                CKM_SHA256_RSA_PKCS,
                CKM_ECDSA,
                CKM_SHA256,
                CKM_GENERIC_SECRET_KEY_GEN,
                CKM_AES_KEY_GEN,
                CKM_AES_CBC,
                CKM_VENDOR_DEFINED | 0x4D43,
            ],
            quiet: false,
        }
    }
}

/// The whole memory of the library.
#[derive(Debug)]
pub struct State {
    pub settings: Settings,
    /// The function lists made for the settings; None until asked for.
    pub tables: Option<&'static Tables>,
    pub slots: Vec<Slot>,
    pub sessions: HashMap<CK_SESSION_HANDLE, Session>,
    /// Slots for C_WaitForSlotEvent, oldest first.
    pub events: VecDeque<CK_SLOT_ID>,
    /// Goes up with each C_Finalize, so that a waiter knows that one has passed.
    pub era: u64,
    /// The state of the toy random numbers.
    pub random: u64,
    last_session: CK_SESSION_HANDLE,
    last_object: CK_OBJECT_HANDLE,
}

static STATE: LazyLock<Mutex<State>> = LazyLock::new(|| Mutex::new(State::new()));
static INITIALISED: AtomicBool = AtomicBool::new(false);
/// Told when an event is queued or the library is finalised.
pub static CHANGED: Condvar = Condvar::new();

/// Locks the state. A panic of another thread does not matter: the mock is a test's own.
pub fn lock() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether C_Initialize has succeeded and C_Finalize has not followed.
pub fn initialised() -> bool {
    INITIALISED.load(Ordering::Acquire)
}

impl State {
    fn new() -> Self {
        Self {
            settings: Settings::default(),
            tables: None,
            slots: Slot::row(&[true]),
            sessions: HashMap::new(),
            events: VecDeque::new(),
            era: 0,
            random: 0x6D6F_636B,
            last_session: 0,
            last_object: 0,
        }
    }

    /// Back to how the library was loaded; handles go on counting, so that an old one stays invalid.
    pub fn reset(&mut self) {
        let fresh = Self::new();
        (self.settings, self.tables, self.slots) = (fresh.settings, fresh.tables, fresh.slots);
        self.sessions.clear();
        self.events.clear();
    }

    /// A slot, or CKR_SLOT_ID_INVALID.
    pub fn slot(&mut self, id: CK_SLOT_ID) -> Answer<&mut Slot> {
        self.slots.get_mut(id as usize).ok_or(CKR_SLOT_ID_INVALID)
    }

    /// The token in a slot, or CKR_TOKEN_NOT_PRESENT.
    pub fn token(&mut self, id: CK_SLOT_ID) -> Answer<&mut Token> {
        self.slot(id)?.token.as_mut().ok_or(CKR_TOKEN_NOT_PRESENT)
    }

    /// A session, or CKR_SESSION_HANDLE_INVALID. A handle of the quiet path becomes a session when first used.
    pub fn session(&mut self, handle: CK_SESSION_HANDLE) -> Answer<&mut Session> {
        if let Some(slot) = quiet::slot_of(handle).filter(|slot| (*slot as usize) < self.slots.len()) {
            self.sessions.entry(handle).or_insert_with(|| Session::new(slot, true));
        }
        self.sessions.get_mut(&handle).ok_or(CKR_SESSION_HANDLE_INVALID)
    }

    /// A session and the token it is with.
    pub fn pair(&mut self, handle: CK_SESSION_HANDLE) -> Answer<(&mut Session, &mut Token)> {
        let slot = self.session(handle)?.slot;
        let session = self.sessions.get_mut(&handle).ok_or(CKR_SESSION_HANDLE_INVALID)?;
        let token = self.slots.get_mut(slot as usize).and_then(|slot| slot.token.as_mut());
        Ok((session, token.ok_or(CKR_TOKEN_NOT_PRESENT)?))
    }

    /// A session handle that was never given before.
    pub fn next_session(&mut self) -> CK_SESSION_HANDLE {
        self.last_session += 1;
        self.last_session
    }

    /// An object handle that was never given before.
    pub fn next_object(&mut self) -> CK_OBJECT_HANDLE {
        self.last_object += 1;
        self.last_object
    }

    /// Gives every object a new handle; the old ones are invalid.
    pub fn renumber_objects(&mut self) {
        for index in 0..self.slots.len() {
            let Some(token) = self.slots[index].token.as_mut() else { continue };
            let objects = std::mem::take(&mut token.objects);
            let renumbered: BTreeMap<CK_OBJECT_HANDLE, Object> =
                objects.into_values().map(|object| (self.next_object(), object)).collect();
            if let Some(token) = self.slots[index].token.as_mut() {
                token.objects = renumbered;
            }
        }
    }

    /// Ends the sessions with a slot, their objects, and the login.
    pub fn close_sessions(&mut self, slot: CK_SLOT_ID) {
        self.sessions.retain(|_, session| session.slot != slot);
        if let Some(token) = self.slots.get_mut(slot as usize).and_then(|slot| slot.token.as_mut()) {
            token.objects.retain(|_, object| object.session.is_none());
            token.login = None;
        }
    }

    /// Whether a session with this slot is open and fulfils the condition.
    pub fn any_session(&self, slot: CK_SLOT_ID, condition: impl Fn(&Session) -> bool) -> bool {
        self.sessions.values().any(|session| session.slot == slot && condition(session))
    }
}

/// C_Initialize (2.40, 5.4).
pub fn initialize(arguments: Option<InitializeArguments>) -> Answer {
    let mode = lock().settings.initialize;
    let flags = arguments.map_or(0, |arguments| arguments.flags);
    if let Some(given) = arguments {
        let reserved = given.has_reserved() && mode != Initialize::TakesString;
        if reserved || !matches!(given.mutexes, 0 | 4) {
            return Err(CKR_ARGUMENTS_BAD);
        }
        if mode == Initialize::CantLock && (flags & CKF_OS_LOCKING_OK != 0 || given.mutexes == 4) {
            return Err(CKR_CANT_LOCK);
        }
        if mode == Initialize::NeedThreads && flags & CKF_LIBRARY_CANT_CREATE_OS_THREADS != 0 {
            return Err(CKR_NEED_TO_CREATE_THREADS);
        }
    }
    let state = lock();
    if INITIALISED.swap(true, Ordering::AcqRel) {
        return Err(CKR_CRYPTOKI_ALREADY_INITIALIZED);
    }
    let takes_string = mode == Initialize::TakesString;
    let reserved = arguments.filter(|_| takes_string).map_or_else(Vec::new, |given| given.reserved_text());
    report::note_initialize(flags, reserved);
    quiet::set(state.settings.quiet);
    if mode == Initialize::Already { Err(CKR_CRYPTOKI_ALREADY_INITIALIZED) } else { Ok(()) }
}

/// C_Finalize (2.40, 5.4). Token objects stay, as on a real token.
pub fn finalize(reserved_is_null: bool) -> Answer {
    if !reserved_is_null {
        return Err(CKR_ARGUMENTS_BAD);
    }
    let mut state = lock();
    quiet::set(false);
    for slot in 0..state.slots.len() {
        state.close_sessions(slot as CK_SLOT_ID);
    }
    state.events.clear();
    state.era += 1;
    INITIALISED.store(false, Ordering::Release);
    drop(state);
    CHANGED.notify_all();
    instruct::forget_environment();
    Ok(())
}

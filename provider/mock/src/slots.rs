//! Slots and tokens, and what C_GetInfo, C_GetSlot…, C_GetToken…, C_GetMechanism… and C_WaitForSlotEvent say of them.
//! It must not know sessions beyond closing them.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use cryptoki_sys::{
    CK_BBOOL, CK_FLAGS, CK_INFO, CK_MECHANISM_INFO, CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_SLOT_ID, CK_SLOT_INFO,
    CK_TOKEN_INFO, CK_ULONG, CK_UNAVAILABLE_INFORMATION, CK_VERSION, CKF_DECRYPT, CKF_DERIVE, CKF_DIGEST,
    CKF_DONT_BLOCK, CKF_ENCRYPT, CKF_GENERATE, CKF_GENERATE_KEY_PAIR, CKF_HW_SLOT, CKF_LOGIN_REQUIRED,
    CKF_REMOVABLE_DEVICE, CKF_RNG, CKF_SIGN, CKF_SO_PIN_LOCKED, CKF_TOKEN_INITIALIZED, CKF_TOKEN_PRESENT, CKF_UNWRAP,
    CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_INITIALIZED, CKF_USER_PIN_LOCKED, CKF_VERIFY,
    CKF_WRAP, CKR_ARGUMENTS_BAD, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_FUNCTION_NOT_SUPPORTED, CKR_MECHANISM_INVALID,
    CKR_NO_EVENT, CKR_PIN_INCORRECT, CKR_PIN_LOCKED, CKR_SESSION_EXISTS,
};

use crate::arguments::{Answer, Array, Place};
use crate::objects::Object;
use crate::sessions::Role;
use crate::state::{self, Waiting};

/// The PINs of a new token; public, these tokens hold nothing.
const USER_PIN: &[u8] = b"1234";
const SO_PIN: &[u8] = b"12345678";
/// Wrong tries until a PIN is locked.
const TRIES: u32 = 10;

/// One slot; its id is its place in the list.
#[derive(Debug, Default)]
pub struct Slot {
    pub token: Option<Token>,
}

/// One token and what is on it.
#[derive(Debug)]
pub struct Token {
    pub label: String,
    pub serial: String,
    pub manufacturer: String,
    pub model: String,
    pub initialised: bool,
    pub user_pin: Option<Vec<u8>>,
    pub so_pin: Vec<u8>,
    pub user_tries: u32,
    pub so_tries: u32,
    pub login: Option<Role>,
    pub objects: BTreeMap<CK_OBJECT_HANDLE, Object>,
}

impl Slot {
    /// Slots 0, 1, 2 …, each with a new token or without.
    pub fn row(tokens: &[bool]) -> Vec<Self> {
        let slot = |(id, present): (usize, &bool)| Self { token: present.then(|| Token::new(id as CK_SLOT_ID)) };
        tokens.iter().enumerate().map(slot).collect()
    }
}

impl Token {
    /// An initialised, empty token with the known PINs.
    pub fn new(slot: CK_SLOT_ID) -> Self {
        Self {
            label: format!("mock token {slot}"),
            serial: format!("{:08}", slot + 1),
            manufacturer: "ukeyhub".to_owned(),
            model: "mock".to_owned(),
            initialised: true,
            user_pin: Some(USER_PIN.to_vec()),
            so_pin: SO_PIN.to_vec(),
            user_tries: TRIES,
            so_tries: TRIES,
            login: None,
            objects: BTreeMap::new(),
        }
    }

    /// Checks the user PIN and counts a wrong try.
    pub fn check_user_pin(&mut self, pin: &[u8]) -> Answer {
        check(self.user_pin.as_deref().unwrap_or_default(), pin, &mut self.user_tries)
    }

    /// Checks the security officer's PIN and counts a wrong try.
    pub fn check_so_pin(&mut self, pin: &[u8]) -> Answer {
        check(&self.so_pin, pin, &mut self.so_tries)
    }

    /// Sets the user PIN, with all its tries.
    pub fn set_user_pin(&mut self, pin: &[u8]) {
        self.user_pin = Some(pin.to_vec());
        self.user_tries = TRIES;
    }

    fn flags(&self) -> CK_FLAGS {
        let when = |condition: bool, flag: CK_FLAGS| if condition { flag } else { 0 };
        CKF_RNG
            | CKF_LOGIN_REQUIRED
            | when(self.initialised, CKF_TOKEN_INITIALIZED)
            | when(self.user_pin.is_some(), CKF_USER_PIN_INITIALIZED)
            | when(self.user_tries < TRIES, CKF_USER_PIN_COUNT_LOW)
            | when(self.user_tries == 1, CKF_USER_PIN_FINAL_TRY)
            | when(self.user_tries == 0, CKF_USER_PIN_LOCKED)
            | when(self.so_tries == 0, CKF_SO_PIN_LOCKED)
    }
}

fn check(right: &[u8], given: &[u8], tries: &mut u32) -> Answer {
    if *tries == 0 {
        return Err(CKR_PIN_LOCKED);
    }
    if right == given {
        *tries = TRIES;
        return Ok(());
    }
    *tries -= 1;
    Err(if *tries == 0 { CKR_PIN_LOCKED } else { CKR_PIN_INCORRECT })
}

/// Text padded with blanks, cut at a character if too long.
fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut end = text.len().min(N);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut field = [b' '; N];
    field[..end].copy_from_slice(&text.as_bytes()[..end]);
    field
}

/// C_GetInfo (2.40, 5.4).
pub fn get_info(info: Place<CK_INFO>) -> Answer {
    info.set(CK_INFO {
        cryptokiVersion: state::lock().settings.version,
        manufacturerID: padded("ukeyhub"),
        flags: 0,
        libraryDescription: padded("mock library, no cryptography"),
        libraryVersion: CK_VERSION { major: 0, minor: 1 },
    });
    Ok(())
}

/// C_GetSlotList (2.40, 5.5).
pub fn get_slot_list(present: CK_BBOOL, list: Array<CK_SLOT_ID>) -> Answer {
    let state = state::lock();
    let shown = state.slots.iter().zip(0..).filter(|(slot, _)| present == 0 || slot.token.is_some());
    list.give(&shown.map(|(_, id)| id).collect::<Vec<CK_SLOT_ID>>())
}

/// C_GetSlotInfo (2.40, 5.5).
pub fn get_slot_info(id: CK_SLOT_ID, info: Place<CK_SLOT_INFO>) -> Answer {
    let mut state = state::lock();
    let present = state.slot(id)?.token.is_some();
    info.set(CK_SLOT_INFO {
        slotDescription: padded(&format!("mock slot {id}")),
        manufacturerID: padded("ukeyhub"),
        flags: CKF_REMOVABLE_DEVICE | CKF_HW_SLOT | if present { CKF_TOKEN_PRESENT } else { 0 },
        hardwareVersion: CK_VERSION { major: 1, minor: 0 },
        firmwareVersion: CK_VERSION { major: 1, minor: 0 },
    });
    Ok(())
}

/// C_GetTokenInfo (2.40, 5.5).
pub fn get_token_info(id: CK_SLOT_ID, info: Place<CK_TOKEN_INFO>) -> Answer {
    let mut state = state::lock();
    let all = state.sessions.values().filter(|session| session.slot == id).count();
    let writing = state.sessions.values().filter(|session| session.slot == id && session.writes).count();
    let token = state.token(id)?;
    info.set(CK_TOKEN_INFO {
        label: padded(&token.label),
        manufacturerID: padded(&token.manufacturer),
        model: padded(&token.model),
        serialNumber: padded(&token.serial),
        flags: token.flags(),
        ulMaxSessionCount: 0,
        ulSessionCount: all as CK_ULONG,
        ulMaxRwSessionCount: 0,
        ulRwSessionCount: writing as CK_ULONG,
        ulMaxPinLen: 64,
        ulMinPinLen: 4,
        ulTotalPublicMemory: CK_UNAVAILABLE_INFORMATION,
        ulFreePublicMemory: CK_UNAVAILABLE_INFORMATION,
        ulTotalPrivateMemory: CK_UNAVAILABLE_INFORMATION,
        ulFreePrivateMemory: CK_UNAVAILABLE_INFORMATION,
        hardwareVersion: CK_VERSION { major: 1, minor: 0 },
        firmwareVersion: CK_VERSION { major: 1, minor: 0 },
        utcTime: padded(""),
    });
    Ok(())
}

/// C_GetMechanismList (2.40, 5.5). The operations themselves take any mechanism.
pub fn get_mechanism_list(id: CK_SLOT_ID, list: Array<CK_MECHANISM_TYPE>) -> Answer {
    let mut state = state::lock();
    state.token(id)?;
    list.give(&state.settings.mechanisms)
}

/// C_GetMechanismInfo (2.40, 5.5).
pub fn get_mechanism_info(id: CK_SLOT_ID, kind: CK_MECHANISM_TYPE, info: Place<CK_MECHANISM_INFO>) -> Answer {
    let mut state = state::lock();
    state.token(id)?;
    if !state.settings.mechanisms.contains(&kind) {
        return Err(CKR_MECHANISM_INVALID);
    }
    let uses = CKF_ENCRYPT | CKF_DECRYPT | CKF_DIGEST | CKF_SIGN | CKF_VERIFY | CKF_WRAP | CKF_UNWRAP | CKF_DERIVE;
    let flags = uses | CKF_GENERATE | CKF_GENERATE_KEY_PAIR;
    info.set(CK_MECHANISM_INFO { ulMinKeySize: 16, ulMaxKeySize: 4096, flags });
    Ok(())
}

/// C_InitToken (2.40, 5.5).
pub fn init_token(id: CK_SLOT_ID, pin: &[u8], label: &[u8]) -> Answer {
    let mut state = state::lock();
    let in_use = state.any_session(id, |_| true);
    let token = state.token(id)?;
    if in_use {
        return Err(CKR_SESSION_EXISTS);
    }
    if token.initialised {
        token.check_so_pin(pin)?;
    }
    let label = String::from_utf8_lossy(label).trim_end().to_owned();
    *token = Token {
        label,
        serial: token.serial.clone(),
        manufacturer: token.manufacturer.clone(),
        model: token.model.clone(),
        so_pin: pin.to_vec(),
        user_pin: None,
        ..Token::new(id)
    };
    Ok(())
}

/// C_WaitForSlotEvent (2.40, 5.5). Ends with CKR_CRYPTOKI_NOT_INITIALIZED on C_Finalize.
pub fn wait_for_slot_event(flags: CK_FLAGS, slot: Place<CK_SLOT_ID>, reserved_is_null: bool) -> Answer {
    if !reserved_is_null {
        return Err(CKR_ARGUMENTS_BAD);
    }
    let polling = flags & CKF_DONT_BLOCK != 0;
    let mut state = state::lock();
    let era = state.era;
    match state.settings.waiting {
        Waiting::Unsupported => return Err(CKR_FUNCTION_NOT_SUPPORTED),
        Waiting::Polling if !polling => return Err(CKR_FUNCTION_NOT_SUPPORTED),
        Waiting::Polling | Waiting::Supported => {}
    }
    loop {
        if state.era != era || !state::initialised() {
            return Err(CKR_CRYPTOKI_NOT_INITIALIZED);
        }
        if let Some(changed) = state.events.pop_front() {
            slot.set(changed);
            return Ok(());
        }
        if polling {
            return Err(CKR_NO_EVENT);
        }
        state = state::CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
}

//! The host's side of a test: loads the built module and calls it through its own function list.
//! It must not link the module's Rust code: that would be a second copy with statics of its own.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "test support stops at the first surprise"
)]

pub mod attributes;
pub mod libraries;
pub mod mock;
#[cfg(target_os = "linux")]
pub mod processes;

use std::ptr;

use cryptoki_sys::*;
use libloading::Library;
use ukeyhub_vendors::error::{Error, Outcome, outcome};

/// Calls a function of the module by its C name; the answer is an `Outcome`, so failures show the standard's names.
macro_rules! call {
    ($module:expr, $name:ident $(, $argument:expr)* $(,)?) => {{
        let function = $module.list.$name.unwrap();
        // SAFETY: the arguments are as PKCS#11 prescribes, or wrong in the one way that the test is about.
        ::ukeyhub_vendors::error::outcome(unsafe { function($($argument),*) })
    }};
}
pub(crate) use call;

/// An answer that is not CKR_OK.
pub fn refused<T>(code: CK_RV) -> Outcome<T> {
    Err(Error::of(code))
}

/// The module, loaded as hosts load it: with dlopen, locally.
pub struct Module {
    pub list: CK_FUNCTION_LIST_3_2,
    pub library: Library,
}

impl Module {
    pub fn load() -> Self {
        // SAFETY: the module has no initialisers that could harm.
        Self::of(unsafe { Library::new(ukeyhub_artefacts::module()) }.unwrap())
    }

    pub fn of(library: Library) -> Self {
        let interface = interface(&library, None, Some((3, 2)), 0).unwrap();
        // SAFETY: an interface of version 3.2 has this list (PKCS#11 3.2).
        let list = unsafe { interface.pFunctionList.cast::<CK_FUNCTION_LIST_3_2>().read_unaligned() };
        Self { list, library }
    }

    /// C_Initialize as most hosts call it: the system's locks.
    pub fn initialize(&self) -> Outcome {
        self.initialize_with(CKF_OS_LOCKING_OK)
    }

    pub fn initialize_with(&self, flags: CK_FLAGS) -> Outcome {
        let mut arguments = plain_arguments(flags);
        call!(self, C_Initialize, (&raw mut arguments).cast())
    }

    pub fn finalize(&self) -> Outcome {
        call!(self, C_Finalize, ptr::null_mut())
    }

    /// C_GetSlotList, as hosts call it: the number first.
    pub fn slots(&self, present: bool) -> Vec<CK_SLOT_ID> {
        let present = if present { CK_TRUE } else { CK_FALSE };
        let mut count = 0;
        call!(self, C_GetSlotList, present, ptr::null_mut(), &raw mut count).unwrap();
        let mut slots = vec![0; count as usize];
        call!(self, C_GetSlotList, present, slots.as_mut_ptr(), &raw mut count).unwrap();
        slots.truncate(count as usize);
        slots
    }

    /// The one slot with a token.
    pub fn only_slot(&self) -> CK_SLOT_ID {
        match self.slots(true).as_slice() {
            [slot] => *slot,
            others => panic!("not one slot: {others:?}"),
        }
    }

    pub fn slot_info(&self, slot: CK_SLOT_ID) -> Outcome<CK_SLOT_INFO> {
        let mut info = CK_SLOT_INFO { slotDescription: [0; 64], manufacturerID: [0; 32], ..Default::default() };
        call!(self, C_GetSlotInfo, slot, &raw mut info).map(|()| info)
    }

    /// Whether C_GetSlotInfo says that a token is there.
    pub fn is_present(&self, slot: CK_SLOT_ID) -> bool {
        self.slot_info(slot).unwrap().flags & CKF_TOKEN_PRESENT != 0
    }

    pub fn token_info(&self, slot: CK_SLOT_ID) -> Outcome<CK_TOKEN_INFO> {
        let mut info = empty_token_info();
        call!(self, C_GetTokenInfo, slot, &raw mut info).map(|()| info)
    }

    /// The label of a slot's token, without padding.
    pub fn label(&self, slot: CK_SLOT_ID) -> String {
        text(&self.token_info(slot).unwrap().label)
    }

    /// A read-write session.
    pub fn open(&self, slot: CK_SLOT_ID) -> Outcome<CK_SESSION_HANDLE> {
        let mut session = 0;
        let flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
        call!(self, C_OpenSession, slot, flags, ptr::null_mut(), None, &raw mut session).map(|()| session)
    }

    pub fn close(&self, session: CK_SESSION_HANDLE) -> Outcome {
        call!(self, C_CloseSession, session)
    }

    pub fn session_info(&self, session: CK_SESSION_HANDLE) -> Outcome<CK_SESSION_INFO> {
        let mut info = CK_SESSION_INFO::default();
        call!(self, C_GetSessionInfo, session, &raw mut info).map(|()| info)
    }

    pub fn login(&self, session: CK_SESSION_HANDLE, user: CK_USER_TYPE, pin: &str) -> Outcome {
        let (mut pin, length) = (pin.to_owned().into_bytes(), pin.len() as CK_ULONG);
        call!(self, C_Login, session, user, pin.as_mut_ptr(), length)
    }

    /// C_WaitForSlotEvent without waiting.
    pub fn event(&self) -> Outcome<CK_SLOT_ID> {
        let mut slot = 0;
        call!(self, C_WaitForSlotEvent, CKF_DONT_BLOCK, &raw mut slot, ptr::null_mut()).map(|()| slot)
    }

    /// C_WaitForSlotEvent that waits.
    pub fn wait_for_event(&self) -> Outcome<CK_SLOT_ID> {
        let mut slot = 0;
        call!(self, C_WaitForSlotEvent, 0, &raw mut slot, ptr::null_mut()).map(|()| slot)
    }

    /// A pair of keys of the mock or, with the mechanism's own attributes, of another library: public, private.
    pub fn generate_pair(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: CK_MECHANISM_TYPE,
        public: &attributes::Attributes,
        private: &attributes::Attributes,
    ) -> Outcome<(CK_OBJECT_HANDLE, CK_OBJECT_HANDLE)> {
        let mut mechanism = plain_mechanism(mechanism);
        let (mut public, mut private) = (public.list(), private.list());
        let (mut first, mut second) = (0, 0);
        call!(
            self,
            C_GenerateKeyPair,
            session,
            &raw mut mechanism,
            public.as_mut_ptr(),
            public.len() as CK_ULONG,
            private.as_mut_ptr(),
            private.len() as CK_ULONG,
            &raw mut first,
            &raw mut second
        )
        .map(|()| (first, second))
    }

    pub fn sign_init(&self, session: CK_SESSION_HANDLE, kind: CK_MECHANISM_TYPE, key: CK_OBJECT_HANDLE) -> Outcome {
        let mut mechanism = plain_mechanism(kind);
        call!(self, C_SignInit, session, &raw mut mechanism, key)
    }

    /// C_Sign with a buffer that is long enough.
    pub fn sign(&self, session: CK_SESSION_HANDLE, data: &[u8]) -> Outcome<Vec<u8>> {
        let mut data = data.to_vec();
        let (mut signature, mut length) = (vec![0; 1024], 1024);
        let size = data.len() as CK_ULONG;
        call!(self, C_Sign, session, data.as_mut_ptr(), size, signature.as_mut_ptr(), &raw mut length)?;
        signature.truncate(length as usize);
        Ok(signature)
    }

    /// C_GetInfo's version of Cryptoki.
    pub fn stated_version(&self) -> (u8, u8) {
        // SAFETY: integers and byte arrays.
        let mut info: CK_INFO = unsafe { std::mem::zeroed() };
        call!(self, C_GetInfo, &raw mut info).unwrap();
        (info.cryptokiVersion.major, info.cryptokiVersion.minor)
    }
}

/// C_INITIALIZE_ARGS with flags only.
pub fn plain_arguments(flags: CK_FLAGS) -> CK_C_INITIALIZE_ARGS {
    CK_C_INITIALIZE_ARGS {
        CreateMutex: None,
        DestroyMutex: None,
        LockMutex: None,
        UnlockMutex: None,
        flags,
        pReserved: ptr::null_mut(),
    }
}

/// A mechanism without parameter.
pub fn plain_mechanism(kind: CK_MECHANISM_TYPE) -> CK_MECHANISM {
    CK_MECHANISM { mechanism: kind, pParameter: ptr::null_mut(), ulParameterLen: 0 }
}

pub fn empty_token_info() -> CK_TOKEN_INFO {
    CK_TOKEN_INFO {
        label: [0; 32],
        manufacturerID: [0; 32],
        model: [0; 16],
        serialNumber: [0; 16],
        ..Default::default()
    }
}

/// Padded text without its padding.
pub fn text(padded: &[u8]) -> String {
    String::from_utf8_lossy(padded).trim_end().to_owned()
}

/// C_GetInterface of a loaded library.
pub fn interface(
    library: &Library,
    name: Option<&std::ffi::CStr>,
    version: Option<(u8, u8)>,
    flags: CK_FLAGS,
) -> Outcome<CK_INTERFACE> {
    type GetInterface =
        unsafe extern "C" fn(*mut CK_UTF8CHAR, *mut CK_VERSION, *mut *mut CK_INTERFACE, CK_FLAGS) -> CK_RV;
    let mut version = version.map(|(major, minor)| CK_VERSION { major, minor });
    let mut found = ptr::null_mut();
    let name = name.map_or(ptr::null_mut(), |name| name.as_ptr().cast_mut().cast());
    let version = version.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    // SAFETY: the symbol has the standard's type; what it gives lives as long as the library.
    unsafe {
        let get = library.get::<GetInterface>("C_GetInterface").unwrap();
        outcome(get(name, version, &raw mut found, flags))?;
        Ok(found.read_unaligned())
    }
}

//! Views of the arguments that only the module itself reads: initialisation, interfaces, callbacks. Boundary file.
//! It must not decide what they mean beyond what the standard fixes.

use std::ffi::{CStr, c_void};
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};

use cryptoki_sys::*;
use ukeyhub_vendors::abi::{Out, Room, View};
use ukeyhub_vendors::error::{Error, Outcome};
use ukeyhub_vendors::pkcs11::{HostThreads, Mutexes};
use ukeyhub_vendors::pointer_views;
use ukeyhub_vendors::traits::Listener;

/// CK_INFO.
pub type Info<'a> = Out<'a, CK_INFO>;

/// Where C_GetInterfaceList puts its answer.
pub type InterfaceList<'a> = Room<'a, CK_INTERFACE>;

pointer_views! {
    /// pInitArgs: null or a CK_C_INITIALIZE_ARGS (PKCS#11 3.0, 5.4.1).
    InitArguments to c_void, null true;
    /// A pointer that must be null; the body checks it after the module's state.
    Reserved to c_void, null true;
    /// Where C_GetFunctionList puts its answer.
    FunctionList to *mut CK_FUNCTION_LIST, null false;
    /// Where C_GetInterface puts its answer.
    InterfacePlace to *mut CK_INTERFACE, null false;
    /// The name asked for: null stands for the default interface (PKCS#11 3.0, 5.4.6).
    InterfaceName to CK_UTF8CHAR, null true;
    /// The version asked for: null stands for the highest.
    WantedVersion to CK_VERSION, null true;
    /// Where a new session's handle goes.
    NewSession to CK_SESSION_HANDLE, null false;
    /// Where the slot of an event goes.
    NewSlot to CK_SLOT_ID, null false;
}

macro_rules! shown_as_pointers {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(if self.pointer.is_null() { "<null>" } else { "<pointer>" })
            }
        }
    )*};
}

shown_as_pointers! {
    InitArguments Reserved FunctionList InterfacePlace InterfaceName WantedVersion NewSession NewSlot
}

impl InitArguments<'_> {
    /// What the host says about threads. A reserved pointer, or some but not all mutex callbacks: CKR_ARGUMENTS_BAD.
    pub fn read(&self) -> Outcome<HostThreads> {
        if self.pointer.is_null() {
            return Ok(HostThreads::default());
        }
        // SAFETY: a host that passes a pointer passes a CK_C_INITIALIZE_ARGS (PKCS#11 3.0, 5.4.1), aligned or not.
        let given = unsafe { self.pointer.cast::<CK_C_INITIALIZE_ARGS>().read_unaligned() };
        if !given.pReserved.is_null() {
            return Err(Error::bad_argument());
        }
        let (create, destroy, lock, unlock) =
            (given.CreateMutex, given.DestroyMutex, given.LockMutex, given.UnlockMutex);
        let callbacks = [create.is_some(), destroy.is_some(), lock.is_some(), unlock.is_some()];
        let flags = given.flags;
        let mutexes = match callbacks {
            [false, false, false, false] => None,
            [true, true, true, true] if flags & CKF_OS_LOCKING_OK != 0 => None,
            [true, true, true, true] => Some(Mutexes { create, destroy, lock, unlock }),
            _ => return Err(Error::bad_argument()),
        };
        Ok(HostThreads { library_creates_none: flags & CKF_LIBRARY_CANT_CREATE_OS_THREADS != 0, mutexes })
    }
}

impl Reserved<'_> {
    /// CKR_ARGUMENTS_BAD unless it is null.
    pub fn check(&self) -> Outcome {
        if self.pointer.is_null() { Ok(()) } else { Err(Error::bad_argument()) }
    }
}

impl FunctionList<'_> {
    /// Gives the host a list that lives as long as the module.
    pub fn set(&self, list: &'static CK_FUNCTION_LIST) {
        // SAFETY: not null, lent for writing. The host gets a mutable pointer because C has no other, and must not write.
        unsafe { self.pointer.write_unaligned(std::ptr::from_ref(list).cast_mut()) }
    }
}

impl InterfacePlace<'_> {
    /// Gives the host an interface that lives as long as the module.
    pub fn set(&self, interface: *const CK_INTERFACE) {
        // SAFETY: not null, lent for writing.
        unsafe { self.pointer.write_unaligned(interface.cast_mut()) }
    }
}

impl InterfaceName<'_> {
    /// The name; `None` where the host asks for the default.
    pub fn get(&self) -> Option<&CStr> {
        // SAFETY: the standard makes it a NUL-terminated string, alive for the call.
        (!self.pointer.is_null()).then(|| unsafe { CStr::from_ptr(self.pointer.cast()) })
    }
}

impl WantedVersion<'_> {
    /// The version; `None` where the host takes any.
    pub fn get(&self) -> Option<(u8, u8)> {
        if self.pointer.is_null() {
            return None;
        }
        // SAFETY: not null, so it points to two bytes.
        let version = unsafe { self.pointer.read_unaligned() };
        Some((version.major, version.minor))
    }
}

impl NewSession<'_> {
    /// Gives the host its handle.
    pub fn set(&self, handle: CK_SESSION_HANDLE) {
        // SAFETY: not null, lent for writing.
        unsafe { self.pointer.write_unaligned(handle) }
    }
}

impl NewSlot<'_> {
    /// Gives the host a slot id.
    pub fn set(&self, slot: CK_SLOT_ID) {
        // SAFETY: not null, lent for writing.
        unsafe { self.pointer.write_unaligned(slot) }
    }
}

/// pApplication and Notify of C_OpenSession (PKCS#11 3.0, 5.6.1).
#[derive(Clone, Copy)]
pub struct Notify<'a> {
    application: *mut c_void,
    callback: CK_NOTIFY,
    caller: PhantomData<&'a ()>,
}

impl View for Notify<'_> {
    type A = *mut c_void;
    type B = CK_NOTIFY;
    type Raw = (*mut c_void, CK_NOTIFY);

    unsafe fn take((application, callback): Self::Raw) -> Outcome<Self> {
        Ok(Self { application, callback, caller: PhantomData })
    }

    fn raw(&self) -> Self::Raw {
        (self.application, self.callback)
    }
}

impl Notify<'_> {
    /// Who is told of notifications; `None` where the host gave no callback.
    pub fn listener(&self) -> Option<Box<dyn Listener>> {
        let callback = self.callback?;
        Some(Box::new(Host { application: self.application, callback, session: AtomicUsize::new(0) }))
    }
}

impl fmt::Debug for Notify<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.callback.is_some() { "<callback>" } else { "<none>" })
    }
}

type Callback = unsafe extern "C" fn(CK_SESSION_HANDLE, CK_NOTIFICATION, *mut c_void) -> CK_RV;

/// The host's callback with what it wants to be called with.
struct Host {
    application: *mut c_void,
    callback: Callback,
    session: AtomicUsize,
}

// SAFETY: the pointer is the host's own and is only handed back to its callback, which the standard lets any thread call.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

impl Listener for Host {
    fn notify(&self, event: CK_NOTIFICATION) -> CK_RV {
        let session = self.session.load(Ordering::Acquire) as CK_SESSION_HANDLE;
        // SAFETY: the host promised that the callback lives as long as the session (PKCS#11 3.0, 5.6.1).
        unsafe { (self.callback)(session, event, self.application) }
    }

    fn know(&self, session: CK_SESSION_HANDLE) {
        self.session.store(session as usize, Ordering::Release);
    }
}

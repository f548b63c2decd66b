//! The calls into a vendor's functions. Boundary file: every call of a vendor function pointer stands here.
//! It must not decide anything beyond "has the library this function", except through `uplift`.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cryptoki_sys::*;

use super::load::Opened;
use super::table::Functions;
use super::uplift::Messages;
use crate::abi::*;
use crate::entry_points;
use crate::error::{Error, Outcome, outcome};
use crate::traits::{Listener, Request, Session, Slot, VendorSlot};

/// The mutex callbacks of a host (PKCS#11 3.0, 5.22.2): create, destroy, lock, unlock.
#[derive(Clone, Copy)]
pub struct Mutexes {
    /// CreateMutex.
    pub create: CK_CREATEMUTEX,
    /// DestroyMutex.
    pub destroy: CK_DESTROYMUTEX,
    /// LockMutex.
    pub lock: CK_LOCKMUTEX,
    /// UnlockMutex.
    pub unlock: CK_UNLOCKMUTEX,
}

/// What the host said about threads in C_Initialize.
#[derive(Clone, Copy, Default)]
pub struct HostThreads {
    /// CKF_LIBRARY_CANT_CREATE_OS_THREADS.
    pub library_creates_none: bool,
    /// The host's own mutexes, where it gave them and did not also allow the system's.
    pub mutexes: Option<Mutexes>,
}

/// A loaded library: its image, its functions and its threading rule.
pub(super) struct Loaded {
    opened: Mutex<Opened>,
    functions: Functions,
    /// Calls queue here when the library wants one thread at a time (design D5). Empty for libraries that lock themselves.
    queue: Option<Mutex<()>>,
    /// Threads inside a call that belongs to no session.
    inside: AtomicU32,
    ended: AtomicBool,
}

/// What C_Initialize of a library came to.
pub(super) enum Started {
    /// We initialised it and must finalise it.
    ByUs,
    /// Someone else in the process, or the parent before a fork, had: we never finalise it (design D11).
    ByAnother,
}

/// Kept out of the way of libraries that lock themselves: their calls should be nothing but a jump.
#[cold]
#[inline(never)]
fn in_turn<R>(queue: &Mutex<()>, call: impl FnOnce() -> R) -> R {
    let _turn = queue.lock().unwrap_or_else(PoisonError::into_inner);
    call()
}

/// A thread counted as inside a library.
struct Counted<'a>(&'a AtomicU32);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Loaded {
    pub(super) fn new(opened: Opened, functions: Functions, one_at_a_time: bool) -> Self {
        Self {
            opened: Mutex::new(opened),
            functions,
            queue: one_at_a_time.then(Mutex::default),
            inside: AtomicU32::new(0),
            ended: AtomicBool::new(false),
        }
    }

    /// Runs a vendor call, after its turn has come where the library wants one thread at a time.
    #[inline]
    fn run<R>(&self, call: impl FnOnce() -> R) -> R {
        match &self.queue {
            None => call(),
            Some(queue) => in_turn(queue, call),
        }
    }

    /// Runs a call whose thread does not say that it is in this library, so that C_Finalize can tell.
    fn run_counted<R>(&self, call: impl FnOnce() -> R) -> R {
        let _inside = self.count();
        self.run(call)
    }

    /// Counts this thread as inside until the answer is dropped.
    fn count(&self) -> Counted<'_> {
        self.inside.fetch_add(1, Ordering::SeqCst);
        Counted(&self.inside)
    }

    pub(super) fn is_busy(&self) -> bool {
        self.inside.load(Ordering::SeqCst) != 0
    }

    pub(super) fn version(&self) -> CK_VERSION {
        self.functions.version
    }

    pub(super) fn abandon(&self) {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).abandon();
    }

    /// C_Initialize. With `threads` the library may be called by several at once; without, by one at a time.
    pub(super) fn initialize(
        &self,
        threads: Option<HostThreads>,
        reserved: Option<&std::ffi::CStr>,
    ) -> Outcome<Started> {
        let call = self.functions.list.C_Initialize.ok_or(Error::not_supported())?;
        let reserved = reserved.map_or(ptr::null_mut(), |text| text.as_ptr().cast_mut().cast::<c_void>());
        // NSS calls the last field LibraryParameters and has its own pReserved behind it: that one stays null.
        #[repr(C)]
        struct Arguments {
            standard: CK_C_INITIALIZE_ARGS,
            behind: *mut c_void,
        }
        let mut whole = Arguments {
            standard: CK_C_INITIALIZE_ARGS {
                CreateMutex: None,
                DestroyMutex: None,
                LockMutex: None,
                UnlockMutex: None,
                flags: 0,
                pReserved: reserved,
            },
            behind: ptr::null_mut(),
        };
        let arguments = &mut whole.standard;
        if let Some(threads) = threads {
            match threads.mutexes {
                // The system's locks unless the host asked for its own and only those.
                None => arguments.flags |= CKF_OS_LOCKING_OK,
                Some(mutexes) => {
                    arguments.CreateMutex = mutexes.create;
                    arguments.DestroyMutex = mutexes.destroy;
                    arguments.LockMutex = mutexes.lock;
                    arguments.UnlockMutex = mutexes.unlock;
                }
            }
            if threads.library_creates_none {
                arguments.flags |= CKF_LIBRARY_CANT_CREATE_OS_THREADS;
            }
        }
        let plain = threads.is_none() && reserved.is_null();
        let pointer = if plain { ptr::null_mut() } else { &raw mut whole };
        // SAFETY: the standard's type; the arguments live until the call returns, the reserved text likewise.
        match outcome(unsafe { call(pointer.cast()) }) {
            Ok(()) => Ok(Started::ByUs),
            Err(error) if error == Error::already_initialized() => Ok(Started::ByAnother),
            Err(error) => Err(error),
        }
    }

    /// C_Finalize, once.
    pub(super) fn finalize(&self) -> Outcome {
        if self.ended.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let call = self.functions.list.C_Finalize.ok_or(Error::not_supported())?;
        // SAFETY: the standard's type; the reserved argument is null.
        outcome(unsafe { call(ptr::null_mut()) })
    }

    pub(super) fn info(&self) -> Outcome<CK_INFO> {
        let call = self.functions.list.C_GetInfo.ok_or(Error::not_supported())?;
        // SAFETY: integers and byte arrays, for which all zeros is a value.
        let mut info: CK_INFO = unsafe { std::mem::zeroed() };
        // SAFETY: the standard's type, with a structure of ours to fill.
        self.run_counted(|| outcome(unsafe { call(&raw mut info) }))?;
        Ok(info)
    }

    /// C_GetSlotList with every slot. A list that grows between the two calls is asked for again.
    pub(super) fn slots(&self) -> Outcome<Vec<VendorSlot>> {
        let call = self.functions.list.C_GetSlotList.ok_or(Error::not_supported())?;
        for _ in 0..4 {
            let mut count: CK_ULONG = 0;
            // SAFETY: the standard's type; a null list asks for the number.
            self.run_counted(|| outcome(unsafe { call(CK_FALSE, ptr::null_mut(), &raw mut count) }))?;
            let mut slots: Vec<CK_SLOT_ID> = vec![0; usize::try_from(count).map_err(|_| Error::device())?.min(1 << 16)];
            count = slots.len() as CK_ULONG;
            // SAFETY: the standard's type; the list has room for `count` ids.
            match self.run_counted(|| outcome(unsafe { call(CK_FALSE, slots.as_mut_ptr(), &raw mut count) })) {
                Ok(()) => {
                    slots.truncate(count as usize);
                    return Ok(slots.into_iter().map(VendorSlot).collect());
                }
                Err(error) if error == Error::buffer_too_small() => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::device())
    }

    /// C_WaitForSlotEvent without waiting.
    pub(super) fn next_event(&self) -> Outcome<Option<VendorSlot>> {
        let call = self.functions.list.C_WaitForSlotEvent.ok_or(Error::not_supported())?;
        let mut slot: CK_SLOT_ID = 0;
        // SAFETY: the standard's type, with a place for one slot id and a null reserved pointer.
        match self.run_counted(|| outcome(unsafe { call(CKF_DONT_BLOCK, &raw mut slot, ptr::null_mut()) })) {
            Ok(()) => Ok(Some(VendorSlot(slot))),
            Err(error) if error == Error::no_event() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// One slot of a loaded library.
pub(super) struct DirectSlot {
    pub(super) library: Arc<Loaded>,
    pub(super) slot: CK_SLOT_ID,
}

macro_rules! slot_calls {
    ($($method:ident = $c:ident($($name:ident: $view:ident($($raw:ident),*)),*);)*) => {$(
        fn $method(&self, $($name: $view),*) -> Outcome {
            $(let ($($raw,)*) = $name.raw();)*
            let call = self.library.functions.list.$c.ok_or(Error::not_supported())?;
            // SAFETY: the standard's type; the host's pointers were checked when the views were made.
            self.library.run_counted(|| outcome(unsafe { call(self.slot, $($($raw),*),*) }))
        }
    )*};
}

impl Slot for DirectSlot {
    slot_calls! {
        info = C_GetSlotInfo(info: SlotInfo(info));
        token_info = C_GetTokenInfo(info: TokenInfo(info));
        mechanism_list = C_GetMechanismList(list: List(list, count));
        mechanism_info = C_GetMechanismInfo(kind: MechanismType(kind), info: MechanismInfo(info));
        init_token = C_InitToken(pin: Pin(pin, pin_len), label: Label(label));
    }

    fn open_session(&self, request: Request) -> Outcome<Box<dyn Session + '_>> {
        let Request { flags, slot_id, listener } = request;
        Ok(Box::new(self.open(flags, slot_id, listener.map(Box::new))?))
    }

    fn fingerprint(&self) -> Outcome<Option<[u8; 32]>> {
        let _inside = self.library.count();
        super::library::fingerprint(&self.open(CKF_SERIAL_SESSION, self.slot, None)?)
    }
}

impl DirectSlot {
    fn open(
        &self,
        flags: CK_FLAGS,
        slot_id: CK_SLOT_ID,
        listener: Option<Box<Box<dyn Listener>>>,
    ) -> Outcome<DirectSession<'_>> {
        let call = self.library.functions.list.C_OpenSession.ok_or(Error::not_supported())?;
        let (application, notify): (*mut c_void, CK_NOTIFY) = match &listener {
            Some(listener) => (ptr::from_ref::<Box<dyn Listener>>(listener).cast_mut().cast(), Some(notified)),
            None => (ptr::null_mut(), None),
        };
        let mut handle: CK_SESSION_HANDLE = 0;
        // SAFETY: the standard's type; the listener lives in the session, which outlives the vendor's.
        self.library.run(|| outcome(unsafe { call(self.slot, flags, application, notify, &raw mut handle) }))?;
        Ok(DirectSession { library: &self.library, handle, slot_id, listener, messages: OnceLock::new() })
    }
}

/// What the vendor calls; it knows its own session handle, the host knows another.
unsafe extern "C" fn notified(_session: CK_SESSION_HANDLE, event: CK_NOTIFICATION, application: *mut c_void) -> CK_RV {
    // SAFETY: `application` is the listener that `open` passed, alive as long as the session is open.
    let listener = unsafe { &*application.cast::<Box<dyn Listener>>() };
    listener.notify(event)
}

/// One session of a loaded library.
pub(super) struct DirectSession<'a> {
    library: &'a Loaded,
    handle: CK_SESSION_HANDLE,
    slot_id: CK_SLOT_ID,
    listener: Option<Box<Box<dyn Listener>>>,
    /// Message operations that software keeps for libraries older than 3.0.
    messages: OnceLock<Box<Mutex<Messages>>>,
}

impl DirectSession<'_> {
    /// The message operations, made when the first is used: opening a session should cost little.
    pub(super) fn messages(&self) -> &Mutex<Messages> {
        self.messages.get_or_init(Box::default)
    }

    /// The slot id that the host knows.
    pub(super) fn slot_id(&self) -> CK_SLOT_ID {
        self.slot_id
    }
}

/// `pass` rows become the method itself; `own` rows a function of the same name for `uplift` to build on,
/// which answers CKR_FUNCTION_NOT_SUPPORTED where the library lacks the function.
macro_rules! session_method {
    (pass session $c:ident $method:ident($($name:ident: $view:ident($($raw:ident),*)),*)) => {
        #[inline]
        fn $method(&self, $($name: $view),*) -> Outcome {
            $(let ($($raw,)*) = $name.raw();)*
            match self.library.functions.list.$c {
                // SAFETY: the standard's type; the host's pointers were checked when the views were made.
                Some(call) => self.library.run(move || outcome(unsafe { call(self.handle, $($($raw),*),*) })),
                None => Err(Error::not_supported()),
            }
        }
    };
    (own session $c:ident $method:ident($($name:ident: $view:ident($($raw:ident),*)),*)) => {
        fn $method(&self, $($name: $view),*) -> Outcome {
            super::uplift::$method(self, $($name),*)
        }
    };
    (free $($rest:tt)*) => {};
    (module $($rest:tt)*) => {};
}

macro_rules! library_call {
    (own session $c:ident $method:ident($($name:ident: $view:ident($($raw:ident),*)),*)) => {
        #[doc = concat!("The library's own ", stringify!($c), "; `None` where it has none.")]
        pub(in crate::pkcs11) fn $method(session: &DirectSession, $($name: $view),*) -> Option<Outcome> {
            $(let ($($raw,)*) = $name.raw();)*
            let call = session.library.functions.list.$c?;
            // SAFETY: the standard's type; the host's pointers were checked when the views were made.
            Some(session.library.run(|| outcome(unsafe { call(session.handle, $($($raw),*),*) })))
        }
    };
    ($by:ident $($rest:tt)*) => {};
}

macro_rules! direct_session {
    ({} $($edition:ident { $($by:ident $class:ident $c:ident = $method:ident(
        $($name:ident: $view:ident($($raw:ident),*)),*) $login:ident $output:ident;)* })*) => {
        impl Session for DirectSession<'_> {
            fn close(&self) -> Outcome {
                let call = self.library.functions.list.C_CloseSession.ok_or(Error::not_supported())?;
                // SAFETY: the standard's type; the caller makes no further call on this session.
                self.library.run(|| outcome(unsafe { call(self.handle) }))
            }

            fn listener(&self) -> Option<&dyn Listener> {
                self.listener.as_deref().map(|listener| &**listener)
            }

            $($(session_method! { $by $class $c $method($($name: $view($($raw),*)),*) })*)*
        }

        /// The library's own functions, for those that software stands in for.
        pub(super) mod own {
            use super::*;

            $($(library_call! { $by $class $c $method($($name: $view($($raw),*)),*) })*)*
        }
    };
}
entry_points!(direct_session);

//! The contract of a key library: `Library`, its `Slot`s and their `Session`s. Every backend answers through these,
//! in process or in a worker; the module above knows nothing else. A call may take as long as the key takes,
//! so no caller may hold a lock over one. An implementation must not print, prompt, or spend a PIN try unasked.

use cryptoki_sys::{CK_FLAGS, CK_INFO, CK_NOTIFICATION, CK_RV, CK_SESSION_HANDLE, CK_SLOT_ID, CK_VERSION};

use crate::abi::*;
use crate::entry_points;
use crate::error::{Error, Outcome};

/// A slot as the vendor numbers it. Meaningful within one library only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VendorSlot(pub CK_SLOT_ID);

/// What is known of a library without a token.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// C_GetInfo as the library gives it; text fields are padded with blanks.
    pub info: CK_INFO,
    /// The interface its functions are read from: 2.40, 3.0, 3.1 or 3.2.
    pub interface: CK_VERSION,
}

/// One loaded key library.
pub trait Library: Send + Sync {
    /// What the library says of itself.
    fn about(&self) -> Outcome<About>;

    /// Every slot the library has now, with or without a token, in its own order.
    fn slots(&self) -> Outcome<Vec<VendorSlot>>;

    /// A slot of the last list. No call is made: the slot may have gone since.
    fn slot(&self, slot: VendorSlot) -> Box<dyn Slot>;

    /// The next event the library reports, without waiting. CKR_FUNCTION_NOT_SUPPORTED where it has no events.
    fn next_event(&self) -> Outcome<Option<VendorSlot>>;

    /// Whether a thread is inside a call that belongs to no slot. Such a library must not be ended.
    fn is_busy(&self) -> bool;

    /// Whether we initialised the library. If not, someone else in the process uses it too, and only our own sessions
    /// may be closed.
    fn is_ours(&self) -> bool;

    /// Ends the library: no call may be running, none may follow. Not called where someone else initialised it.
    fn finalize(&self) -> Outcome;

    /// Gives up the library without calling it: it stays mapped, and whatever it holds is leaked.
    fn abandon(&self);
}

/// One slot of a library.
pub trait Slot: Send + Sync {
    /// C_GetSlotInfo (PKCS#11 3.0, 5.5.2).
    fn info(&self, info: SlotInfo) -> Outcome;

    /// C_GetTokenInfo (PKCS#11 3.0, 5.5.3).
    fn token_info(&self, info: TokenInfo) -> Outcome;

    /// C_GetMechanismList (PKCS#11 3.0, 5.5.5).
    fn mechanism_list(&self, list: List) -> Outcome;

    /// C_GetMechanismInfo (PKCS#11 3.0, 5.5.6).
    fn mechanism_info(&self, kind: MechanismType, info: MechanismInfo) -> Outcome;

    /// C_InitToken (PKCS#11 3.0, 5.5.7). Erases the token.
    fn init_token(&self, pin: Pin, label: Label) -> Outcome;

    /// C_OpenSession (PKCS#11 3.0, 5.6.1). The session may borrow from the slot, which lives as long as the hub.
    fn open_session(&self, request: Request) -> Outcome<Box<dyn Session + '_>>;

    /// What tells apart two tokens with one serial number: a digest of the signing public key, read without login.
    /// `None` where no public key is to be seen.
    fn fingerprint(&self) -> Outcome<Option<[u8; 32]>>;
}

/// What a host asks for when it opens a session.
pub struct Request {
    /// CKF_SERIAL_SESSION, CKF_RW_SESSION and later flags, as the host gave them.
    pub flags: CK_FLAGS,
    /// The slot id that the host knows, for CK_SESSION_INFO.
    pub slot_id: CK_SLOT_ID,
    /// Who is told of notifications; `None` where the host gave no callback.
    pub listener: Option<Box<dyn Listener>>,
}

/// The host's notification callback (PKCS#11 3.0, 3.2 and 5.22), which wants the host's own session handle.
pub trait Listener: Send + Sync {
    /// Calls the host. The answer may be CKR_CANCEL.
    fn notify(&self, event: CK_NOTIFICATION) -> CK_RV;
    /// Says which handle the host knows the session by; called once, when it is known.
    fn know(&self, session: CK_SESSION_HANDLE);
}

macro_rules! method {
    (free $($rest:tt)*) => {};
    (module $($rest:tt)*) => {};
    ($by:ident session $c:ident $method:ident($($name:ident: $view:ident),*)) => {
        #[doc = concat!(stringify!($c), ". CKR_FUNCTION_NOT_SUPPORTED where a backend does not say otherwise.")]
        fn $method(&self, $($name: $view),*) -> Outcome {
            $(let _ = $name;)*
            Err(Error::not_supported())
        }
    };
}

macro_rules! session_trait {
    ({} $($edition:ident { $($by:ident $class:ident $c:ident = $method:ident(
        $($name:ident: $view:ident($($raw:ident),*)),*) $login:ident $output:ident;)* })*) => {
        /// One session: a method for each session function of the table.
        pub trait Session: Send + Sync {
            /// C_CloseSession. No other method is called afterwards.
            fn close(&self) -> Outcome;

            /// Who is told of notifications, so that the module can say which handle the host knows.
            fn listener(&self) -> Option<&dyn Listener> {
                None
            }

            $($(method! { $by $class $c $method($($name: $view),*) })*)*
        }
    };
}
entry_points!(session_trait);

//! One library file that the host has open itself and the module loads too: one set of statics serves both.

use std::ffi::c_void;
use std::ptr;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use cryptoki_sys::*;
use libloading::Library;
use ukeyhub_artefacts::softhsm::{self, Store, USER_PIN};
use ukeyhub_artefacts::{config, isolated, module, set_env};

/// SoftHSM2 as the host itself holds it, below crate cryptoki.
struct Own {
    list: *const CK_FUNCTION_LIST,
    _library: Library,
}

macro_rules! own {
    ($own:expr, $name:ident($($argument:expr),*)) => {{
        // SAFETY: the list is the library's own and lives as long as the library, which `Own` keeps open.
        let function = unsafe { (*$own.list).$name }.expect(stringify!($name));
        // SAFETY: every pointer given below is to a local that outlives the call, with its true length.
        unsafe { function($($argument),*) }
    }};
}

impl Own {
    fn open() -> Self {
        // SAFETY: loading runs the constructors of SoftHSM2, which are harmless.
        let library = unsafe { Library::new(softhsm::library()) }.expect("SoftHSM2 can be loaded");
        let mut list = ptr::null_mut();
        {
            type GetFunctionList = unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV;
            // SAFETY: the standard fixes the type of this function.
            let get = unsafe { library.get::<GetFunctionList>("C_GetFunctionList") }.expect("C_GetFunctionList");
            // SAFETY: it writes one pointer.
            assert_eq!(unsafe { get(&mut list) }, CKR_OK);
        }
        Self { list, _library: library }
    }

    fn initialize(&self) {
        let mut arguments = CK_C_INITIALIZE_ARGS { flags: CKF_OS_LOCKING_OK, ..Default::default() };
        assert_eq!(own!(self, C_Initialize((&raw mut arguments).cast())), CKR_OK);
    }

    fn finalize(&self) -> CK_RV {
        own!(self, C_Finalize(ptr::null_mut()))
    }

    fn first_slot(&self) -> CK_SLOT_ID {
        let (mut slots, mut count) = ([0; 4], 4);
        assert_eq!(own!(self, C_GetSlotList(CK_TRUE, slots.as_mut_ptr(), &mut count)), CKR_OK);
        slots[0]
    }

    fn open_session(&self) -> CK_SESSION_HANDLE {
        let mut session = 0;
        let flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
        let slot = self.first_slot();
        let answer = own!(self, C_OpenSession(slot, flags, ptr::null_mut::<c_void>(), None, &mut session));
        assert_eq!(answer, CKR_OK);
        session
    }

    fn login(&self, session: CK_SESSION_HANDLE) {
        let pin = USER_PIN.as_bytes();
        let answer = own!(self, C_Login(session, CKU_USER, pin.as_ptr().cast_mut(), pin.len() as CK_ULONG));
        assert_eq!(answer, CKR_OK);
    }

    fn state(&self, session: CK_SESSION_HANDLE) -> Result<CK_STATE, CK_RV> {
        let mut info = CK_SESSION_INFO::default();
        match own!(self, C_GetSessionInfo(session, &mut info)) {
            CKR_OK => Ok(info.state),
            answer => Err(answer),
        }
    }

    fn generate_random(&self, session: CK_SESSION_HANDLE) -> CK_RV {
        let mut bytes = [0; 16];
        own!(self, C_GenerateRandom(session, bytes.as_mut_ptr(), bytes.len() as CK_ULONG))
    }
}

/// The variables for SoftHSM2 and the module; the files live as long as the answer.
fn prepare() -> impl Sized {
    let store = Store::new();
    let file = config(&format!(
        "discover = false\n[[library]]\nname = \"soft\"\nprofile = \"softhsm\"\npath = \"{}\"\n",
        softhsm::library().display()
    ));
    set_env("SOFTHSM2_CONF", store.config());
    set_env("UKEYHUB_CONFIG", file.path());
    (store, file)
}

fn start() -> Pkcs11 {
    let pkcs11 = Pkcs11::new(module()).expect("the module can be loaded");
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).expect("C_Initialize of the module");
    pkcs11
}

fn sign(pkcs11: &Pkcs11, login: bool) {
    let slot = pkcs11.get_slots_with_initialized_token().unwrap()[0];
    let session = pkcs11.open_rw_session(slot).unwrap();
    if login {
        session.login(UserType::User, Some(&AuthPin::from(USER_PIN))).unwrap();
    }
    let key =
        session.generate_key(&Mechanism::GenericSecretKeyGen, &[cryptoki::object::Attribute::ValueLen(32.into())]);
    let signature = session.sign(&Mechanism::Sha256Hmac, key.unwrap(), b"data").unwrap();
    assert_eq!(signature.len(), 32);
    session.close().unwrap();
}

#[test]
fn a_host_that_initialised_the_library_first_keeps_it() {
    isolated(|| {
        let _files = prepare();
        let own = Own::open();
        own.initialize();
        let session = own.open_session();
        own.login(session);

        // ALREADY_INITIALIZED from the library is success for the module; the login is the process's, so it is there.
        let pkcs11 = start();
        sign(&pkcs11, false);
        let slot = pkcs11.get_slots_with_initialized_token().unwrap()[0];
        let left_open = pkcs11.open_rw_session_no_drop(slot).unwrap();
        drop(left_open);
        pkcs11.finalize().expect("C_Finalize of the module");

        assert_eq!(own.state(session), Ok(CKS_RW_USER_FUNCTIONS), "the host's session and login outlive the module");
        assert_eq!(own.generate_random(session), CKR_OK);
        let second = own.open_session();
        assert_ne!(second, session);
        sign(&start(), false);
        assert_eq!(own.state(session), Ok(CKS_RW_USER_FUNCTIONS), "also while the module is initialised again");
        assert_eq!(own.finalize(), CKR_OK, "it was never finalised behind the host's back");
        assert_eq!(own.finalize(), CKR_CRYPTOKI_NOT_INITIALIZED);
    });
}

#[test]
fn sessions_the_module_left_open_are_closed_at_its_end() {
    isolated(|| {
        let _files = prepare();
        let own = Own::open();
        own.initialize();
        let pkcs11 = start();
        let slot = pkcs11.get_slots_with_initialized_token().unwrap()[0];
        drop(pkcs11.open_ro_session_no_drop(slot).unwrap());
        let so = |session: CK_SESSION_HANDLE| {
            let pin = softhsm::SO_PIN.as_bytes();
            own!(own, C_Login(session, CKU_SO, pin.as_ptr().cast_mut(), pin.len() as CK_ULONG))
        };
        // A read-only session anywhere in the process forbids the security officer's login: a way to see it.
        let session = own.open_session();
        assert_eq!(so(session), CKR_SESSION_READ_ONLY_EXISTS);
        pkcs11.finalize().expect("C_Finalize of the module");
        assert_eq!(so(session), CKR_OK);
    });
}

#[test]
fn a_module_that_was_first_ends_the_library_it_started() {
    isolated(|| {
        let _files = prepare();
        let pkcs11 = start();
        let own = Own::open();
        let mut arguments = CK_C_INITIALIZE_ARGS { flags: CKF_OS_LOCKING_OK, ..Default::default() };
        let answer = own!(own, C_Initialize((&raw mut arguments).cast()));
        assert_eq!(answer, CKR_CRYPTOKI_ALREADY_INITIALIZED, "one file has one set of statics");
        sign(&pkcs11, true);
        pkcs11.finalize().expect("C_Finalize of the module");
        assert_eq!(own.finalize(), CKR_CRYPTOKI_NOT_INITIALIZED);
        own.initialize();
        let session = own.open_session();
        assert_eq!(own.state(session), Ok(CKS_RW_PUBLIC_SESSION));
    });
}

#[test]
fn a_host_that_ends_the_library_first_leaves_the_module_answering() {
    isolated(|| {
        let _files = prepare();
        let own = Own::open();
        own.initialize();
        let pkcs11 = start();
        let slot = pkcs11.get_slots_with_initialized_token().unwrap()[0];
        let session = pkcs11.open_ro_session_no_drop(slot).unwrap();
        assert_eq!(own.finalize(), CKR_OK);
        let error = session.get_session_info().unwrap_err();
        assert!(format!("{error:?}").contains("Pkcs11("), "{error:?}");
        assert!(pkcs11.open_ro_session(slot).is_err());
        drop(session);
        pkcs11.finalize().expect("C_Finalize of the module");
        // Now nobody else has it: the module starts the library itself, and it works.
        sign(&start(), true);
    });
}

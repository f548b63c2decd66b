//! The loaded mock and short forms of its functions. It must not check anything itself beyond "the call succeeded"
//! where a function says so.

use std::ffi::{CString, c_char, c_ulong, c_void};
use std::mem::ManuallyDrop;
use std::ptr;

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_ATTRIBUTE_TYPE, CK_BYTE, CK_FUNCTION_LIST, CK_FUNCTION_LIST_3_2, CK_INTERFACE, CK_MECHANISM,
    CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE, CK_SLOT_ID, CK_ULONG, CK_VERSION, CKF_RW_SESSION,
    CKF_SERIAL_SESSION, CKM_RSA_PKCS_KEY_PAIR_GEN, CKR_OK, CKU_USER,
};

/// Calls a function of a function list: `call!(list.C_Login(session, …))`.
#[macro_export]
macro_rules! call {
    ($list:ident . $function:ident ( $($argument:expr),* $(,)? )) => {{
        let function = $list.$function.unwrap();
        // SAFETY: the test gives arguments as the standard asks, or wrong ones that the mock must refuse.
        #[allow(clippy::macro_metavars_in_unsafe, reason = "every use of this macro is a call into C, and only that")]
        unsafe { function($($argument),*) }
    }};
}

/// The loaded mock; never unloaded, so that function lists stay good.
pub struct Mock(ManuallyDrop<libloading::Library>);

impl Mock {
    /// Loads the built file.
    pub fn load() -> Self {
        // SAFETY: our own library; it has no start-up code.
        Self(ManuallyDrop::new(unsafe { libloading::Library::new(ukeyhub_artefacts::mock()) }.unwrap()))
    }

    /// An exported function.
    pub fn export<T>(&self, name: &str) -> libloading::Symbol<'_, T> {
        // SAFETY: the callers name the type that the mock declares.
        unsafe { self.0.get(name) }.unwrap()
    }

    /// Carries out an instruction and returns the answer.
    pub fn try_instruct(&self, line: &str) -> c_ulong {
        let line = CString::new(line).unwrap();
        let instruct = self.export::<unsafe extern "C" fn(*const c_char) -> c_ulong>("ukeyhub_mock_instruct");
        // SAFETY: a C string.
        unsafe { instruct(line.as_ptr()) }
    }

    /// Carries out instructions that must be understood.
    pub fn instruct(&self, lines: &[&str]) {
        for line in lines {
            assert_eq!(self.try_instruct(line), 0, "{line}");
        }
    }

    /// Where C_GetFunctionList points.
    pub fn list_pointer(&self) -> *const CK_FUNCTION_LIST {
        let mut list = ptr::null_mut();
        let get = self.export::<unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV>("C_GetFunctionList");
        // SAFETY: memory for one pointer.
        assert_eq!(unsafe { get(&raw mut list) }, CKR_OK);
        list
    }

    /// A copy of the 2.40 list.
    pub fn list(&self) -> CK_FUNCTION_LIST {
        // SAFETY: a list of 68 functions, whatever its version says.
        unsafe { self.list_pointer().read_unaligned() }
    }

    /// An interface, or the return value.
    pub fn interface(
        &self,
        name: Option<&str>,
        version: Option<(u8, u8)>,
        flags: CK_ULONG,
    ) -> Result<CK_INTERFACE, CK_RV> {
        type Get = unsafe extern "C" fn(*mut u8, *mut CK_VERSION, *mut *mut CK_INTERFACE, CK_ULONG) -> CK_RV;
        let name = name.map(|name| CString::new(name).unwrap());
        let mut version = version.map(|(major, minor)| CK_VERSION { major, minor });
        let mut found = ptr::null_mut();
        let name = name.as_ref().map_or(ptr::null_mut(), |name| name.as_ptr().cast_mut().cast());
        let version = version.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
        // SAFETY: strings and places as the standard says.
        match unsafe { self.export::<Get>("C_GetInterface")(name, version, &raw mut found, flags) } {
            // SAFETY: found, so it points to an interface.
            CKR_OK => Ok(unsafe { found.read_unaligned() }),
            code => Err(code),
        }
    }

    /// The 3.2 list, initialised, after `version=3.2`.
    pub fn list_3_2(&self) -> CK_FUNCTION_LIST_3_2 {
        self.instruct(&["version=3.2"]);
        let list = self.interface(None, Some((3, 2)), 0).unwrap().pFunctionList;
        // SAFETY: the interface is 3.2.
        let list = unsafe { list.cast::<CK_FUNCTION_LIST_3_2>().read_unaligned() };
        assert_eq!(call!(list.C_Initialize(ptr::null_mut())), CKR_OK);
        list
    }

    /// The 2.40 list, initialised.
    pub fn start(&self) -> CK_FUNCTION_LIST {
        let list = self.list();
        assert_eq!(call!(list.C_Initialize(ptr::null_mut())), CKR_OK);
        list
    }

    /// How often a function has been called.
    pub fn calls(&self, name: &str) -> u64 {
        let name = CString::new(name).unwrap();
        // SAFETY: a C string.
        unsafe { self.export::<unsafe extern "C" fn(*const c_char) -> u64>("ukeyhub_mock_calls")(name.as_ptr()) }
    }

    /// A number that a function without arguments gives.
    pub fn number(&self, name: &str) -> c_ulong {
        self.export::<extern "C" fn() -> c_ulong>(name)()
    }

    /// A number and bytes, as `ukeyhub_mock_last` and `ukeyhub_mock_initialized_with` give them.
    pub fn seen(&self, name: &str) -> (c_ulong, Vec<u8>) {
        type Seen = unsafe extern "C" fn(*mut c_ulong, *mut u8, usize) -> usize;
        let (mut number, mut buffer) = (0, vec![0; 256]);
        // SAFETY: the buffer is as long as said.
        let length = unsafe { self.export::<Seen>(name)(&raw mut number, buffer.as_mut_ptr(), buffer.len()) };
        buffer.truncate(length);
        (number, buffer)
    }
}

/// A read-write session with a slot, or the return value.
pub fn open(list: &CK_FUNCTION_LIST, slot: CK_SLOT_ID) -> Result<CK_SESSION_HANDLE, CK_RV> {
    let mut session = 0;
    let flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    match call!(list.C_OpenSession(slot, flags, ptr::null_mut(), None, &raw mut session)) {
        CKR_OK => Ok(session),
        code => Err(code),
    }
}

/// A session with slot 0, the user logged in.
pub fn logged_in(list: &CK_FUNCTION_LIST) -> CK_SESSION_HANDLE {
    let session = open(list, 0).unwrap();
    assert_eq!(login(list, session, CKU_USER, "1234"), CKR_OK);
    session
}

/// C_Login.
pub fn login(list: &CK_FUNCTION_LIST, session: CK_SESSION_HANDLE, user: CK_ULONG, pin: &str) -> CK_RV {
    let mut pin = pin.as_bytes().to_vec();
    call!(list.C_Login(session, user, pin.as_mut_ptr(), pin.len() as CK_ULONG))
}

/// An attribute of a template; `value` must outlive the call.
pub fn attribute(kind: CK_ATTRIBUTE_TYPE, value: &[u8]) -> CK_ATTRIBUTE {
    CK_ATTRIBUTE { type_: kind, pValue: value.as_ptr().cast_mut().cast(), ulValueLen: value.len() as CK_ULONG }
}

/// A mechanism; `parameter` must outlive the call.
pub fn mechanism(kind: CK_MECHANISM_TYPE, parameter: &[u8]) -> CK_MECHANISM {
    let pointer: *mut c_void =
        if parameter.is_empty() { ptr::null_mut() } else { parameter.as_ptr().cast_mut().cast() };
    CK_MECHANISM { mechanism: kind, pParameter: pointer, ulParameterLen: parameter.len() as CK_ULONG }
}

/// A new key pair: public, private.
pub fn pair(list: &CK_FUNCTION_LIST, session: CK_SESSION_HANDLE) -> (CK_OBJECT_HANDLE, CK_OBJECT_HANDLE) {
    let mut generation = mechanism(CKM_RSA_PKCS_KEY_PAIR_GEN, &[]);
    let (mut public, mut private) = (0, 0);
    let none = ptr::null_mut();
    let code = call!(list.C_GenerateKeyPair(
        session,
        &raw mut generation,
        none,
        0,
        none,
        0,
        &raw mut public,
        &raw mut private
    ));
    assert_eq!(code, CKR_OK);
    (public, private)
}

/// Runs a function with an output twice: for the length, then for the bytes.
pub fn twice(function: impl Fn(*mut CK_BYTE, *mut CK_ULONG) -> CK_RV) -> Result<Vec<u8>, CK_RV> {
    let mut length = 0;
    match function(ptr::null_mut(), &raw mut length) {
        CKR_OK => {}
        code => return Err(code),
    }
    let mut output = vec![0; length as usize];
    match function(output.as_mut_ptr(), &raw mut length) {
        CKR_OK => {
            output.truncate(length as usize);
            Ok(output)
        }
        code => Err(code),
    }
}

//! Calls PKCS#11 functions as a host does: through the list of C_GetFunctionList. Boundary file: all unsafe code of the
//! benches is here. It must not do more work than a plain C host, since what it does is inside the measured time.

use std::ffi::c_void;
use std::path::Path;
use std::ptr;

use cryptoki_sys::*;
use libloading::os::unix::{Library as Image, RTLD_LOCAL, RTLD_NOW};

use crate::Failure;

/// The answer of a call.
pub type Answer<T = ()> = Result<T, Failure>;

/// How many handles are asked for at a time by [`Library::find`].
pub const FOUND_AT_ONCE: usize = 100;

/// A loaded PKCS#11 library. It is unloaded when dropped.
pub struct Library {
    list: CK_FUNCTION_LIST,
    _image: Image,
}

/// One attribute of a template.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    /// CKA_…
    pub kind: CK_ATTRIBUTE_TYPE,
    /// The value as bytes.
    pub value: &'a [u8],
}

/// A call through the list; anything but CKR_OK is an error.
macro_rules! call {
    ($library:ident.$name:ident($($argument:expr),*)) => {{
        let Some(function) = $library.list.$name else {
            return Err(refused(stringify!($name), CKR_FUNCTION_NOT_SUPPORTED));
        };
        // SAFETY: the function has the standard's type; every pointer comes from a reference or a slice that lives
        // over the call, with its true length, or is null where the standard allows it.
        match unsafe { function($($argument),*) } {
            CKR_OK => Ok(()),
            code => Err(refused(stringify!($name), code)),
        }
    }};
}

#[cold]
fn refused(function: &'static str, code: CK_RV) -> Failure {
    Failure::Refused { function, code }
}

/// The bytes of a CK_ULONG, as attributes hold it.
pub fn ulong(value: CK_ULONG) -> [u8; size_of::<CK_ULONG>()] {
    value.to_ne_bytes()
}

impl Library {
    /// dlopen and C_GetFunctionList.
    ///
    /// # Errors
    /// When the file cannot be loaded or has no function list.
    pub fn load(path: &Path) -> Answer<Self> {
        // SAFETY: the file is a PKCS#11 library that this bench was told to measure; its start-up code is trusted.
        let image =
            unsafe { Image::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map_err(Failure::during(path.display()))?;
        type GetFunctionList = unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV;
        // SAFETY: the standard's type of this symbol.
        let get = unsafe { image.get::<GetFunctionList>("C_GetFunctionList") };
        let get = get.map_err(Failure::during(path.display()))?;
        let mut list: *mut CK_FUNCTION_LIST = ptr::null_mut();
        // SAFETY: the standard's type, with a place for one pointer.
        let code = unsafe { get(&raw mut list) };
        if code != CKR_OK || list.is_null() {
            return Err(refused("C_GetFunctionList", code));
        }
        // SAFETY: a successful call gives a list that lives as long as the library.
        let list = unsafe { list.read_unaligned() };
        Ok(Self { list, _image: image })
    }

    /// C_Initialize with CKF_OS_LOCKING_OK, as multi-threaded hosts do.
    ///
    /// # Errors
    /// As the library answers; so for all functions below.
    pub fn initialize(&self) -> Answer {
        let mut arguments = CK_C_INITIALIZE_ARGS { flags: CKF_OS_LOCKING_OK, ..Default::default() };
        call!(self.C_Initialize((&raw mut arguments).cast::<c_void>()))
    }

    /// C_Finalize.
    pub fn finalize(&self) -> Answer {
        call!(self.C_Finalize(ptr::null_mut()))
    }

    /// C_GetSlotList with a null list, then with the list: the slots that hold a token. Answers how many there are.
    #[inline]
    pub fn slots(&self, list: &mut [CK_SLOT_ID]) -> Answer<usize> {
        let mut count: CK_ULONG = 0;
        call!(self.C_GetSlotList(CK_TRUE, ptr::null_mut(), &raw mut count))?;
        Failure::unless(count as usize <= list.len(), || format!("{count} slots"))?;
        call!(self.C_GetSlotList(CK_TRUE, list.as_mut_ptr(), &raw mut count))?;
        Ok(count as usize)
    }

    /// C_GetTokenInfo.
    pub fn token_info(&self, slot: CK_SLOT_ID) -> Answer<CK_TOKEN_INFO> {
        // SAFETY: integers and byte arrays, for which all zeros is a value.
        let mut info: CK_TOKEN_INFO = unsafe { std::mem::zeroed() };
        call!(self.C_GetTokenInfo(slot, &raw mut info))?;
        Ok(info)
    }

    /// C_OpenSession, read and write.
    #[inline]
    pub fn open_session(&self, slot: CK_SLOT_ID) -> Answer<CK_SESSION_HANDLE> {
        let mut session: CK_SESSION_HANDLE = 0;
        let flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
        call!(self.C_OpenSession(slot, flags, ptr::null_mut(), None, &raw mut session))?;
        Ok(session)
    }

    /// C_CloseSession.
    #[inline]
    pub fn close_session(&self, session: CK_SESSION_HANDLE) -> Answer {
        call!(self.C_CloseSession(session))
    }

    /// C_GetSessionInfo. The structure is the caller's, as in a C host: a fresh one for each call, cleared and copied,
    /// takes longer than the mock itself.
    #[inline]
    pub fn session_info(&self, session: CK_SESSION_HANDLE, info: &mut CK_SESSION_INFO) -> Answer {
        call!(self.C_GetSessionInfo(session, info))
    }

    /// C_Login as the user.
    pub fn login(&self, session: CK_SESSION_HANDLE, pin: &str) -> Answer {
        call!(self.C_Login(session, CKU_USER, pin.as_ptr().cast_mut(), pin.len() as CK_ULONG))
    }

    /// C_SignInit without parameter, and C_Sign. Answers the length of the signature.
    #[inline]
    pub fn sign(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: CK_MECHANISM_TYPE,
        key: CK_OBJECT_HANDLE,
        data: &[u8],
        signature: &mut [u8],
    ) -> Answer<usize> {
        let mut mechanism = plain(mechanism);
        let mut length = signature.len() as CK_ULONG;
        call!(self.C_SignInit(session, &raw mut mechanism, key))?;
        let (data, data_length) = (data.as_ptr().cast_mut(), data.len() as CK_ULONG);
        call!(self.C_Sign(session, data, data_length, signature.as_mut_ptr(), &raw mut length))?;
        Ok(length as usize)
    }

    /// C_DigestInit without parameter, and C_Digest. Answers the length of the digest.
    #[inline]
    pub fn digest(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: CK_MECHANISM_TYPE,
        data: &[u8],
        digest: &mut [u8],
    ) -> Answer<usize> {
        let mut mechanism = plain(mechanism);
        let mut length = digest.len() as CK_ULONG;
        call!(self.C_DigestInit(session, &raw mut mechanism))?;
        let (data, data_length) = (data.as_ptr().cast_mut(), data.len() as CK_ULONG);
        call!(self.C_Digest(session, data, data_length, digest.as_mut_ptr(), &raw mut length))?;
        Ok(length as usize)
    }

    /// C_CreateObject.
    pub fn create_object(&self, session: CK_SESSION_HANDLE, template: &[Attribute<'_>]) -> Answer<CK_OBJECT_HANDLE> {
        let mut template = native(template);
        let mut object: CK_OBJECT_HANDLE = 0;
        let (first, count) = (template.as_mut_ptr(), template.len() as CK_ULONG);
        call!(self.C_CreateObject(session, first, count, &raw mut object))?;
        Ok(object)
    }

    /// C_GenerateKeyPair without parameter. Answers the private key.
    pub fn generate_key_pair(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: CK_MECHANISM_TYPE,
        public: &[Attribute<'_>],
        private: &[Attribute<'_>],
    ) -> Answer<CK_OBJECT_HANDLE> {
        let mut mechanism = plain(mechanism);
        let (mut public, mut private) = (native(public), native(private));
        let (mut public_key, mut private_key): (CK_OBJECT_HANDLE, CK_OBJECT_HANDLE) = (0, 0);
        call!(self.C_GenerateKeyPair(
            session,
            &raw mut mechanism,
            public.as_mut_ptr(),
            public.len() as CK_ULONG,
            private.as_mut_ptr(),
            private.len() as CK_ULONG,
            &raw mut public_key,
            &raw mut private_key
        ))?;
        Ok(private_key)
    }

    /// C_FindObjectsInit, C_FindObjects for [`FOUND_AT_ONCE`] handles until fewer come, C_FindObjectsFinal. `found`
    /// must have room for [`FOUND_AT_ONCE`] more than there are. Answers how many there are.
    #[inline]
    pub fn find(
        &self,
        session: CK_SESSION_HANDLE,
        template: &[Attribute<'_>; 2],
        found: &mut [CK_OBJECT_HANDLE],
    ) -> Answer<usize> {
        let mut template = template.map(native_attribute);
        call!(self.C_FindObjectsInit(session, template.as_mut_ptr(), template.len() as CK_ULONG))?;
        let mut total = 0;
        for place in found.chunks_exact_mut(FOUND_AT_ONCE) {
            let mut count: CK_ULONG = 0;
            call!(self.C_FindObjects(session, place.as_mut_ptr(), FOUND_AT_ONCE as CK_ULONG, &raw mut count))?;
            total += count as usize;
            if (count as usize) < FOUND_AT_ONCE {
                break;
            }
        }
        call!(self.C_FindObjectsFinal(session))?;
        Ok(total)
    }

    /// C_GetAttributeValue for two attributes. Answers their lengths.
    #[inline]
    pub fn attributes(
        &self,
        session: CK_SESSION_HANDLE,
        object: CK_OBJECT_HANDLE,
        first: (CK_ATTRIBUTE_TYPE, &mut [u8]),
        second: (CK_ATTRIBUTE_TYPE, &mut [u8]),
    ) -> Answer<[usize; 2]> {
        let mut query = [first, second].map(|(kind, value)| CK_ATTRIBUTE {
            type_: kind,
            pValue: value.as_mut_ptr().cast(),
            ulValueLen: value.len() as CK_ULONG,
        });
        call!(self.C_GetAttributeValue(session, object, query.as_mut_ptr(), query.len() as CK_ULONG))?;
        Ok(query.map(|attribute| attribute.ulValueLen as usize))
    }
}

/// A mechanism without parameter.
fn plain(mechanism: CK_MECHANISM_TYPE) -> CK_MECHANISM {
    CK_MECHANISM { mechanism, pParameter: ptr::null_mut(), ulParameterLen: 0 }
}

/// Valid as long as the value it was made of.
fn native_attribute(attribute: Attribute<'_>) -> CK_ATTRIBUTE {
    CK_ATTRIBUTE {
        type_: attribute.kind,
        pValue: attribute.value.as_ptr().cast_mut().cast(),
        ulValueLen: attribute.value.len() as CK_ULONG,
    }
}

fn native(template: &[Attribute<'_>]) -> Vec<CK_ATTRIBUTE> {
    template.iter().copied().map(native_attribute).collect()
}

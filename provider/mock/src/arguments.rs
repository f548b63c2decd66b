//! The arguments of C callers as Rust views: the one file that reads and writes the host's memory.
//! A view is made once per argument; its maker is unsafe, its methods are not. It must not keep a view past the call.

use std::ffi::{CStr, c_char, c_void};
use std::{ptr, slice};

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_ATTRIBUTE_TYPE, CK_BBOOL, CK_BYTE, CK_C_INITIALIZE_ARGS, CK_FLAGS, CK_MECHANISM,
    CK_MECHANISM_TYPE, CK_RV, CK_ULONG, CKR_ARGUMENTS_BAD, CKR_ATTRIBUTE_VALUE_INVALID, CKR_BUFFER_TOO_SMALL,
};

use crate::report;

/// What a body answers: nothing, or the return value that is not CKR_OK.
pub type Answer<T = ()> = Result<T, CK_RV>;

/// The byte that the action `garbage` writes everywhere.
const GARBAGE: u8 = 0xA5;

/// Filling an output with garbage; inputs stay as they are.
pub trait Spoil {
    /// Fills the output and gives it a length of `wrong`, or one more than the caller offered.
    fn spoil(&self, _wrong: Option<CK_ULONG>) {}
}

impl Spoil for CK_ULONG {}
impl Spoil for CK_BBOOL {}
impl Spoil for bool {}
impl Spoil for &[u8] {}
impl<T: Spoil> Spoil for Option<T> {
    fn spoil(&self, wrong: Option<CK_ULONG>) {
        self.iter().for_each(|view| view.spoil(wrong));
    }
}

/// A mechanism, copied.
#[derive(Clone, Debug)]
pub struct Mechanism {
    /// CKM_… as given.
    pub kind: CK_MECHANISM_TYPE,
    /// The raw bytes behind pParameter.
    pub parameter: Vec<u8>,
}
impl Spoil for Mechanism {}

/// A template given by the caller: type and value, in the caller's order.
pub type Template = Vec<(CK_ATTRIBUTE_TYPE, Vec<u8>)>;
impl Spoil for Template {}

/// CK_C_INITIALIZE_ARGS as far as they matter here.
#[derive(Clone, Copy, Debug)]
pub struct InitializeArguments {
    /// CKF_OS_LOCKING_OK, CKF_LIBRARY_CANT_CREATE_OS_THREADS.
    pub flags: CK_FLAGS,
    /// How many of the four mutex functions are given.
    pub mutexes: usize,
    reserved: *const c_char,
}
impl Spoil for InitializeArguments {}

impl InitializeArguments {
    /// True when pReserved is not null.
    pub fn has_reserved(&self) -> bool {
        !self.reserved.is_null()
    }

    /// pReserved as a C string, the way NSS libraries take it.
    pub fn reserved_text(&self) -> Vec<u8> {
        if self.reserved.is_null() {
            return Vec::new();
        }
        // SAFETY: only called after the instruction `initialize=takes-string`, by which the test promises a C string.
        unsafe { CStr::from_ptr(self.reserved) }.to_bytes().to_vec()
    }
}

/// One value to be written by us.
#[derive(Debug)]
pub struct Place<T>(*mut T);

impl<T> Place<T> {
    pub fn set(&self, value: T) {
        // SAFETY: `place` was promised memory for one T; structures are packed on Windows, so it may be unaligned.
        unsafe { self.0.write_unaligned(value) };
    }
}

impl<T> Spoil for Place<T> {
    fn spoil(&self, _wrong: Option<CK_ULONG>) {
        // SAFETY: as in `set`; bytes need no alignment.
        unsafe { self.0.cast::<u8>().write_bytes(GARBAGE, size_of::<T>()) };
    }
}

/// A buffer with the length convention of PKCS#11 (2.40, 5.2): null asks for the length.
#[derive(Debug)]
pub struct Array<T> {
    data: *mut T,
    length: *mut CK_ULONG,
}

impl<T: Copy> Array<T> {
    /// Checks the room for `needed` elements and tells the caller how many there are.
    ///
    /// False: only the length was asked for. CKR_BUFFER_TOO_SMALL when they do not fit.
    pub fn room(&self, needed: usize) -> Answer<bool> {
        // SAFETY: `array` was promised a readable and writable length.
        let offered = unsafe { self.length.read_unaligned() };
        // SAFETY: as above.
        unsafe { self.length.write_unaligned(needed as CK_ULONG) };
        match (self.data.is_null(), offered < needed as CK_ULONG) {
            (true, _) => Ok(false),
            (false, true) => Err(CKR_BUFFER_TOO_SMALL),
            (false, false) => Ok(true),
        }
    }

    /// Writes all `values`, by the length convention.
    pub fn give(&self, values: &[T]) -> Answer {
        if self.room(values.len())? {
            for (index, value) in values.iter().enumerate() {
                // SAFETY: `room` has compared the caller's length with ours.
                unsafe { self.data.add(index).write_unaligned(*value) };
            }
        }
        Ok(())
    }
}

impl<T> Spoil for Array<T> {
    fn spoil(&self, wrong: Option<CK_ULONG>) {
        // SAFETY: `array` was promised a readable and writable length.
        let offered = unsafe { self.length.read_unaligned() };
        if !self.data.is_null() {
            // SAFETY: the caller offers that many elements.
            unsafe { self.data.cast::<u8>().write_bytes(GARBAGE, offered as usize * size_of::<T>()) };
        }
        // SAFETY: as the read above.
        unsafe { self.length.write_unaligned(wrong.unwrap_or(offered.wrapping_add(1))) };
    }
}

/// A buffer for at most `limit` elements, and where their number goes, if anywhere (C_FindObjects, C_GenerateRandom).
#[derive(Debug)]
pub struct Limited<T> {
    data: *mut T,
    limit: CK_ULONG,
    count: *mut CK_ULONG,
}

impl<T: Copy> Limited<T> {
    /// How many elements fit.
    pub fn limit(&self) -> usize {
        self.limit as usize
    }

    /// Writes `values`; those past the limit are left out.
    pub fn give(&self, values: &[T]) {
        let written = values.len().min(self.limit());
        for (index, value) in values.iter().take(written).enumerate() {
            // SAFETY: `limited` was promised memory for `limit` elements.
            unsafe { self.data.add(index).write_unaligned(*value) };
        }
        self.set_count(written as CK_ULONG);
    }
}

impl<T> Limited<T> {
    fn set_count(&self, count: CK_ULONG) {
        if !self.count.is_null() {
            // SAFETY: `limited` was promised a writable count.
            unsafe { self.count.write_unaligned(count) };
        }
    }
}

impl<T> Spoil for Limited<T> {
    fn spoil(&self, wrong: Option<CK_ULONG>) {
        if !self.data.is_null() {
            // SAFETY: as in `give`.
            unsafe { self.data.cast::<u8>().write_bytes(GARBAGE, self.limit as usize * size_of::<T>()) };
        }
        self.set_count(wrong.unwrap_or(self.limit.wrapping_add(1)));
    }
}

/// The template of C_GetAttributeValue: types from the caller, values and lengths from us.
#[derive(Debug)]
pub struct Answers {
    attributes: *mut CK_ATTRIBUTE,
    count: usize,
}

impl Answers {
    /// Answers each attribute from `value`; the last error is the answer of the whole call, as in 2.40, 5.7 (C_GetAttributeValue).
    pub fn fill(&self, value: impl Fn(CK_ATTRIBUTE_TYPE) -> Answer<Vec<u8>>) -> Answer {
        let mut answer = Ok(());
        for index in 0..self.count {
            // SAFETY: `answers` was promised `count` attributes.
            let mut attribute = unsafe { self.attributes.add(index).read_unaligned() };
            let room = Array { data: attribute.pValue.cast::<CK_BYTE>(), length: &raw mut attribute.ulValueLen };
            let given = value(attribute.type_).and_then(|bytes| room.give(&bytes));
            if given.is_err() {
                attribute.ulValueLen = CK_ULONG::MAX;
                answer = given;
            }
            // SAFETY: as above.
            unsafe { self.attributes.add(index).write_unaligned(attribute) };
        }
        answer
    }
}

impl Spoil for Answers {
    fn spoil(&self, wrong: Option<CK_ULONG>) {
        for index in 0..self.count {
            // SAFETY: `answers` was promised `count` attributes.
            let mut attribute = unsafe { self.attributes.add(index).read_unaligned() };
            Array { data: attribute.pValue.cast::<CK_BYTE>(), length: &raw mut attribute.ulValueLen }.spoil(wrong);
            // SAFETY: as above.
            unsafe { self.attributes.add(index).write_unaligned(attribute) };
        }
    }
}

/// Where one value goes; null is CKR_ARGUMENTS_BAD.
///
/// # Safety
/// `place` is null or points to memory for a T during the call.
pub unsafe fn place<T>(place: *mut T) -> Answer<Place<T>> {
    if place.is_null() { Err(CKR_ARGUMENTS_BAD) } else { Ok(Place(place)) }
}

/// An output buffer and its length; a null length is CKR_ARGUMENTS_BAD.
///
/// # Safety
/// `length` is null or points to a length; `data` is null or has room for that many elements, during the call.
pub unsafe fn array<T>(data: *mut T, length: *mut CK_ULONG) -> Answer<Array<T>> {
    if length.is_null() { Err(CKR_ARGUMENTS_BAD) } else { Ok(Array { data, length }) }
}

/// As [`array()`], but a null length means that no output is asked for (C_SignMessageNext).
///
/// # Safety
/// As [`array()`].
pub unsafe fn array_or_none<T>(data: *mut T, length: *mut CK_ULONG) -> Option<Array<T>> {
    (!length.is_null()).then_some(Array { data, length })
}

/// An output buffer with a limit.
///
/// # Safety
/// `data` has room for `limit` elements, `count` for one number, during the call.
pub unsafe fn limited<T>(data: *mut T, limit: CK_ULONG, count: *mut CK_ULONG) -> Answer<Limited<T>> {
    if count.is_null() || (data.is_null() && limit > 0) {
        return Err(CKR_ARGUMENTS_BAD);
    }
    Ok(Limited { data, limit, count })
}

/// An output buffer that is filled to its end.
///
/// # Safety
/// `data` is null or has room for `length` elements during the call.
pub unsafe fn filled<T>(data: *mut T, length: CK_ULONG) -> Answer<Limited<T>> {
    if data.is_null() { Err(CKR_ARGUMENTS_BAD) } else { Ok(Limited { data, limit: length, count: ptr::null_mut() }) }
}

/// Input bytes. Null with length zero is legal and empty.
///
/// # Safety
/// `data` is null or readable for `length` bytes during the call.
pub unsafe fn bytes<'a>(data: *mut CK_BYTE, length: CK_ULONG) -> Answer<&'a [u8]> {
    match (data.is_null(), length) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(CKR_ARGUMENTS_BAD),
        // SAFETY: the promise of this function.
        (false, _) => Ok(unsafe { slice::from_raw_parts(data, length as usize) }),
    }
}

/// Input bytes that may be absent (a null pointer).
///
/// # Safety
/// As [`bytes`].
pub unsafe fn bytes_or_none<'a>(data: *mut CK_BYTE, length: CK_ULONG) -> Answer<Option<&'a [u8]>> {
    if data.is_null() {
        return Ok(None);
    }
    // SAFETY: the promise of this function.
    unsafe { bytes(data, length) }.map(Some)
}

/// The parameter of a message function; noted for `ukeyhub_mock_last`.
///
/// # Safety
/// As [`bytes`].
pub unsafe fn parameter<'a>(data: *mut c_void, length: CK_ULONG) -> Answer<&'a [u8]> {
    // SAFETY: the promise of this function.
    let parameter = unsafe { bytes(data.cast(), length) }?;
    report::note_parameter(parameter);
    Ok(parameter)
}

/// A mechanism; noted for `ukeyhub_mock_last`. Null is CKR_ARGUMENTS_BAD.
///
/// # Safety
/// `mechanism` is null or points to one whose parameter is readable, during the call.
pub unsafe fn mechanism(mechanism: *mut CK_MECHANISM) -> Answer<Mechanism> {
    // SAFETY: the promise of this function.
    unsafe { mechanism_or_none(mechanism) }?.ok_or(CKR_ARGUMENTS_BAD)
}

/// As [`mechanism`], but null is None: it cancels the operation (3.0).
///
/// # Safety
/// As [`mechanism`].
pub unsafe fn mechanism_or_none(mechanism: *mut CK_MECHANISM) -> Answer<Option<Mechanism>> {
    if mechanism.is_null() {
        return Ok(None);
    }
    // SAFETY: the promise of this function.
    let raw = unsafe { mechanism.read_unaligned() };
    // SAFETY: the promise of this function.
    let parameter = unsafe { bytes(raw.pParameter.cast(), raw.ulParameterLen) }?.to_vec();
    report::note_mechanism(raw.mechanism, &parameter);
    Ok(Some(Mechanism { kind: raw.mechanism, parameter }))
}

/// A template to read from.
///
/// # Safety
/// `attributes` is null or points to `count` attributes whose values are readable, during the call.
pub unsafe fn template(attributes: *mut CK_ATTRIBUTE, count: CK_ULONG) -> Answer<Template> {
    if attributes.is_null() && count > 0 {
        return Err(CKR_ARGUMENTS_BAD);
    }
    let mut read = Template::new();
    for index in 0..count as usize {
        // SAFETY: the promise of this function.
        let attribute = unsafe { attributes.add(index).read_unaligned() };
        let (data, length) = (attribute.pValue.cast::<CK_BYTE>(), attribute.ulValueLen);
        // SAFETY: the promise of this function.
        let value = unsafe { bytes(data, length) }.map_err(|_| CKR_ATTRIBUTE_VALUE_INVALID)?;
        read.push((attribute.type_, value.to_vec()));
    }
    Ok(read)
}

/// A template to be answered.
///
/// # Safety
/// `attributes` is null or points to `count` attributes whose values are writable, during the call.
pub unsafe fn answers(attributes: *mut CK_ATTRIBUTE, count: CK_ULONG) -> Answer<Answers> {
    if attributes.is_null() { Err(CKR_ARGUMENTS_BAD) } else { Ok(Answers { attributes, count: count as usize }) }
}

/// The arguments of C_Initialize, if any.
///
/// # Safety
/// `arguments` is null or points to a CK_C_INITIALIZE_ARGS.
pub unsafe fn initialize_arguments(arguments: *mut c_void) -> Option<InitializeArguments> {
    if arguments.is_null() {
        return None;
    }
    // SAFETY: the promise of this function.
    let raw = unsafe { arguments.cast::<CK_C_INITIALIZE_ARGS>().read_unaligned() };
    let (create, destroy, lock, unlock) = (raw.CreateMutex, raw.DestroyMutex, raw.LockMutex, raw.UnlockMutex);
    let given = [create.is_some(), destroy.is_some(), lock.is_some(), unlock.is_some()];
    let mutexes = given.iter().filter(|given| **given).count();
    Some(InitializeArguments { flags: raw.flags, mutexes, reserved: raw.pReserved.cast() })
}

//! Structures and handles of a C caller: mechanisms, templates, information records, new handles.
//! Boundary file: it dereferences host pointers, always unaligned, because Windows packs these structures to the byte.

use std::fmt;
use std::marker::PhantomData;
use std::ptr;

use cryptoki_sys::*;

use super::{View, fitting};
use crate::error::{Error, Outcome};
use crate::names;

/// Views of one pointer each: checked for null where the row says so, and kept as it is.
/// A row: `Name to Pointee, null true|false;` (may it be null?)
#[macro_export]
macro_rules! pointer_views {
    ($($(#[$doc:meta])* $name:ident to $pointee:ty, null $null:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name<'a> {
            pointer: *mut $pointee,
            caller: std::marker::PhantomData<&'a mut $pointee>,
        }

        impl $crate::abi::View for $name<'_> {
            type A = *mut $pointee;
            type B = ();
            type Raw = (*mut $pointee,);

            #[inline]
            unsafe fn take((pointer,): Self::Raw) -> $crate::error::Outcome<Self> {
                if pointer.is_null() && !$null {
                    return Err($crate::error::Error::bad_argument());
                }
                Ok(Self { pointer, caller: std::marker::PhantomData })
            }

            #[inline]
            fn raw(&self) -> Self::Raw {
                (self.pointer,)
            }
        }
    )*};
}

pointer_views! {
    /// A mechanism with its parameter. Null cancels a running operation (PKCS#11 3.0, 5.8 and after); libraries of 2.40 refuse it.
    Mechanism to CK_MECHANISM, null true;
    /// Where a new object's handle goes.
    NewHandle to CK_OBJECT_HANDLE, null false;
    /// Where a derived key's handle goes; null for mechanisms that return several keys in their parameter.
    OptionalHandle to CK_OBJECT_HANDLE, null true;
    /// A token's label: 32 bytes, padded with blanks, not NUL-terminated (C_InitToken).
    Label to CK_UTF8CHAR, null false;
    /// The name of a function whose asynchronous result is asked for, NUL-terminated (PKCS#11 3.2, 5.21).
    Name to CK_UTF8CHAR, null false;
    /// The result of an asynchronous call (PKCS#11 3.2, 5.21).
    AsyncData to CK_ASYNC_DATA, null false;
}

impl Mechanism<'_> {
    /// The mechanism's type; `None` where the caller passed null.
    pub fn kind(&self) -> Option<CK_MECHANISM_TYPE> {
        self.read().map(|mechanism| mechanism.mechanism)
    }

    /// A copy of the structure, its parameter pointer still the caller's; `None` where the caller passed null.
    pub fn read(&self) -> Option<CK_MECHANISM> {
        // SAFETY: non-null, and `take`'s caller vouches that it points to a CK_MECHANISM for this call.
        (!self.pointer.is_null()).then(|| unsafe { self.pointer.read_unaligned() })
    }

    /// A copy of the parameter's own bytes. Pointers inside it are not followed. `None` where there is no mechanism.
    pub fn parameter(&self) -> Option<Vec<u8>> {
        let mechanism = self.read()?;
        let (start, length) = (mechanism.pParameter.cast::<u8>(), mechanism.ulParameterLen);
        let length = fitting::<u8>(length).ok()?;
        if start.is_null() || length == 0 {
            return Some(Vec::new());
        }
        // SAFETY: the caller vouches for `length` bytes at the parameter; the length fits the address space.
        Some(unsafe { std::slice::from_raw_parts(start, length) }.to_vec())
    }
}

impl<'a> From<&'a mut CK_MECHANISM> for Mechanism<'a> {
    fn from(mechanism: &'a mut CK_MECHANISM) -> Self {
        Self { pointer: mechanism, caller: PhantomData }
    }
}

impl fmt::Debug for Mechanism<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            Some(kind) => names::MECHANISMS.show(kind).fmt(f),
            None => f.write_str("<null>"),
        }
    }
}

/// Handles that a call has just made are shown by the trace of what uses them.
macro_rules! shown_as_word {
    ($($name:ident: $word:literal,)*) => {$(
        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($word)
            }
        }
    )*};
}

shown_as_word! {
    NewHandle: "<new>",
    OptionalHandle: "<new>",
    Label: "<label>",
    Name: "<name>",
    AsyncData: "<result>",
    Handles: "<handles>",
}

/// Attributes with a length: a template to read, or a query to answer.
macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name<'a> {
            start: *mut CK_ATTRIBUTE,
            length: CK_ULONG,
            caller: PhantomData<&'a mut [CK_ATTRIBUTE]>,
        }

        impl<'a> $name<'a> {
            /// Attributes of our own.
            pub fn new(attributes: &'a mut [CK_ATTRIBUTE]) -> Self {
                Self { start: attributes.as_mut_ptr(), length: attributes.len() as CK_ULONG, caller: PhantomData }
            }

            /// The types asked for, in order.
            pub fn types(&self) -> impl Iterator<Item = CK_ATTRIBUTE_TYPE> + '_ {
                (0..self.length as usize).map(|at| {
                    // SAFETY: `take` checked that the array fits; its caller vouches for `length` attributes.
                    unsafe { self.start.add(at).read_unaligned() }.type_
                })
            }
        }

        impl View for $name<'_> {
            type A = *mut CK_ATTRIBUTE;
            type B = CK_ULONG;
            type Raw = (*mut CK_ATTRIBUTE, CK_ULONG);

            #[inline]
            unsafe fn take((start, length): Self::Raw) -> Outcome<Self> {
                if start.is_null() && length != 0 {
                    return Err(Error::bad_argument());
                }
                fitting::<CK_ATTRIBUTE>(length)?;
                Ok(Self { start, length, caller: PhantomData })
            }

            #[inline]
            fn raw(&self) -> Self::Raw {
                (self.start, self.length)
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list().entries(self.types().take(64).map(|kind| names::ATTRIBUTES.show(kind))).finish()
            }
        }
    )*};
}

attributes! {
    /// A template: attributes that the caller gives. Its log form has the types, never a value.
    Template;
    /// Attributes that the caller asks for (C_GetAttributeValue): types in, lengths and values out.
    Query;
}

/// Where C_FindObjects puts at most so many handles.
#[derive(Clone, Copy)]
pub struct Handles<'a> {
    start: *mut CK_OBJECT_HANDLE,
    length: CK_ULONG,
    caller: PhantomData<&'a mut [CK_OBJECT_HANDLE]>,
}

impl<'a> Handles<'a> {
    /// Handles of our own.
    pub fn new(handles: &'a mut [CK_OBJECT_HANDLE]) -> Self {
        Self { start: handles.as_mut_ptr(), length: handles.len() as CK_ULONG, caller: PhantomData }
    }
}

impl View for Handles<'_> {
    type A = *mut CK_OBJECT_HANDLE;
    type B = CK_ULONG;
    type Raw = (*mut CK_OBJECT_HANDLE, CK_ULONG);

    #[inline]
    unsafe fn take((start, length): Self::Raw) -> Outcome<Self> {
        if start.is_null() && length != 0 {
            return Err(Error::bad_argument());
        }
        fitting::<CK_OBJECT_HANDLE>(length)?;
        Ok(Self { start, length, caller: PhantomData })
    }

    #[inline]
    fn raw(&self) -> Self::Raw {
        (self.start, self.length)
    }
}

/// One structure or number that a call fills in. Cleared first, so that a library that fails half way leaves no rubbish.
pub struct Out<'a, T> {
    pointer: *mut T,
    caller: PhantomData<&'a mut T>,
}

impl<T> Clone for Out<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Out<'_, T> {}

/// Types made of integers and byte arrays, for which all zeros is a value.
///
/// # Safety
/// All-zero bytes must be a valid value of the type.
pub unsafe trait Zeroable: Copy {}

macro_rules! zeroable {
    ($($t:ty),*) => {$(
        // SAFETY: integers and arrays of integers only.
        unsafe impl Zeroable for $t {}
    )*};
}

zeroable!(CK_ULONG, CK_INFO, CK_SLOT_INFO, CK_TOKEN_INFO, CK_MECHANISM_INFO, CK_SESSION_INFO);

impl<'a, T: Zeroable> Out<'a, T> {
    /// A structure of our own to be filled in.
    pub fn new(place: &'a mut T) -> Self {
        Self { pointer: place, caller: PhantomData }
    }

    /// What stands there now.
    #[inline]
    pub fn get(&self) -> T {
        // SAFETY: `take` refused null and wrote zeros, a valid value; a library that fills it writes valid bytes too.
        unsafe { self.pointer.read_unaligned() }
    }

    /// Writes the whole structure.
    #[inline]
    pub fn set(&self, value: T) {
        // SAFETY: not null, and the caller lent it for writing.
        unsafe { self.pointer.write_unaligned(value) }
    }
}

impl<T: Zeroable> View for Out<'_, T> {
    type A = *mut T;
    type B = ();
    type Raw = (*mut T,);

    #[inline]
    unsafe fn take((pointer,): Self::Raw) -> Outcome<Self> {
        if pointer.is_null() {
            return Err(Error::bad_argument());
        }
        // SAFETY: not null; the caller lent size_of::<T>() bytes for writing.
        unsafe { ptr::write_bytes(pointer.cast::<u8>(), 0, size_of::<T>()) };
        Ok(Self { pointer, caller: PhantomData })
    }

    #[inline]
    fn raw(&self) -> Self::Raw {
        (self.pointer,)
    }
}

impl<T> fmt::Debug for Out<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<out>")
    }
}

/// A number that a call fills in.
pub type Count<'a> = Out<'a, CK_ULONG>;
/// CK_SLOT_INFO.
pub type SlotInfo<'a> = Out<'a, CK_SLOT_INFO>;
/// CK_TOKEN_INFO.
pub type TokenInfo<'a> = Out<'a, CK_TOKEN_INFO>;
/// CK_MECHANISM_INFO.
pub type MechanismInfo<'a> = Out<'a, CK_MECHANISM_INFO>;
/// CK_SESSION_INFO.
pub type SessionInfo<'a> = Out<'a, CK_SESSION_INFO>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_structure_is_cleared_first() {
        let mut info = CK_SESSION_INFO { slotID: 9, state: 9, flags: 9, ulDeviceError: 9 };
        // SAFETY: a structure of our own.
        let out = unsafe { SessionInfo::take((&raw mut info,)) }.unwrap();
        let after = out.get();
        assert_eq!((after.slotID, after.state, after.flags, after.ulDeviceError), (0, 0, 0, 0));
    }

    #[test]
    fn a_template_shows_types_and_no_values() {
        let mut secret = *b"canary";
        let mut attributes = [CK_ATTRIBUTE {
            type_: CKA_VALUE,
            pValue: secret.as_mut_ptr().cast(),
            ulValueLen: secret.len() as CK_ULONG,
        }];
        assert_eq!(format!("{:?}", Template::new(&mut attributes)), "[CKA_VALUE]");
    }
}

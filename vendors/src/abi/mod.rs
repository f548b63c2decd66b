//! Views of a C caller's arguments: each pointer is checked here once, and nowhere else, before safe code sees it.
//! A view keeps the caller's own pointers, so that a direct backend passes on exactly what it was given.
//! It must not copy data, judge contents, or show a PIN or key material in its Debug form.

mod buffers;
mod scalars;
mod structures;

pub use buffers::{Bytes, Fill, List, Output, Parameter, PartOutput, Pin, Room, Text};
pub use scalars::{Flags, MechanismType, ObjectHandle, Present, UserType, ValidationType, Value};
pub use structures::{
    AsyncData, Count, Handles, Label, Mechanism, MechanismInfo, Name, NewHandle, OptionalHandle, Out, Query,
    SessionInfo, SlotInfo, Template, TokenInfo,
};

use crate::error::{Error, Outcome};

/// One argument of an entry point as safe code sees it, made of one or two arguments of the C call.
pub trait View: Sized {
    /// The first C argument.
    type A;
    /// The second C argument; `()` where there is none.
    type B;
    /// Both, as the C call has them: `(A,)` or `(A, B)`.
    type Raw;

    /// Checks the caller's arguments: null, length, and what the standard forbids whatever the token.
    ///
    /// # Safety
    /// Non-null pointers point to memory of the kind and length that PKCS#11 prescribes, valid for the whole call.
    unsafe fn take(raw: Self::Raw) -> Outcome<Self>;

    /// The caller's arguments again, untouched.
    fn raw(&self) -> Self::Raw;
}

/// A length in elements of `T` that fits the address space, as `usize`.
fn fitting<T>(length: cryptoki_sys::CK_ULONG) -> Outcome<usize> {
    let length = usize::try_from(length).map_err(|_| Error::bad_argument())?;
    match length.checked_mul(size_of::<T>()) {
        Some(bytes) if bytes <= isize::MAX as usize => Ok(length),
        _ => Err(Error::bad_argument()),
    }
}

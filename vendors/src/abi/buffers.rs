//! Byte ranges of a C caller: what it hands in, and where it wants answers. Boundary file: it dereferences host pointers.
//! Null with length zero is legal input and stays null, because some libraries tell the two apart.

use std::ffi::c_void;
use std::fmt;
use std::marker::PhantomData;
use std::ptr;
use std::slice;

use cryptoki_sys::{CK_BYTE, CK_ULONG};

use super::{View, fitting};
use crate::error::{Error, Outcome};

macro_rules! input {
    ($($(#[$doc:meta])* $name:ident of $pointee:ty, $null_with_length:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name<'a> {
            start: *mut $pointee,
            length: CK_ULONG,
            caller: PhantomData<&'a [u8]>,
        }

        impl<'a> $name<'a> {
            /// The bytes; empty where the caller passed null.
            #[inline]
            pub fn as_slice(&self) -> &'a [u8] {
                if self.start.is_null() || self.length == 0 {
                    return &[];
                }
                // SAFETY: `take` checked that the length fits, and its caller vouches for the memory for 'a.
                unsafe { slice::from_raw_parts(self.start.cast::<u8>(), self.length as usize) }
            }

            /// Whether the caller passed a null pointer.
            #[inline]
            pub fn is_null(&self) -> bool {
                self.start.is_null()
            }
        }

        impl<'a> From<&'a [u8]> for $name<'a> {
            fn from(bytes: &'a [u8]) -> Self {
                // The C interface has no const; nothing writes through an input.
                Self { start: bytes.as_ptr().cast_mut().cast(), length: bytes.len() as CK_ULONG, caller: PhantomData }
            }
        }

        impl View for $name<'_> {
            type A = *mut $pointee;
            type B = CK_ULONG;
            type Raw = (*mut $pointee, CK_ULONG);

            #[inline]
            unsafe fn take((start, length): Self::Raw) -> Outcome<Self> {
                if start.is_null() && length != 0 && !$null_with_length {
                    return Err(Error::bad_argument());
                }
                fitting::<u8>(length)?;
                Ok(Self { start, length, caller: PhantomData })
            }

            #[inline]
            fn raw(&self) -> Self::Raw {
                (self.start, self.length)
            }
        }
    )*};
}

input! {
    /// Data to work on. Null is legal with length zero only.
    Bytes of CK_BYTE, false;
    /// A user name in UTF-8 (C_LoginUser). Null is legal with length zero only.
    Text of CK_BYTE, false;
    /// A PIN. Null means the protected authentication path, whatever the length says (PKCS#11 3.0, 5.6.8).
    Pin of CK_BYTE, true;
    /// The parameter of one message (PKCS#11 3.0, 5.9 to 5.16): in and out, its structure known to the mechanism alone.
    Parameter of c_void, false;
}

impl fmt::Debug for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.length)
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.length)
    }
}

impl fmt::Debug for Pin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_null() { "<protected path>" } else { "<pin>" })
    }
}

impl fmt::Debug for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.length)
    }
}

/// Where a function puts an answer whose length it decides (PKCS#11 3.0, 5.2): a null buffer asks for the length,
/// a short one gets CKR_BUFFER_TOO_SMALL and the length, a long one the answer and its length. Lengths count elements.
pub struct Room<'a, T> {
    start: *mut T,
    length: *mut CK_ULONG,
    caller: PhantomData<&'a mut [T]>,
}

/// Bytes: signatures, ciphertexts, digests.
pub type Output<'a> = Room<'a, CK_BYTE>;

/// Numbers: slot ids of C_GetSlotList, mechanism types of C_GetMechanismList.
pub type List<'a> = Room<'a, CK_ULONG>;

impl<T> Clone for Room<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Room<'_, T> {}

impl<'a, T: Copy> Room<'a, T> {
    /// Room in memory of our own. `length` holds the room on entry and the answer's length afterwards.
    pub fn new(room: &'a mut [T], length: &'a mut CK_ULONG) -> Self {
        *length = room.len() as CK_ULONG;
        Self { start: room.as_mut_ptr(), length, caller: PhantomData }
    }

    /// A question for the length alone.
    pub fn ask(length: &'a mut CK_ULONG) -> Self {
        Self { start: ptr::null_mut(), length, caller: PhantomData }
    }

    /// Whether the caller only asks for the length.
    #[inline]
    pub fn asks_length(&self) -> bool {
        self.start.is_null()
    }

    /// Writes `answer` by the length convention. Nothing is written beyond the caller's room.
    pub fn write(&self, answer: &[T]) -> Outcome {
        let needed = CK_ULONG::try_from(answer.len()).map_err(|_| Error::internal())?;
        // SAFETY: `take` refused a null length; its caller vouches that it points to a CK_ULONG, aligned or not.
        let room = unsafe { self.length.read_unaligned() };
        // SAFETY: as above; the caller lent it for writing.
        unsafe { self.length.write_unaligned(needed) };
        if self.asks_length() {
            return Ok(());
        }
        if room < needed {
            return Err(Error::buffer_too_small());
        }
        let (from, to) = (answer.as_ptr().cast::<u8>(), self.start.cast::<u8>());
        // SAFETY: the caller's buffer has room for as many elements, and cannot overlap our own answer. Copied as
        // bytes, because the buffer may be unaligned.
        unsafe { ptr::copy_nonoverlapping(from, to, size_of_val(answer)) };
        Ok(())
    }
}

impl<T> View for Room<'_, T> {
    type A = *mut T;
    type B = *mut CK_ULONG;
    type Raw = (*mut T, *mut CK_ULONG);

    #[inline]
    unsafe fn take((start, length): Self::Raw) -> Outcome<Self> {
        if length.is_null() {
            return Err(Error::bad_argument());
        }
        Ok(Self { start, length, caller: PhantomData })
    }

    #[inline]
    fn raw(&self) -> Self::Raw {
        (self.start, self.length)
    }
}

impl<T> fmt::Debug for Room<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.start.is_null() { "<asks length>" } else { "<buffer>" })
    }
}

/// The signature of C_SignMessageNext: a null length means that more data follows (PKCS#11 3.0, 5.14.4).
#[derive(Clone, Copy)]
pub struct PartOutput<'a> {
    start: *mut CK_BYTE,
    length: *mut CK_ULONG,
    caller: PhantomData<&'a mut [u8]>,
}

impl<'a> PartOutput<'a> {
    /// The output of the last part; `None` while more data follows.
    pub fn last(&self) -> Option<Output<'a>> {
        (!self.length.is_null()).then_some(Output { start: self.start, length: self.length, caller: PhantomData })
    }
}

impl View for PartOutput<'_> {
    type A = *mut CK_BYTE;
    type B = *mut CK_ULONG;
    type Raw = (*mut CK_BYTE, *mut CK_ULONG);

    #[inline]
    unsafe fn take((start, length): Self::Raw) -> Outcome<Self> {
        Ok(Self { start, length, caller: PhantomData })
    }

    #[inline]
    fn raw(&self) -> Self::Raw {
        (self.start, self.length)
    }
}

impl fmt::Debug for PartOutput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.last() {
            Some(output) => output.fmt(f),
            None => f.write_str("<more follows>"),
        }
    }
}

/// A buffer that a function fills to the last byte (C_GenerateRandom).
#[derive(Clone, Copy)]
pub struct Fill<'a> {
    start: *mut CK_BYTE,
    length: CK_ULONG,
    caller: PhantomData<&'a mut [u8]>,
}

impl View for Fill<'_> {
    type A = *mut CK_BYTE;
    type B = CK_ULONG;
    type Raw = (*mut CK_BYTE, CK_ULONG);

    #[inline]
    unsafe fn take((start, length): Self::Raw) -> Outcome<Self> {
        if start.is_null() && length != 0 {
            return Err(Error::bad_argument());
        }
        fitting::<u8>(length)?;
        Ok(Self { start, length, caller: PhantomData })
    }

    #[inline]
    fn raw(&self) -> Self::Raw {
        (self.start, self.length)
    }
}

impl fmt::Debug for Fill<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn null_with_a_length_is_refused_except_for_a_pin() {
        // SAFETY: null pointers are never dereferenced.
        unsafe {
            assert_eq!(Bytes::take((ptr::null_mut(), 1)).err(), Some(Error::bad_argument()));
            assert!(Bytes::take((ptr::null_mut(), 0)).is_ok_and(|b| b.as_slice().is_empty() && b.is_null()));
            assert!(Pin::take((ptr::null_mut(), 4)).is_ok_and(|p| p.as_slice().is_empty()));
            assert_eq!(Output::take((ptr::null_mut(), ptr::null_mut())).err(), Some(Error::bad_argument()));
            assert_eq!(
                Bytes::take((8 as *mut u8, CK_ULONG::MAX)).is_err(),
                size_of::<CK_ULONG>() == size_of::<usize>()
            );
        }
    }

    #[test]
    fn a_pin_is_never_shown() {
        let shown = format!("{:?}", Pin::from(b"canary-1234".as_slice()));
        assert_eq!(shown, "<pin>");
    }

    #[test]
    fn a_list_counts_elements() {
        let mut room = [0; 3];
        let mut length: CK_ULONG = 0;
        assert_eq!(List::new(&mut room[..2], &mut length).write(&[3, 4, 5]), Err(Error::buffer_too_small()));
        assert_eq!((length, room), (3, [0; 3]));
        assert_eq!(List::new(&mut room, &mut length).write(&[3, 4, 5]), Ok(()));
        assert_eq!(room, [3, 4, 5]);
    }

    proptest! {
        #[test]
        fn output_follows_the_length_convention(answer: Vec<u8>, room in 0usize..64) {
            let mut buffer = vec![0xEE; room + 1];
            let mut length: CK_ULONG = 0;
            Output::ask(&mut length).write(&answer).unwrap();
            prop_assert_eq!(length as usize, answer.len());
            let written = Output::new(&mut buffer[..room], &mut length).write(&answer);
            prop_assert_eq!(length as usize, answer.len());
            prop_assert_eq!(written.is_ok(), room >= answer.len());
            prop_assert_eq!(buffer[room], 0xEE);
            if written.is_ok() {
                prop_assert_eq!(&buffer[..answer.len()], answer.as_slice());
            } else {
                prop_assert_eq!(written, Err(Error::buffer_too_small()));
            }
        }
    }
}

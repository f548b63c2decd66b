//! Numbers that a C caller passes by value. They must not be interpreted here.

use std::fmt;

use cryptoki_sys::{CK_BBOOL, CK_MECHANISM_TYPE, CK_ULONG};

use super::View;
use crate::error::Outcome;
use crate::names;

macro_rules! scalars {
    ($($(#[$doc:meta])* $name:ident($raw:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $name(pub $raw);

        impl View for $name {
            type A = $raw;
            type B = ();
            type Raw = ($raw,);

            #[inline]
            unsafe fn take((value,): Self::Raw) -> Outcome<Self> {
                Ok(Self(value))
            }

            #[inline]
            fn raw(&self) -> Self::Raw {
                (self.0,)
            }
        }
    )*};
}

scalars! {
    /// CK_OBJECT_HANDLE: meaningful to the backend that gave it.
    ObjectHandle(CK_ULONG);
    /// CK_FLAGS.
    Flags(CK_ULONG);
    /// CK_USER_TYPE: CKU_SO, CKU_USER, CKU_CONTEXT_SPECIFIC or a vendor's own.
    UserType(CK_ULONG);
    /// CK_MECHANISM_TYPE where no parameter goes with it.
    MechanismType(CK_MECHANISM_TYPE);
    /// CK_SESSION_VALIDATION_FLAGS_TYPE (PKCS#11 3.2).
    ValidationType(CK_ULONG);
    /// A plain CK_ULONG.
    Value(CK_ULONG);
    /// CK_BBOOL `tokenPresent` of C_GetList.
    Present(CK_BBOOL);
}

macro_rules! shown_as {
    ($($name:ident: $form:literal,)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, $form, self.0)
            }
        }
    )*};
}

shown_as! {
    ObjectHandle: "{}",
    Flags: "0x{:x}",
    ValidationType: "{}",
    Value: "{}",
    Present: "{}",
}

impl fmt::Debug for UserType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            cryptoki_sys::CKU_SO => f.write_str("CKU_SO"),
            cryptoki_sys::CKU_USER => f.write_str("CKU_USER"),
            cryptoki_sys::CKU_CONTEXT_SPECIFIC => f.write_str("CKU_CONTEXT_SPECIFIC"),
            other => write!(f, "0x{other:x}"),
        }
    }
}

impl fmt::Debug for MechanismType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names::MECHANISMS.show(self.0).fmt(f)
    }
}

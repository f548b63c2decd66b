//! The exported C functions, generated from the table of skf-sys: each turns its arguments into views and calls the body
//! of its name. It must hold no logic of its own. Boundary file: host pointers become views here.
//!
//! A row's arguments become views by their C types, from left to right; a pointer and the length behind it become one.

use skf_sys::skf_functions;
use skf_sys::types::*;

use crate::api;
use crate::guard;
use crate::views::*;

/// A pointer, or a number in a register or stack slot of a pointer's size.
#[cfg(not(feature = "lean"))]
type Word = *mut std::ffi::c_void;

/// Exports a function with this signature, and calls its body with these views.
macro_rules! export {
    ($name:ident [$($raw:ident: $kind:ty,)*] [$($view:tt)*]) => {
        #[doc = concat!(stringify!($name), ", see GM/T 0016.")]
        ///
        /// # Safety
        /// The arguments are as the standard prescribes.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case, clippy::too_many_arguments, reason = "the standard's own name and list")]
        pub unsafe extern "system" fn $name($($raw: $kind),*) -> ULONG {
            guard::run(stringify!($name), |call| api::$name(call, $(view! $view),*))
        }
    };
}

/// A view of one or two arguments.
macro_rules! view {
    (value $value:ident) => {
        $value.take()?
    };
    ($view:ident $($raw:ident)*) => {
        // SAFETY: the host passes what GM/T 0016 prescribes for this function, valid for the call.
        unsafe { $view::take($($raw),*) }?
    };
}

/// Chooses the view of the next argument.
macro_rules! entry {
    ($n:ident $r:tt $v:tt) => { export! { $n $r $v } };
    // a key without a length: 16 bytes
    ($n:ident [$($r:tt)*] [$($v:tt)*] key: *const BYTE, alg: ULONG, $($rest:tt)*) => {
        entry! { $n [$($r)* key: *const BYTE, alg: ULONG,] [$($v)* (KeyBytes key) (value alg)] $($rest)* }
    };
    ($n:ident [$($r:tt)*] [$($v:tt)*] $a:ident: *const BYTE, $b:ident: ULONG, $($rest:tt)*) => {
        entry! { $n [$($r)* $a: *const BYTE, $b: ULONG,] [$($v)* (Input $a $b)] $($rest)* }
    };
    ($n:ident [$($r:tt)*] [$($v:tt)*] $a:ident: *mut BYTE, $b:ident: *mut ULONG, $($rest:tt)*) => {
        entry! { $n [$($r)* $a: *mut BYTE, $b: *mut ULONG,] [$($v)* (Output $a $b)] $($rest)* }
    };
    ($n:ident [$($r:tt)*] [$($v:tt)*] $a:ident: *mut CHAR, $b:ident: *mut ULONG, $($rest:tt)*) => {
        entry! { $n [$($r)* $a: *mut CHAR, $b: *mut ULONG,] [$($v)* (Output $a $b)] $($rest)* }
    };
    ($n:ident [$($r:tt)*] [$($v:tt)*] $a:ident: *mut BYTE, $b:ident: ULONG, $($rest:tt)*) => {
        entry! { $n [$($r)* $a: *mut BYTE, $b: ULONG,] [$($v)* (Fill $a $b)] $($rest)* }
    };
    ($n:ident [$($r:tt)*] [$($v:tt)*] $a:ident: *const CHAR, $($rest:tt)*) => {
        entry! { $n [$($r)* $a: *const CHAR,] [$($v)* (Text $a)] $($rest)* }
    };
    ($n:ident [$($r:tt)*] [$($v:tt)*] $a:ident: *const ECCCIPHERBLOB, $($rest:tt)*) => {
        entry! { $n [$($r)* $a: *const ECCCIPHERBLOB,] [$($v)* (CipherIn $a)] $($rest)* }
    };
    ($n:ident [$($r:tt)*] [$($v:tt)*] $a:ident: *mut ECCCIPHERBLOB, $($rest:tt)*) => {
        entry! { $n [$($r)* $a: *mut ECCCIPHERBLOB,] [$($v)* (CipherOut $a)] $($rest)* }
    };
    ($n:ident [$($r:tt)*] [$($v:tt)*] $a:ident: *const ENVELOPEDKEYBLOB, $($rest:tt)*) => {
        entry! { $n [$($r)* $a: *const ENVELOPEDKEYBLOB,] [$($v)* (EnvelopeIn $a)] $($rest)* }
    };
    ($n:ident [$($r:tt)*] [$($v:tt)*] $a:ident: *const $kind:ident, $($rest:tt)*) => {
        entry! { $n [$($r)* $a: *const $kind,] [$($v)* (In $a)] $($rest)* }
    };
    ($n:ident [$($r:tt)*] [$($v:tt)*] $a:ident: *mut $kind:ident, $($rest:tt)*) => {
        entry! { $n [$($r)* $a: *mut $kind,] [$($v)* (Out $a)] $($rest)* }
    };
    ($n:ident [$($r:tt)*] [$($v:tt)*] $a:ident: $kind:ident, $($rest:tt)*) => {
        entry! { $n [$($r)* $a: $kind,] [$($v)* (value $a)] $($rest)* }
    };
}

/// Leaves out what a lean build has not, and what is written by hand below.
macro_rules! row {
    (SKF_ECCDecrypt $arguments:tt) => {};
    (SKF_PrvKeyDecrypt $arguments:tt) => {};
    (SKF_WaitForDevEvent $arguments:tt) => {
        rare! { SKF_WaitForDevEvent $arguments }
    };
    (SKF_CancelWaitForDevEvent $arguments:tt) => {
        rare! { SKF_CancelWaitForDevEvent $arguments }
    };
    (SKF_SetLabel $arguments:tt) => {
        rare! { SKF_SetLabel $arguments }
    };
    (SKF_LockDev $arguments:tt) => {
        rare! { SKF_LockDev $arguments }
    };
    (SKF_UnlockDev $arguments:tt) => {
        rare! { SKF_UnlockDev $arguments }
    };
    (SKF_Transmit $arguments:tt) => {
        rare! { SKF_Transmit $arguments }
    };
    (SKF_GetContainerType $arguments:tt) => {
        rare! { SKF_GetContainerType $arguments }
    };
    (SKF_GenExtRSAKey $arguments:tt) => {
        rare! { SKF_GenExtRSAKey $arguments }
    };
    (SKF_ExtRSAPriKeyOperation $arguments:tt) => {
        rare! { SKF_ExtRSAPriKeyOperation $arguments }
    };
    (SKF_ExtECCDecrypt $arguments:tt) => {
        rare! { SKF_ExtECCDecrypt $arguments }
    };
    (SKF_ExtECCSign $arguments:tt) => {
        rare! { SKF_ExtECCSign $arguments }
    };
    (SKF_ECCPrvKeyDecrypt $arguments:tt) => {
        rare! { SKF_ECCPrvKeyDecrypt $arguments }
    };
    (SKF_RSAPrvKeyDecrypt $arguments:tt) => {
        rare! { SKF_RSAPrvKeyDecrypt $arguments }
    };
    (SKF_PriRsaDecrypt $arguments:tt) => {
        rare! { SKF_PriRsaDecrypt $arguments }
    };
    (SKF_RSADecrypt $arguments:tt) => {
        rare! { SKF_RSADecrypt $arguments }
    };
    ($name:ident $arguments:tt) => {
        full! { $name $arguments }
    };
}

macro_rules! rare {
    ($name:ident $arguments:tt) => {
        #[cfg(not(feature = "lean"))]
        full! { $name $arguments }
    };
}

macro_rules! full {
    ($name:ident ()) => { entry! { $name [] [] } };
    ($name:ident ($($arguments:tt)*)) => { entry! { $name [] [] $($arguments)*, } };
}

macro_rules! entries {
    (standard { $($standard:ident $a:tt;)* } additional { $($additional:ident $b:tt;)* }) => {
        $(row! { $standard $a })*
        $(row! { $additional $b })*
    };
}
skf_functions!(entries);

/// SKF_ECCDecrypt, which products have with four arguments (container, cipher, plain, plain_len) and with five (BOOL sign
/// before the cipher). Which one the container's product has decides what the words mean. On 32-bit Windows, where the
/// callee clears the stack, there are four.
///
/// # Safety
/// The arguments are as the product of the container prescribes.
#[cfg(not(feature = "lean"))]
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the makers' own name")]
pub unsafe extern "system" fn SKF_ECCDecrypt(
    container: HCONTAINER,
    first: Word,
    second: Word,
    third: Word,
    #[cfg(not(all(windows, target_arch = "x86")))] fourth: Word,
) -> ULONG {
    guard::run("SKF_ECCDecrypt", |call| {
        let container = container.take()?;
        let (sign, [cipher, plain, plain_len]) = match call.shape(container) {
            #[cfg(not(all(windows, target_arch = "x86")))]
            Some(5) => (Some((first.addr() as u32).cast_signed().take()?), [second, third, fourth]),
            _ => (None, [first, second, third]),
        };
        // SAFETY: the host passes what the product of the container prescribes, valid for the call.
        let cipher = unsafe { CipherIn::take(cipher.cast()) }?;
        // SAFETY: as above.
        let plain = unsafe { Output::take(plain.cast(), plain_len.cast()) }?;
        api::SKF_ECCDecrypt(call, container, sign, cipher, plain)
    })
}

/// SKF_PrvKeyDecrypt, which products have with five arguments (container, kind, cipher, plain, plain_len) and with four
/// (without the kind). Which one the container's product has decides what the words mean. On 32-bit Windows, where the
/// callee clears the stack, there are five.
///
/// # Safety
/// The arguments are as the product of the container prescribes.
#[cfg(not(feature = "lean"))]
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the makers' own name")]
pub unsafe extern "system" fn SKF_PrvKeyDecrypt(
    container: HCONTAINER,
    first: Word,
    second: Word,
    third: Word,
    fourth: Word,
) -> ULONG {
    guard::run("SKF_PrvKeyDecrypt", |call| {
        let container = container.take()?;
        let (kind, [cipher, plain, plain_len]) = match call.shape(container) {
            #[cfg(not(all(windows, target_arch = "x86")))]
            Some(4) => (None, [first, second, third]),
            _ => (Some(first.addr() as u32), [second, third, fourth]),
        };
        // SAFETY: the host passes what the product of the container prescribes, valid for the call.
        let cipher = unsafe { CipherIn::take(cipher.cast()) }?;
        // SAFETY: as above.
        let plain = unsafe { Output::take(plain.cast(), plain_len.cast()) }?;
        api::SKF_PrvKeyDecrypt(call, container, kind, cipher, plain)
    })
}

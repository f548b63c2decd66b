//! The exported C functions, generated from the table: each checks its pointers, finds its way and calls the body.
//! It must hold no logic of its own. Boundary file: host pointers become views here.

use cryptoki_sys::*;
use ukeyhub_vendors::abi::*;
use ukeyhub_vendors::entry_points;
use ukeyhub_vendors::functions::Function;

use crate::api;
use crate::arguments::*;
use crate::calls::{Inside, Place};
use crate::guard;
use crate::sessions::Sessions;

/// Makes the views of a row's arguments, in order; the first bad one ends the call.
macro_rules! views {
    ($($name:ident: $view:ident($($raw:ident),*)),*) => {
        $(
            // SAFETY: the host passes what PKCS#11 prescribes for this function, valid for the call.
            let $name = unsafe { <$view as View>::take(($($raw,)*)) }?;
        )*
    };
}

macro_rules! trace {
    ($c:ident $handle:expr; $($name:ident)*) => {
        if guard::tracing_calls() {
            // Copies, so that the views themselves can stay in registers.
            $(let $name = $name;)*
            guard::called(Function::$c, $handle, &[$((stringify!($name), &$name)),*]);
        }
    };
}

macro_rules! entry {
    (free global $c:ident $method:ident($($name:ident: $view:ident($a:ident $(, $b:ident)?)),*)) => {
        #[unsafe(no_mangle)]
        #[doc = concat!(stringify!($c), ", see PKCS#11.")]
        ///
        /// # Safety
        /// The arguments are as PKCS#11 prescribes.
        #[allow(non_snake_case, reason = "the standard's own name")]
        pub unsafe extern "C" fn $c($($a: <$view as View>::A $(, $b: <$view as View>::B)?),*) -> CK_RV {
            guard::run(Function::$c, || {
                views!($($name: $view($a $(, $b)?)),*);
                trace!($c None; $($name)*);
                api::$method($($name),*)
            })
        }
    };
    (module global $c:ident $method:ident($($name:ident: $view:ident($a:ident $(, $b:ident)?)),*)) => {
        #[unsafe(no_mangle)]
        #[doc = concat!(stringify!($c), ", see PKCS#11.")]
        ///
        /// # Safety
        /// The arguments are as PKCS#11 prescribes.
        #[allow(non_snake_case, reason = "the standard's own name")]
        pub unsafe extern "C" fn $c($($a: <$view as View>::A $(, $b: <$view as View>::B)?),*) -> CK_RV {
            guard::run(Function::$c, || {
                let inside = Inside::enter(Place::MODULE)?;
                views!($($name: $view($a $(, $b)?)),*);
                trace!($c None; $($name)*);
                api::$method(&inside, $($name),*)
            })
        }
    };
    (module slot $c:ident $method:ident($($name:ident: $view:ident($a:ident $(, $b:ident)?)),*)) => {
        #[unsafe(no_mangle)]
        #[doc = concat!(stringify!($c), ", see PKCS#11.")]
        ///
        /// # Safety
        /// The arguments are as PKCS#11 prescribes.
        #[allow(non_snake_case, reason = "the standard's own name")]
        pub unsafe extern "C" fn $c(slot: CK_SLOT_ID, $($a: <$view as View>::A $(, $b: <$view as View>::B)?),*) -> CK_RV {
            guard::run(Function::$c, || {
                let inside = Inside::enter(Place::MODULE)?;
                views!($($name: $view($a $(, $b)?)),*);
                trace!($c Some(slot.into()); $($name)*);
                let row = inside.state().hub().row(slot)?;
                inside.at(Place::library(row.member));
                api::$method(&inside, row, $($name),*)
            })
        }
    };
    (module session $c:ident $method:ident($($name:ident: $view:ident($a:ident $(, $b:ident)?)),*)) => {
        #[unsafe(no_mangle)]
        #[doc = concat!(stringify!($c), ", see PKCS#11.")]
        ///
        /// # Safety
        /// The arguments are as PKCS#11 prescribes.
        #[allow(non_snake_case, reason = "the standard's own name")]
        pub unsafe extern "C" fn $c(session: CK_SESSION_HANDLE, $($a: <$view as View>::A $(, $b: <$view as View>::B)?),*) -> CK_RV {
            guard::run(Function::$c, || {
                let inside = Inside::enter(Sessions::place(session))?;
                views!($($name: $view($a $(, $b)?)),*);
                trace!($c Some(session.into()); $($name)*);
                api::$method(&inside, session, $($name),*)
            })
        }
    };
    ($by:ident session $c:ident $method:ident($($name:ident: $view:ident($a:ident $(, $b:ident)?)),*)) => {
        #[unsafe(no_mangle)]
        #[doc = concat!(stringify!($c), ", see PKCS#11.")]
        ///
        /// # Safety
        /// The arguments are as PKCS#11 prescribes.
        #[allow(non_snake_case, reason = "the standard's own name")]
        pub unsafe extern "C" fn $c(session: CK_SESSION_HANDLE, $($a: <$view as View>::A $(, $b: <$view as View>::B)?),*) -> CK_RV {
            guard::run(Function::$c, || {
                let inside = Inside::enter(Sessions::place(session))?;
                views!($($name: $view($a $(, $b)?)),*);
                trace!($c Some(session.into()); $($name)*);
                inside.state().sessions().get(&inside, session)?.$method($($name),*)
            })
        }
    };
}

macro_rules! entries {
    ({} $($edition:ident { $($by:ident $class:ident $c:ident = $method:ident(
        $($name:ident: $view:ident($($raw:ident),*)),*) $login:ident $output:ident;)* })*) => {
        $($(entry! { $by $class $c $method($($name: $view($($raw),*)),*) })*)*
    };
}
entry_points!(entries);

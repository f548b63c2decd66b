//! General-purpose functions (PKCS#11 3.0, 5.4).

use cryptoki_sys::{CK_INFO, CK_VERSION};
use ukeyhub_vendors::abi::Flags;
use ukeyhub_vendors::error::{Error, Outcome};

use crate::arguments::{
    FunctionList, Info, InitArguments, InterfaceList, InterfaceName, InterfacePlace, Reserved, WantedVersion,
};
use crate::calls::Inside;
use crate::{anchor, guard, lists, state};

/// C_Initialize (5.4.1).
pub fn initialize(arguments: InitArguments) -> Outcome {
    guard::silence_panics();
    let threads = arguments.read()?;
    state::initialize(threads)
}

/// C_Finalize (5.4.2).
pub fn finalize(reserved: Reserved) -> Outcome {
    if anchor::state().is_null() {
        return Err(Error::not_initialized());
    }
    reserved.check()?;
    state::finalize()
}

/// C_GetInfo (5.4.3), reached through the exported symbol or the 2.40 list: hosts of that time test for major version 2.
pub fn get_info(inside: &Inside, info: Info) -> Outcome {
    versioned_info(inside, info, CK_VERSION { major: 2, minor: 40 })
}

/// C_GetInfo with the version of the interface it was reached through.
pub fn versioned_info(_inside: &Inside, info: Info, version: CK_VERSION) -> Outcome {
    info.set(CK_INFO {
        cryptokiVersion: version,
        manufacturerID: padded("ukeyhub"),
        flags: 0,
        libraryDescription: padded("ukeyhub PKCS#11 module"),
        libraryVersion: CK_VERSION {
            major: number(env!("CARGO_PKG_VERSION_MAJOR")),
            minor: number(env!("CARGO_PKG_VERSION_MINOR")),
        },
    });
    Ok(())
}

/// Text of a fixed length, padded with blanks as the standard wants it.
fn padded<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let mut field = [b' '; LENGTH];
    for (place, byte) in field.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    field
}

/// A part of the crate's version; the build system writes decimal digits.
const fn number(text: &str) -> u8 {
    let mut value = 0;
    let mut at = 0;
    while at < text.len() {
        value = value * 10 + (text.as_bytes()[at] - b'0');
        at += 1;
    }
    value
}

/// C_GetFunctionList (5.4.4): always the 2.40 list.
pub fn get_function_list(list: FunctionList) -> Outcome {
    list.set(&lists::LIST_2_40);
    Ok(())
}

/// C_GetInterfaceList (5.4.5).
pub fn get_interface_list(list: InterfaceList) -> Outcome {
    list.write(&lists::interfaces())
}

/// C_GetInterface (5.4.6). No interface has flags, so asking for any finds none.
pub fn get_interface(name: InterfaceName, version: WantedVersion, interface: InterfacePlace, flags: Flags) -> Outcome {
    let found = if flags.0 == 0 { lists::find(name.get(), version.get()) } else { None };
    interface.set(found.ok_or(Error::bad_argument())?);
    Ok(())
}

//! The table of all functions: one row each with its C arguments, the views made of them and the body that gets the
//! views. From it come the C functions, the function lists and the names. No body may live here.

use std::ffi::c_void;
use std::mem::offset_of;

use cryptoki_sys::{
    CK_ASYNC_DATA, CK_ATTRIBUTE, CK_BBOOL, CK_BYTE, CK_FLAGS, CK_FUNCTION_LIST, CK_FUNCTION_LIST_3_0,
    CK_FUNCTION_LIST_3_2, CK_INFO, CK_INTERFACE, CK_MECHANISM, CK_MECHANISM_INFO, CK_MECHANISM_TYPE, CK_NOTIFY,
    CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE, CK_SESSION_INFO, CK_SESSION_VALIDATION_FLAGS_TYPE, CK_SLOT_ID,
    CK_SLOT_INFO, CK_TOKEN_INFO, CK_ULONG, CK_USER_TYPE, CK_UTF8CHAR, CK_VERSION,
};

use crate::arguments::{
    Spoil, answers, array, array_or_none, bytes, bytes_or_none, filled, initialize_arguments, limited, mechanism,
    mechanism_or_none, parameter, place, template,
};
use crate::guard::enter;
use crate::operations::Kind;
use crate::{keys, messages, objects, operations, quiet, sessions, slots, state, tables};

/// One C function. With `quiet`, that function answers instead while the quiet path is on.
macro_rules! entry {
    ($name:ident ($($argument:ident: $type:ty),*) [] $body:path [$($view:expr),*]) => {
        #[allow(unused_unsafe, reason = "a row whose arguments are all numbers has nothing unsafe")]
        #[inline(never)]
        pub unsafe extern "C" fn $name($($argument: $type),*) -> CK_RV {
            // SAFETY: the pointers are as the standard demands of the caller of this function.
            let spoil = |wrong| unsafe { $($view.spoil(wrong);)* Ok(()) };
            // SAFETY: as above.
            enter(Function::$name, spoil, || $body($(unsafe { $view }),*))
        }
    };
    ($name:ident ($($argument:ident: $type:ty),*) [$quiet:path] $body:path [$($view:expr),*]) => {
        pub unsafe extern "C" fn $name($($argument: $type),*) -> CK_RV {
            // A function of its own and never inlined, so that the quiet path does not save registers for it.
            mod watched {
                use super::*;
                entry! { $name ($($argument: $type),*) [] $body [$($view),*] }
            }
            // SAFETY: the pointers are as the standard demands of the caller of this function.
            unsafe { if quiet::on() { $quiet($($argument),*) } else { watched::$name($($argument),*) } }
        }
    };
}

macro_rules! entries {
    (
        v2_40 { $($name:ident $arguments:tt $(quiet $quiet:path)? => $body:path [$($view:tt)*];)* }
        v3_0 { $($name_3_0:ident $arguments_3_0:tt => $body_3_0:path [$($view_3_0:tt)*];)* }
        v3_2 { $($name_3_2:ident $arguments_3_2:tt => $body_3_2:path [$($view_3_2:tt)*];)* }
    ) => {
        $(entry! { $name $arguments [$($quiet)?] $body [$($view)*] })*
        $(entry! { $name_3_0 $arguments_3_0 [] $body_3_0 [$($view_3_0)*] })*
        $(entry! { $name_3_2 $arguments_3_2 [] $body_3_2 [$($view_3_2)*] })*

        /// Every function, in the order of the function lists.
        #[allow(clippy::enum_variant_names, reason = "C_ is part of the standard's names")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Function { $($name,)* $($name_3_0,)* $($name_3_2,)* }

        const ALL: [(&str, Function); 104] = [
            $((stringify!($name), Function::$name),)*
            $((stringify!($name_3_0), Function::$name_3_0),)*
            $((stringify!($name_3_2), Function::$name_3_2),)*
        ];

        const _: () = {
            $(assert!(offset_of!(CK_FUNCTION_LIST_3_2, $name) == Function::$name.offset());)*
            $(assert!(offset_of!(CK_FUNCTION_LIST_3_2, $name_3_0) == Function::$name_3_0.offset());)*
            $(assert!(offset_of!(CK_FUNCTION_LIST_3_2, $name_3_2) == Function::$name_3_2.offset());)*
        };

        pub static LIST_2_40: CK_FUNCTION_LIST =
            CK_FUNCTION_LIST { version: CK_VERSION { major: 2, minor: 40 }, $($name: Some($name),)* };
        pub static LIST_3_0: CK_FUNCTION_LIST_3_0 = CK_FUNCTION_LIST_3_0 {
            version: CK_VERSION { major: 3, minor: 0 },
            $($name: Some($name),)*
            $($name_3_0: Some($name_3_0),)*
        };
        pub static LIST_3_2: CK_FUNCTION_LIST_3_2 = CK_FUNCTION_LIST_3_2 {
            version: CK_VERSION { major: 3, minor: 2 },
            $($name: Some($name),)*
            $($name_3_0: Some($name_3_0),)*
            $($name_3_2: Some($name_3_2),)*
        };
    };
}

impl Function {
    /// How many there are in a 3.2 list.
    pub const COUNT: usize = ALL.len();

    /// Where it is in every list that has it, in bytes.
    pub const fn offset(self) -> usize {
        size_of::<CK_FUNCTION_LIST_3_2>() - (Self::COUNT - self as usize) * size_of::<usize>()
    }

    /// The function with this C name.
    pub fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|(each, _)| *each == name).map(|(_, function)| *function)
    }

    /// Whether it may be called before C_Initialize.
    pub fn works_uninitialised(self) -> bool {
        matches!(self, Self::C_Initialize | Self::C_GetFunctionList | Self::C_GetInterfaceList | Self::C_GetInterface)
    }
}

entries! {
    v2_40 {
        C_Initialize(arguments: *mut c_void) => state::initialize [initialize_arguments(arguments)];
        C_Finalize(reserved: *mut c_void) => state::finalize [reserved.is_null()];
        C_GetInfo(info: *mut CK_INFO) => slots::get_info [place(info)?];
        C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) => tables::get_function_list [place(list)?];
        C_GetSlotList(present: CK_BBOOL, list: *mut CK_SLOT_ID, count: *mut CK_ULONG)
            => slots::get_slot_list [present, array(list, count)?];
        C_GetSlotInfo(slot: CK_SLOT_ID, info: *mut CK_SLOT_INFO) => slots::get_slot_info [slot, place(info)?];
        C_GetTokenInfo(slot: CK_SLOT_ID, info: *mut CK_TOKEN_INFO) => slots::get_token_info [slot, place(info)?];
        C_GetMechanismList(slot: CK_SLOT_ID, list: *mut CK_MECHANISM_TYPE, count: *mut CK_ULONG)
            => slots::get_mechanism_list [slot, array(list, count)?];
        C_GetMechanismInfo(slot: CK_SLOT_ID, kind: CK_MECHANISM_TYPE, info: *mut CK_MECHANISM_INFO)
            => slots::get_mechanism_info [slot, kind, place(info)?];
        C_InitToken(slot: CK_SLOT_ID, pin: *mut CK_UTF8CHAR, pin_length: CK_ULONG, label: *mut CK_UTF8CHAR)
            => slots::init_token [slot, bytes(pin, pin_length)?, bytes(label, 32)?];
        C_InitPIN(session: CK_SESSION_HANDLE, pin: *mut CK_UTF8CHAR, length: CK_ULONG)
            => sessions::init_pin [session, bytes(pin, length)?];
        C_SetPIN(
            session: CK_SESSION_HANDLE, old: *mut CK_UTF8CHAR, old_length: CK_ULONG, new: *mut CK_UTF8CHAR,
            new_length: CK_ULONG)
            => sessions::set_pin [session, bytes(old, old_length)?, bytes(new, new_length)?];
        C_OpenSession(
            slot: CK_SLOT_ID, flags: CK_FLAGS, _application: *mut c_void, _notify: CK_NOTIFY,
            session: *mut CK_SESSION_HANDLE) quiet quiet::open_session
            => sessions::open [slot, flags, place(session)?];
        C_CloseSession(session: CK_SESSION_HANDLE) quiet quiet::close_session => sessions::close [session];
        C_CloseAllSessions(slot: CK_SLOT_ID) => sessions::close_all [slot];
        C_GetSessionInfo(session: CK_SESSION_HANDLE, info: *mut CK_SESSION_INFO) quiet quiet::get_session_info
            => sessions::get_info [session, place(info)?];
        C_GetOperationState(session: CK_SESSION_HANDLE, state: *mut CK_BYTE, length: *mut CK_ULONG)
            => keys::get_operation_state [session, array(state, length)?];
        C_SetOperationState(
            session: CK_SESSION_HANDLE, state: *mut CK_BYTE, length: CK_ULONG, encryption_key: CK_OBJECT_HANDLE,
            authentication_key: CK_OBJECT_HANDLE)
            => keys::set_operation_state [session, bytes(state, length)?, encryption_key, authentication_key];
        C_Login(session: CK_SESSION_HANDLE, user: CK_USER_TYPE, pin: *mut CK_UTF8CHAR, length: CK_ULONG)
            => sessions::login [session, user, bytes(pin, length)?];
        C_Logout(session: CK_SESSION_HANDLE) => sessions::logout [session];
        C_CreateObject(
            session: CK_SESSION_HANDLE, attributes: *mut CK_ATTRIBUTE, count: CK_ULONG,
            object: *mut CK_OBJECT_HANDLE)
            => objects::create [session, template(attributes, count)?, place(object)?];
        C_CopyObject(
            session: CK_SESSION_HANDLE, source: CK_OBJECT_HANDLE, attributes: *mut CK_ATTRIBUTE, count: CK_ULONG,
            object: *mut CK_OBJECT_HANDLE)
            => objects::copy [session, source, template(attributes, count)?, place(object)?];
        C_DestroyObject(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) => objects::destroy [session, object];
        C_GetObjectSize(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, size: *mut CK_ULONG)
            => objects::size [session, object, place(size)?];
        C_GetAttributeValue(
            session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, attributes: *mut CK_ATTRIBUTE, count: CK_ULONG)
            => objects::get [session, object, answers(attributes, count)?];
        C_SetAttributeValue(
            session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, attributes: *mut CK_ATTRIBUTE, count: CK_ULONG)
            => objects::set [session, object, template(attributes, count)?];
        C_FindObjectsInit(session: CK_SESSION_HANDLE, attributes: *mut CK_ATTRIBUTE, count: CK_ULONG)
            => objects::find_init [session, template(attributes, count)?];
        C_FindObjects(
            session: CK_SESSION_HANDLE, objects: *mut CK_OBJECT_HANDLE, limit: CK_ULONG, count: *mut CK_ULONG)
            => objects::find [session, limited(objects, limit, count)?];
        C_FindObjectsFinal(session: CK_SESSION_HANDLE) => objects::find_final [session];
        C_EncryptInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
            => operations::init [Kind::Encrypt, session, mechanism_or_none(mechanism)?, key];
        C_Encrypt(
            session: CK_SESSION_HANDLE, input: *mut CK_BYTE, input_length: CK_ULONG, output: *mut CK_BYTE,
            output_length: *mut CK_ULONG)
            => operations::cipher [
            Kind::Encrypt, session, bytes(input, input_length)?, array(output, output_length)?];
        C_EncryptUpdate(
            session: CK_SESSION_HANDLE, input: *mut CK_BYTE, input_length: CK_ULONG, output: *mut CK_BYTE,
            output_length: *mut CK_ULONG)
            => operations::cipher_update [
            Kind::Encrypt, session, bytes(input, input_length)?, array(output, output_length)?];
        C_EncryptFinal(session: CK_SESSION_HANDLE, output: *mut CK_BYTE, length: *mut CK_ULONG)
            => operations::cipher_final [Kind::Encrypt, session, array(output, length)?];
        C_DecryptInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
            => operations::init [Kind::Decrypt, session, mechanism_or_none(mechanism)?, key];
        C_Decrypt(
            session: CK_SESSION_HANDLE, input: *mut CK_BYTE, input_length: CK_ULONG, output: *mut CK_BYTE,
            output_length: *mut CK_ULONG)
            => operations::cipher [
            Kind::Decrypt, session, bytes(input, input_length)?, array(output, output_length)?];
        C_DecryptUpdate(
            session: CK_SESSION_HANDLE, input: *mut CK_BYTE, input_length: CK_ULONG, output: *mut CK_BYTE,
            output_length: *mut CK_ULONG)
            => operations::cipher_update [
            Kind::Decrypt, session, bytes(input, input_length)?, array(output, output_length)?];
        C_DecryptFinal(session: CK_SESSION_HANDLE, output: *mut CK_BYTE, length: *mut CK_ULONG)
            => operations::cipher_final [Kind::Decrypt, session, array(output, length)?];
        C_DigestInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM)
            => operations::digest_init [session, mechanism_or_none(mechanism)?];
        C_Digest(
            session: CK_SESSION_HANDLE, input: *mut CK_BYTE, input_length: CK_ULONG, output: *mut CK_BYTE,
            output_length: *mut CK_ULONG)
            => operations::mix [Kind::Digest, session, bytes(input, input_length)?, array(output, output_length)?];
        C_DigestUpdate(session: CK_SESSION_HANDLE, part: *mut CK_BYTE, length: CK_ULONG)
            => operations::mix_update [Kind::Digest, session, bytes(part, length)?];
        C_DigestKey(session: CK_SESSION_HANDLE, key: CK_OBJECT_HANDLE) => operations::digest_key [session, key];
        C_DigestFinal(session: CK_SESSION_HANDLE, output: *mut CK_BYTE, length: *mut CK_ULONG)
            => operations::mix_final [Kind::Digest, session, array(output, length)?];
        C_SignInit(
            session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE) quiet quiet::sign_init
            => operations::init [Kind::Sign, session, mechanism_or_none(mechanism)?, key];
        C_Sign(
            session: CK_SESSION_HANDLE, input: *mut CK_BYTE, input_length: CK_ULONG, output: *mut CK_BYTE,
            output_length: *mut CK_ULONG) quiet quiet::sign
            => operations::mix [Kind::Sign, session, bytes(input, input_length)?, array(output, output_length)?];
        C_SignUpdate(session: CK_SESSION_HANDLE, part: *mut CK_BYTE, length: CK_ULONG)
            => operations::mix_update [Kind::Sign, session, bytes(part, length)?];
        C_SignFinal(session: CK_SESSION_HANDLE, output: *mut CK_BYTE, length: *mut CK_ULONG)
            => operations::mix_final [Kind::Sign, session, array(output, length)?];
        C_SignRecoverInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
            => operations::init [Kind::SignRecover, session, mechanism_or_none(mechanism)?, key];
        C_SignRecover(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_length: CK_ULONG, signature: *mut CK_BYTE,
            length: *mut CK_ULONG)
            => operations::sign_recover [session, bytes(data, data_length)?, array(signature, length)?];
        C_VerifyInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
            => operations::init [Kind::Verify, session, mechanism_or_none(mechanism)?, key];
        C_Verify(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_length: CK_ULONG, signature: *mut CK_BYTE,
            length: CK_ULONG)
            => operations::verify [session, bytes(data, data_length)?, bytes(signature, length)?];
        C_VerifyUpdate(session: CK_SESSION_HANDLE, part: *mut CK_BYTE, length: CK_ULONG)
            => operations::mix_update [Kind::Verify, session, bytes(part, length)?];
        C_VerifyFinal(session: CK_SESSION_HANDLE, signature: *mut CK_BYTE, length: CK_ULONG)
            => operations::verify_final [session, bytes(signature, length)?];
        C_VerifyRecoverInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
            => operations::init [Kind::VerifyRecover, session, mechanism_or_none(mechanism)?, key];
        C_VerifyRecover(
            session: CK_SESSION_HANDLE, signature: *mut CK_BYTE, signature_length: CK_ULONG, data: *mut CK_BYTE,
            length: *mut CK_ULONG)
            => operations::verify_recover [session, bytes(signature, signature_length)?, array(data, length)?];
        C_DigestEncryptUpdate(
            session: CK_SESSION_HANDLE, input: *mut CK_BYTE, input_length: CK_ULONG, output: *mut CK_BYTE,
            output_length: *mut CK_ULONG)
            => operations::dual [
            Kind::Digest, Kind::Encrypt, session, bytes(input, input_length)?, array(output, output_length)?];
        C_DecryptDigestUpdate(
            session: CK_SESSION_HANDLE, input: *mut CK_BYTE, input_length: CK_ULONG, output: *mut CK_BYTE,
            output_length: *mut CK_ULONG)
            => operations::dual [
            Kind::Digest, Kind::Decrypt, session, bytes(input, input_length)?, array(output, output_length)?];
        C_SignEncryptUpdate(
            session: CK_SESSION_HANDLE, input: *mut CK_BYTE, input_length: CK_ULONG, output: *mut CK_BYTE,
            output_length: *mut CK_ULONG)
            => operations::dual [
            Kind::Sign, Kind::Encrypt, session, bytes(input, input_length)?, array(output, output_length)?];
        C_DecryptVerifyUpdate(
            session: CK_SESSION_HANDLE, input: *mut CK_BYTE, input_length: CK_ULONG, output: *mut CK_BYTE,
            output_length: *mut CK_ULONG)
            => operations::dual [
            Kind::Verify, Kind::Decrypt, session, bytes(input, input_length)?, array(output, output_length)?];
        C_GenerateKey(
            session: CK_SESSION_HANDLE, mechanism_given: *mut CK_MECHANISM, attributes: *mut CK_ATTRIBUTE,
            count: CK_ULONG, key: *mut CK_OBJECT_HANDLE)
            => keys::generate [session, mechanism(mechanism_given)?, template(attributes, count)?, place(key)?];
        C_GenerateKeyPair(
            session: CK_SESSION_HANDLE, mechanism_given: *mut CK_MECHANISM, public: *mut CK_ATTRIBUTE,
            public_count: CK_ULONG, private: *mut CK_ATTRIBUTE, private_count: CK_ULONG,
            public_key: *mut CK_OBJECT_HANDLE, private_key: *mut CK_OBJECT_HANDLE)
            => keys::generate_pair [
            session, mechanism(mechanism_given)?, template(public, public_count)?, template(private, private_count)?,
            place(public_key)?, place(private_key)?];
        C_WrapKey(
            session: CK_SESSION_HANDLE, mechanism_given: *mut CK_MECHANISM, wrapping: CK_OBJECT_HANDLE,
            key: CK_OBJECT_HANDLE, wrapped: *mut CK_BYTE, length: *mut CK_ULONG)
            => keys::wrap [session, mechanism(mechanism_given)?, wrapping, key, &[][..], array(wrapped, length)?];
        C_UnwrapKey(
            session: CK_SESSION_HANDLE, mechanism_given: *mut CK_MECHANISM, unwrapping: CK_OBJECT_HANDLE,
            wrapped: *mut CK_BYTE, length: CK_ULONG, attributes: *mut CK_ATTRIBUTE, count: CK_ULONG,
            key: *mut CK_OBJECT_HANDLE)
            => keys::unwrap [
            session, mechanism(mechanism_given)?, unwrapping, bytes(wrapped, length)?, template(attributes, count)?,
            &[][..], place(key)?];
        C_DeriveKey(
            session: CK_SESSION_HANDLE, mechanism_given: *mut CK_MECHANISM, base: CK_OBJECT_HANDLE,
            attributes: *mut CK_ATTRIBUTE, count: CK_ULONG, key: *mut CK_OBJECT_HANDLE)
            => keys::derive [session, mechanism(mechanism_given)?, base, template(attributes, count)?, place(key)?];
        C_SeedRandom(session: CK_SESSION_HANDLE, seed: *mut CK_BYTE, length: CK_ULONG)
            => keys::seed [session, bytes(seed, length)?];
        C_GenerateRandom(session: CK_SESSION_HANDLE, output: *mut CK_BYTE, length: CK_ULONG)
            => keys::generate_random [session, filled(output, length)?];
        C_GetFunctionStatus(session: CK_SESSION_HANDLE) => sessions::not_parallel [session];
        C_CancelFunction(session: CK_SESSION_HANDLE) => sessions::not_parallel [session];
        C_WaitForSlotEvent(flags: CK_FLAGS, slot: *mut CK_SLOT_ID, reserved: *mut c_void)
            => slots::wait_for_slot_event [flags, place(slot)?, reserved.is_null()];
    }
    v3_0 {
        C_GetInterfaceList(list: *mut CK_INTERFACE, count: *mut CK_ULONG)
            => tables::get_interface_list [array(list, count)?];
        C_GetInterface(
            name: *mut CK_UTF8CHAR, version: *mut CK_VERSION, interface: *mut *mut CK_INTERFACE, flags: CK_FLAGS)
            => tables::get_interface [tables::asked(name, version), place(interface)?, flags];
        C_LoginUser(
            session: CK_SESSION_HANDLE, user: CK_USER_TYPE, pin: *mut CK_UTF8CHAR, length: CK_ULONG,
            name: *mut CK_UTF8CHAR, name_length: CK_ULONG)
            => sessions::login_user [session, user, bytes(pin, length)?, bytes(name, name_length)?];
        C_SessionCancel(session: CK_SESSION_HANDLE, flags: CK_FLAGS) => operations::cancel [session, flags];
        C_MessageEncryptInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
            => operations::init [Kind::MessageEncrypt, session, mechanism_or_none(mechanism)?, key];
        C_EncryptMessage(
            session: CK_SESSION_HANDLE, given: *mut c_void, given_length: CK_ULONG, associated: *mut CK_BYTE,
            associated_length: CK_ULONG, input: *mut CK_BYTE, input_length: CK_ULONG, output: *mut CK_BYTE,
            length: *mut CK_ULONG)
            => messages::cipher [
            Kind::MessageEncrypt, session, parameter(given, given_length)?, bytes(associated, associated_length)?,
            bytes(input, input_length)?, array(output, length)?];
        C_EncryptMessageBegin(
            session: CK_SESSION_HANDLE, given: *mut c_void, given_length: CK_ULONG, associated: *mut CK_BYTE,
            associated_length: CK_ULONG)
            => messages::begin [
            Kind::MessageEncrypt, session, parameter(given, given_length)?, bytes(associated, associated_length)?];
        C_EncryptMessageNext(
            session: CK_SESSION_HANDLE, given: *mut c_void, given_length: CK_ULONG, input: *mut CK_BYTE,
            input_length: CK_ULONG, output: *mut CK_BYTE, length: *mut CK_ULONG, flags: CK_FLAGS)
            => messages::cipher_next [
            Kind::MessageEncrypt, session, parameter(given, given_length)?, bytes(input, input_length)?,
            array(output, length)?, flags];
        C_MessageEncryptFinal(session: CK_SESSION_HANDLE) => messages::end [Kind::MessageEncrypt, session];
        C_MessageDecryptInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
            => operations::init [Kind::MessageDecrypt, session, mechanism_or_none(mechanism)?, key];
        C_DecryptMessage(
            session: CK_SESSION_HANDLE, given: *mut c_void, given_length: CK_ULONG, associated: *mut CK_BYTE,
            associated_length: CK_ULONG, input: *mut CK_BYTE, input_length: CK_ULONG, output: *mut CK_BYTE,
            length: *mut CK_ULONG)
            => messages::cipher [
            Kind::MessageDecrypt, session, parameter(given, given_length)?, bytes(associated, associated_length)?,
            bytes(input, input_length)?, array(output, length)?];
        C_DecryptMessageBegin(
            session: CK_SESSION_HANDLE, given: *mut c_void, given_length: CK_ULONG, associated: *mut CK_BYTE,
            associated_length: CK_ULONG)
            => messages::begin [
            Kind::MessageDecrypt, session, parameter(given, given_length)?, bytes(associated, associated_length)?];
        C_DecryptMessageNext(
            session: CK_SESSION_HANDLE, given: *mut c_void, given_length: CK_ULONG, input: *mut CK_BYTE,
            input_length: CK_ULONG, output: *mut CK_BYTE, length: *mut CK_ULONG, flags: CK_FLAGS)
            => messages::cipher_next [
            Kind::MessageDecrypt, session, parameter(given, given_length)?, bytes(input, input_length)?,
            array(output, length)?, flags];
        C_MessageDecryptFinal(session: CK_SESSION_HANDLE) => messages::end [Kind::MessageDecrypt, session];
        C_MessageSignInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
            => operations::init [Kind::MessageSign, session, mechanism_or_none(mechanism)?, key];
        C_SignMessage(
            session: CK_SESSION_HANDLE, given: *mut c_void, given_length: CK_ULONG, data: *mut CK_BYTE,
            data_length: CK_ULONG, signature: *mut CK_BYTE, length: *mut CK_ULONG)
            => messages::sign [
            session, parameter(given, given_length)?, bytes(data, data_length)?, array(signature, length)?];
        C_SignMessageBegin(session: CK_SESSION_HANDLE, given: *mut c_void, given_length: CK_ULONG)
            => messages::begin [Kind::MessageSign, session, parameter(given, given_length)?, &[][..]];
        C_SignMessageNext(
            session: CK_SESSION_HANDLE, given: *mut c_void, given_length: CK_ULONG, data: *mut CK_BYTE,
            data_length: CK_ULONG, signature: *mut CK_BYTE, length: *mut CK_ULONG)
            => messages::sign_next [
            session, parameter(given, given_length)?, bytes(data, data_length)?, array_or_none(signature, length)];
        C_MessageSignFinal(session: CK_SESSION_HANDLE) => messages::end [Kind::MessageSign, session];
        C_MessageVerifyInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
            => operations::init [Kind::MessageVerify, session, mechanism_or_none(mechanism)?, key];
        C_VerifyMessage(
            session: CK_SESSION_HANDLE, given: *mut c_void, given_length: CK_ULONG, data: *mut CK_BYTE,
            data_length: CK_ULONG, signature: *mut CK_BYTE, length: CK_ULONG)
            => messages::verify [
            session, parameter(given, given_length)?, bytes(data, data_length)?, bytes(signature, length)?];
        C_VerifyMessageBegin(session: CK_SESSION_HANDLE, given: *mut c_void, given_length: CK_ULONG)
            => messages::begin [Kind::MessageVerify, session, parameter(given, given_length)?, &[][..]];
        C_VerifyMessageNext(
            session: CK_SESSION_HANDLE, given: *mut c_void, given_length: CK_ULONG, data: *mut CK_BYTE,
            data_length: CK_ULONG, signature: *mut CK_BYTE, length: CK_ULONG)
            => messages::verify_next [
            session, parameter(given, given_length)?, bytes(data, data_length)?, bytes_or_none(signature, length)?];
        C_MessageVerifyFinal(session: CK_SESSION_HANDLE) => messages::end [Kind::MessageVerify, session];
    }
    v3_2 {
        C_EncapsulateKey(
            session: CK_SESSION_HANDLE, mechanism_given: *mut CK_MECHANISM, public: CK_OBJECT_HANDLE,
            attributes: *mut CK_ATTRIBUTE, count: CK_ULONG, ciphertext: *mut CK_BYTE, length: *mut CK_ULONG,
            key: *mut CK_OBJECT_HANDLE)
            => keys::encapsulate [
            session, mechanism(mechanism_given)?, public, template(attributes, count)?, array(ciphertext, length)?,
            place(key)?];
        C_DecapsulateKey(
            session: CK_SESSION_HANDLE, mechanism_given: *mut CK_MECHANISM, private: CK_OBJECT_HANDLE,
            attributes: *mut CK_ATTRIBUTE, count: CK_ULONG, ciphertext: *mut CK_BYTE, length: CK_ULONG,
            key: *mut CK_OBJECT_HANDLE)
            => keys::decapsulate [
            session, mechanism(mechanism_given)?, private, template(attributes, count)?, bytes(ciphertext, length)?,
            place(key)?];
        C_VerifySignatureInit(
            session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE, signature: *mut CK_BYTE,
            length: CK_ULONG)
            => operations::verify_signature_init [
            session, mechanism_or_none(mechanism)?, key, bytes(signature, length)?];
        C_VerifySignature(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, length: CK_ULONG)
            => operations::verify_signature [session, bytes(data, length)?];
        C_VerifySignatureUpdate(session: CK_SESSION_HANDLE, part: *mut CK_BYTE, length: CK_ULONG)
            => operations::mix_update [Kind::VerifySignature, session, bytes(part, length)?];
        C_VerifySignatureFinal(session: CK_SESSION_HANDLE) => operations::verify_signature_final [session];
        C_GetSessionValidationFlags(
            session: CK_SESSION_HANDLE, _kind: CK_SESSION_VALIDATION_FLAGS_TYPE, flags: *mut CK_FLAGS)
            => sessions::validation_flags [session, place(flags)?];
        C_AsyncComplete(session: CK_SESSION_HANDLE, _function: *mut CK_UTF8CHAR, _result: *mut CK_ASYNC_DATA)
            => sessions::not_asynchronous [session];
        C_AsyncGetID(session: CK_SESSION_HANDLE, _function: *mut CK_UTF8CHAR, _id: *mut CK_ULONG)
            => sessions::not_asynchronous [session];
        C_AsyncJoin(
            session: CK_SESSION_HANDLE, _function: *mut CK_UTF8CHAR, _id: CK_ULONG, _data: *mut CK_BYTE,
            _length: CK_ULONG)
            => sessions::not_asynchronous [session];
        C_WrapKeyAuthenticated(
            session: CK_SESSION_HANDLE, mechanism_given: *mut CK_MECHANISM, wrapping: CK_OBJECT_HANDLE,
            key: CK_OBJECT_HANDLE, associated: *mut CK_BYTE, associated_length: CK_ULONG, wrapped: *mut CK_BYTE,
            length: *mut CK_ULONG)
            => keys::wrap [
            session, mechanism(mechanism_given)?, wrapping, key, bytes(associated, associated_length)?,
            array(wrapped, length)?];
        C_UnwrapKeyAuthenticated(
            session: CK_SESSION_HANDLE, mechanism_given: *mut CK_MECHANISM, unwrapping: CK_OBJECT_HANDLE,
            wrapped: *mut CK_BYTE, length: CK_ULONG, attributes: *mut CK_ATTRIBUTE, count: CK_ULONG,
            associated: *mut CK_BYTE, associated_length: CK_ULONG, key: *mut CK_OBJECT_HANDLE)
            => keys::unwrap [
            session, mechanism(mechanism_given)?, unwrapping, bytes(wrapped, length)?, template(attributes, count)?,
            bytes(associated, associated_length)?, place(key)?];
    }
}

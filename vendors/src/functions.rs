//! The table of entry points: every C_* function of PKCS#11 2.40, 3.0 and 3.2, once, in the order of the standard's
//! function lists. Exports, function lists, the `Session` trait, the direct backend, logs and tests derive from it.
//! It must hold no logic: a consumer is a macro that turns rows into items.
//!
//! A row: `BY CLASS C_Name = method(argument: View(raw, …), …) LOGIN OUTPUT;`
//! - BY: `free` = answered by the module itself, also before C_Initialize; `module` = by the module itself; `pass` = the backend's own function, nothing else;
//!   `own` = the backend decides (another function stands in where a library lacks this one).
//! - CLASS: `global`, `slot` or `session`; the slot id or session handle comes first in C and is not listed.
//! - LOGIN, what the standard asks for: `none`; `user` = CKU_USER for private objects; `so`; `either`.
//! - OUTPUT: `nothing`, `structure`, `length` (the length convention), `list`, `handle`, `fill`, `query`, `state`.

/// Hands the whole table to `$consumer!`, as `{ $context } v2_40 { rows } v3_0 { rows } v3_2 { rows }`.
#[macro_export]
macro_rules! entry_points {
    ($consumer:ident $(, $($context:tt)*)?) => { $consumer! { { $($($context)*)? }
    v2_40 {
        free global C_Initialize = initialize(arguments: InitArguments(init_args)) none state;
        free global C_Finalize = finalize(reserved: Reserved(reserved)) none state;
        module global C_GetInfo = get_info(info: Info(info)) none structure;
        free global C_GetFunctionList = get_function_list(list: FunctionList(list)) none structure;
        module global C_GetSlotList = get_slot_list(present: Present(token_present), list: List(list, count)) none list;
        module slot C_GetSlotInfo = get_slot_info(info: SlotInfo(info)) none structure;
        module slot C_GetTokenInfo = get_token_info(info: TokenInfo(info)) none structure;
        module slot C_GetMechanismList = get_mechanism_list(list: List(list, count)) none list;
        module slot C_GetMechanismInfo = get_mechanism_info(kind: MechanismType(kind), info: MechanismInfo(info)) none structure;
        module slot C_InitToken = init_token(pin: Pin(pin, pin_len), label: Label(label)) none nothing;
        pass session C_InitPIN = init_pin(pin: Pin(pin, pin_len)) so nothing;
        pass session C_SetPIN = set_pin(old: Pin(old, old_len), new: Pin(new, new_len)) either nothing;
        module slot C_OpenSession = open_session(flags: Flags(flags), notify: Notify(application, notify), handle: NewSession(session)) none handle;
        module session C_CloseSession = close_session() none state;
        module slot C_CloseAllSessions = close_all_sessions() none state;
        own session C_GetSessionInfo = get_session_info(info: SessionInfo(info)) none structure;
        pass session C_GetOperationState = get_operation_state(state: Output(state, state_len)) none length;
        pass session C_SetOperationState = set_operation_state(state: Bytes(state, state_len), encryption_key: ObjectHandle(encryption_key), authentication_key: ObjectHandle(authentication_key)) none state;
        pass session C_Login = login(user: UserType(user), pin: Pin(pin, pin_len)) none state;
        pass session C_Logout = logout() either state;
        pass session C_CreateObject = create_object(template: Template(template, count), object: NewHandle(object)) user handle;
        pass session C_CopyObject = copy_object(object: ObjectHandle(object), template: Template(template, count), copy: NewHandle(copy)) user handle;
        pass session C_DestroyObject = destroy_object(object: ObjectHandle(object)) user nothing;
        pass session C_GetObjectSize = get_object_size(object: ObjectHandle(object), size: Count(size)) user structure;
        pass session C_GetAttributeValue = get_attribute_value(object: ObjectHandle(object), query: Query(template, count)) user query;
        pass session C_SetAttributeValue = set_attribute_value(object: ObjectHandle(object), template: Template(template, count)) user nothing;
        pass session C_FindObjectsInit = find_objects_init(template: Template(template, count)) none state;
        pass session C_FindObjects = find_objects(objects: Handles(objects, max), found: Count(found)) none list;
        pass session C_FindObjectsFinal = find_objects_final() none state;
        pass session C_EncryptInit = encrypt_init(mechanism: Mechanism(mechanism), key: ObjectHandle(key)) user state;
        pass session C_Encrypt = encrypt(data: Bytes(data, data_len), encrypted: Output(encrypted, encrypted_len)) user length;
        pass session C_EncryptUpdate = encrypt_update(part: Bytes(part, part_len), encrypted: Output(encrypted, encrypted_len)) user length;
        pass session C_EncryptFinal = encrypt_final(last: Output(last, last_len)) user length;
        pass session C_DecryptInit = decrypt_init(mechanism: Mechanism(mechanism), key: ObjectHandle(key)) user state;
        pass session C_Decrypt = decrypt(encrypted: Bytes(encrypted, encrypted_len), data: Output(data, data_len)) user length;
        pass session C_DecryptUpdate = decrypt_update(encrypted: Bytes(encrypted, encrypted_len), part: Output(part, part_len)) user length;
        pass session C_DecryptFinal = decrypt_final(last: Output(last, last_len)) user length;
        pass session C_DigestInit = digest_init(mechanism: Mechanism(mechanism)) none state;
        pass session C_Digest = digest(data: Bytes(data, data_len), digest: Output(digest, digest_len)) none length;
        pass session C_DigestUpdate = digest_update(part: Bytes(part, part_len)) none state;
        pass session C_DigestKey = digest_key(key: ObjectHandle(key)) user state;
        pass session C_DigestFinal = digest_final(digest: Output(digest, digest_len)) none length;
        pass session C_SignInit = sign_init(mechanism: Mechanism(mechanism), key: ObjectHandle(key)) user state;
        pass session C_Sign = sign(data: Bytes(data, data_len), signature: Output(signature, signature_len)) user length;
        pass session C_SignUpdate = sign_update(part: Bytes(part, part_len)) user state;
        pass session C_SignFinal = sign_final(signature: Output(signature, signature_len)) user length;
        pass session C_SignRecoverInit = sign_recover_init(mechanism: Mechanism(mechanism), key: ObjectHandle(key)) user state;
        pass session C_SignRecover = sign_recover(data: Bytes(data, data_len), signature: Output(signature, signature_len)) user length;
        pass session C_VerifyInit = verify_init(mechanism: Mechanism(mechanism), key: ObjectHandle(key)) user state;
        pass session C_Verify = verify(data: Bytes(data, data_len), signature: Bytes(signature, signature_len)) user nothing;
        pass session C_VerifyUpdate = verify_update(part: Bytes(part, part_len)) user state;
        pass session C_VerifyFinal = verify_final(signature: Bytes(signature, signature_len)) user nothing;
        pass session C_VerifyRecoverInit = verify_recover_init(mechanism: Mechanism(mechanism), key: ObjectHandle(key)) user state;
        pass session C_VerifyRecover = verify_recover(signature: Bytes(signature, signature_len), data: Output(data, data_len)) user length;
        pass session C_DigestEncryptUpdate = digest_encrypt_update(part: Bytes(part, part_len), encrypted: Output(encrypted, encrypted_len)) user length;
        pass session C_DecryptDigestUpdate = decrypt_digest_update(encrypted: Bytes(encrypted, encrypted_len), part: Output(part, part_len)) user length;
        pass session C_SignEncryptUpdate = sign_encrypt_update(part: Bytes(part, part_len), encrypted: Output(encrypted, encrypted_len)) user length;
        pass session C_DecryptVerifyUpdate = decrypt_verify_update(encrypted: Bytes(encrypted, encrypted_len), part: Output(part, part_len)) user length;
        pass session C_GenerateKey = generate_key(mechanism: Mechanism(mechanism), template: Template(template, count), key: NewHandle(key)) user handle;
        pass session C_GenerateKeyPair = generate_key_pair(mechanism: Mechanism(mechanism), public: Template(public, public_count), private: Template(private, private_count), public_key: NewHandle(public_key), private_key: NewHandle(private_key)) user handle;
        pass session C_WrapKey = wrap_key(mechanism: Mechanism(mechanism), wrapping_key: ObjectHandle(wrapping_key), key: ObjectHandle(key), wrapped: Output(wrapped, wrapped_len)) user length;
        pass session C_UnwrapKey = unwrap_key(mechanism: Mechanism(mechanism), unwrapping_key: ObjectHandle(unwrapping_key), wrapped: Bytes(wrapped, wrapped_len), template: Template(template, count), key: NewHandle(key)) user handle;
        pass session C_DeriveKey = derive_key(mechanism: Mechanism(mechanism), base_key: ObjectHandle(base_key), template: Template(template, count), key: OptionalHandle(key)) user handle;
        pass session C_SeedRandom = seed_random(seed: Bytes(seed, seed_len)) none nothing;
        pass session C_GenerateRandom = generate_random(random: Fill(random, random_len)) none fill;
        pass session C_GetFunctionStatus = get_function_status() none nothing;
        pass session C_CancelFunction = cancel_function() none nothing;
        module global C_WaitForSlotEvent = wait_for_slot_event(flags: Flags(flags), slot: NewSlot(slot), reserved: Reserved(reserved)) none structure;
    }
    v3_0 {
        free global C_GetInterfaceList = get_interface_list(list: InterfaceList(list, count)) none list;
        free global C_GetInterface = get_interface(name: InterfaceName(name), version: WantedVersion(version), interface: InterfacePlace(interface), flags: Flags(flags)) none structure;
        own session C_LoginUser = login_user(user: UserType(user), pin: Pin(pin, pin_len), name: Text(name, name_len)) none state;
        own session C_SessionCancel = session_cancel(flags: Flags(flags)) none state;
        pass session C_MessageEncryptInit = message_encrypt_init(mechanism: Mechanism(mechanism), key: ObjectHandle(key)) user state;
        pass session C_EncryptMessage = encrypt_message(parameter: Parameter(parameter, parameter_len), associated: Bytes(associated, associated_len), plain: Bytes(plain, plain_len), encrypted: Output(encrypted, encrypted_len)) user length;
        pass session C_EncryptMessageBegin = encrypt_message_begin(parameter: Parameter(parameter, parameter_len), associated: Bytes(associated, associated_len)) user state;
        pass session C_EncryptMessageNext = encrypt_message_next(parameter: Parameter(parameter, parameter_len), part: Bytes(part, part_len), encrypted: Output(encrypted, encrypted_len), flags: Flags(flags)) user length;
        pass session C_MessageEncryptFinal = message_encrypt_final() user state;
        pass session C_MessageDecryptInit = message_decrypt_init(mechanism: Mechanism(mechanism), key: ObjectHandle(key)) user state;
        pass session C_DecryptMessage = decrypt_message(parameter: Parameter(parameter, parameter_len), associated: Bytes(associated, associated_len), encrypted: Bytes(encrypted, encrypted_len), plain: Output(plain, plain_len)) user length;
        pass session C_DecryptMessageBegin = decrypt_message_begin(parameter: Parameter(parameter, parameter_len), associated: Bytes(associated, associated_len)) user state;
        pass session C_DecryptMessageNext = decrypt_message_next(parameter: Parameter(parameter, parameter_len), encrypted: Bytes(encrypted, encrypted_len), part: Output(part, part_len), flags: Flags(flags)) user length;
        pass session C_MessageDecryptFinal = message_decrypt_final() user state;
        own session C_MessageSignInit = message_sign_init(mechanism: Mechanism(mechanism), key: ObjectHandle(key)) user state;
        own session C_SignMessage = sign_message(parameter: Parameter(parameter, parameter_len), data: Bytes(data, data_len), signature: Output(signature, signature_len)) user length;
        own session C_SignMessageBegin = sign_message_begin(parameter: Parameter(parameter, parameter_len)) user state;
        own session C_SignMessageNext = sign_message_next(parameter: Parameter(parameter, parameter_len), part: Bytes(part, part_len), signature: PartOutput(signature, signature_len)) user length;
        own session C_MessageSignFinal = message_sign_final() user state;
        own session C_MessageVerifyInit = message_verify_init(mechanism: Mechanism(mechanism), key: ObjectHandle(key)) user state;
        own session C_VerifyMessage = verify_message(parameter: Parameter(parameter, parameter_len), data: Bytes(data, data_len), signature: Bytes(signature, signature_len)) user nothing;
        own session C_VerifyMessageBegin = verify_message_begin(parameter: Parameter(parameter, parameter_len)) user state;
        own session C_VerifyMessageNext = verify_message_next(parameter: Parameter(parameter, parameter_len), part: Bytes(part, part_len), signature: Bytes(signature, signature_len)) user nothing;
        own session C_MessageVerifyFinal = message_verify_final() user state;
    }
    v3_2 {
        pass session C_EncapsulateKey = encapsulate_key(mechanism: Mechanism(mechanism), public_key: ObjectHandle(public_key), template: Template(template, count), encapsulated: Output(encapsulated, encapsulated_len), key: NewHandle(key)) user length;
        pass session C_DecapsulateKey = decapsulate_key(mechanism: Mechanism(mechanism), private_key: ObjectHandle(private_key), template: Template(template, count), encapsulated: Bytes(encapsulated, encapsulated_len), key: NewHandle(key)) user handle;
        pass session C_VerifySignatureInit = verify_signature_init(mechanism: Mechanism(mechanism), key: ObjectHandle(key), signature: Bytes(signature, signature_len)) user state;
        pass session C_VerifySignature = verify_signature(data: Bytes(data, data_len)) user nothing;
        pass session C_VerifySignatureUpdate = verify_signature_update(part: Bytes(part, part_len)) user state;
        pass session C_VerifySignatureFinal = verify_signature_final() user nothing;
        pass session C_GetSessionValidationFlags = get_session_validation_flags(kind: ValidationType(kind), flags: Count(flags)) none structure;
        pass session C_AsyncComplete = async_complete(name: Name(name), result: AsyncData(result)) none structure;
        pass session C_AsyncGetID = async_get_id(name: Name(name), id: Count(id)) none structure;
        pass session C_AsyncJoin = async_join(name: Name(name), id: Value(id), data: Bytes(data, data_len)) none nothing;
        pass session C_WrapKeyAuthenticated = wrap_key_authenticated(mechanism: Mechanism(mechanism), wrapping_key: ObjectHandle(wrapping_key), key: ObjectHandle(key), associated: Bytes(associated, associated_len), wrapped: Output(wrapped, wrapped_len)) user length;
        pass session C_UnwrapKeyAuthenticated = unwrap_key_authenticated(mechanism: Mechanism(mechanism), unwrapping_key: ObjectHandle(unwrapping_key), wrapped: Bytes(wrapped, wrapped_len), template: Template(template, count), associated: Bytes(associated, associated_len), key: NewHandle(key)) user handle;
    }
    } };
}

/// The kind of handle that comes first, and so what a call needs to find its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// No handle: the module as a whole.
    Global,
    /// A slot id.
    Slot,
    /// A session handle.
    Session,
}

/// The edition of PKCS#11 that brought a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(non_camel_case_types, reason = "editions are written with a point")]
pub enum Since {
    /// PKCS#11 2.40: 68 functions.
    v2_40,
    /// PKCS#11 3.0: 24 more.
    v3_0,
    /// PKCS#11 3.2: 12 more.
    v3_2,
}

/// What one row of the table says, for logs, reports and tests.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The C name.
    pub name: &'static str,
    /// The edition that brought it.
    pub since: Since,
    /// What its first argument is.
    pub class: Class,
    /// Who answers: "module", "pass" or "own" (see the table).
    pub by: &'static str,
    /// What login the standard asks for.
    pub login: &'static str,
    /// How it gives its answer.
    pub output: &'static str,
    /// The views its arguments make, in order.
    pub arguments: &'static [&'static str],
}

macro_rules! class {
    (global) => {
        Class::Global
    };
    (slot) => {
        Class::Slot
    };
    (session) => {
        Class::Session
    };
}

macro_rules! rows {
    ({} $($edition:ident { $($by:ident $class:ident $c:ident = $method:ident(
        $($name:ident: $view:ident($($raw:ident),*)),*) $login:ident $output:ident;)* })*) => {
        /// A function of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(non_camel_case_types, reason = "the standard's own names")]
        #[allow(missing_docs, reason = "the standard describes them")]
        #[repr(u8)]
        pub enum Function { $($($c,)*)* }

        /// Every row, in the order of the standard's function lists.
        pub static ROWS: &[Row] = &[$($(Row {
            name: stringify!($c),
            since: Since::$edition,
            class: class!($class),
            by: stringify!($by),
            login: stringify!($login),
            output: stringify!($output),
            arguments: &[$(stringify!($view)),*],
        },)*)*];
    };
}
entry_points!(rows);

impl Function {
    /// The row of this function.
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The C name.
    pub fn name(self) -> &'static str {
        self.row().name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_without_doubles() {
        let count = |edition| ROWS.iter().filter(|row| row.since <= edition).count();
        assert_eq!((count(Since::v2_40), count(Since::v3_0), count(Since::v3_2)), (68, 92, 104));
        let mut names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 104);
        assert!(ROWS.windows(2).all(|pair| pair[0].since <= pair[1].since));
    }

    #[test]
    fn the_output_rule_agrees_with_the_arguments() {
        for row in ROWS {
            let has = |view: &str| row.arguments.contains(&view);
            let length = has("Output") || has("PartOutput");
            assert_eq!(row.output == "length", length, "{}", row.name);
            assert_eq!(row.output == "fill", has("Fill"), "{}", row.name);
            assert_eq!(row.output == "query", has("Query"), "{}", row.name);
            if row.output == "nothing" {
                assert!(!row.arguments.iter().any(|view| view.starts_with("New") || *view == "Count"), "{}", row.name);
            }
        }
    }
}

//! The table of behaviours: every key a personality may state, with its kind and its meaning. From it come the structures,
//! their strict form in a file, the options of a key and the rows of the documentation. It holds no product's value.

use std::ops::Deref;

use serde::Deserialize;

use super::choice::{Encoding, PinCache, Relogin, Serials, Sm2Family, TypeAnswer};
use super::form::{NameForm, SerialForm};
use super::function::{DecryptShape, Function, FunctionCode, FunctionDelay};
use super::no_key::EnumAnswer;
use super::value::{Code, Text, Value, Version, Word};

/// A value with who says so. It reads like the value itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated<T> {
    value: T,
    source: String,
    verified: bool,
    /// Taken from the standard personality, because this one states nothing.
    #[serde(skip)]
    inherited: bool,
}

impl<T> Stated<T> {
    /// Who says so, and where; the choice is ours where nothing is known.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Measured on the product, read in its binary, or said by the standard.
    #[must_use]
    pub fn verified(&self) -> bool {
        self.verified
    }

    /// Taken from the standard personality: nothing is known of this product.
    #[must_use]
    pub fn inherited(&self) -> bool {
        self.inherited
    }
}

impl<T> Deref for Stated<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Value> Stated<T> {
    fn set(&mut self, text: &str, source: &str) -> Result<(), String> {
        self.value.set(text)?;
        (self.source, self.verified, self.inherited) = (source.to_owned(), false, false);
        Ok(())
    }

    fn row(&self, key: &'static str, meaning: &'static str) -> Row {
        let (source, verified) = (self.source.clone(), self.verified);
        Row { key, meaning, value: self.value.shown(), source, verified, inherited: self.inherited }
    }
}

/// One behaviour of one personality, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// `section.key`.
    pub key: &'static str,
    /// What the key means.
    pub meaning: &'static str,
    /// The value in its written form.
    pub value: String,
    /// Who says so.
    pub source: String,
    /// Measured, read in a binary, or said by the standard.
    pub verified: bool,
    /// Taken from the standard personality.
    pub inherited: bool,
}

/// What is stated, else what the standard personality says; without either, the key that is missing.
fn stated<T: Clone>(
    own: Option<Stated<T>>,
    base: Option<&Stated<T>>,
    key: &'static str,
) -> Result<Stated<T>, &'static str> {
    let inherited = || base.map(|base| Stated { inherited: true, ..base.clone() });
    own.or_else(inherited).ok_or(key)
}

macro_rules! behaviours {
    ($(#[doc = $section_doc:literal] $section:ident: $group:ident / $sheet:ident {
        $(#[doc = $doc:literal] $field:ident = $key:literal: $kind:ty,)*
    })*) => {
        $(
            #[doc = $section_doc]
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub struct $group { $(#[doc = $doc] pub $field: Stated<$kind>,)* }

            #[derive(Debug, Default, Deserialize)]
            #[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
            struct $sheet { $($field: Option<Stated<$kind>>,)* }
        )*

        /// All behaviours of a personality.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Behaviour { $(#[doc = $section_doc] pub $section: $group,)* }

        /// What a file states of them.
        #[derive(Debug, Default)]
        pub(super) struct Sheets { $($section: $sheet,)* }

        impl Sheets {
            /// The behaviour stated here over that of the standard personality.
            ///
            /// # Errors
            /// The key that neither states.
            pub(super) fn over(self, base: Option<&Behaviour>) -> Result<Behaviour, &'static str> {
                Ok(Behaviour {
                    $($section: $group {
                        $($field: stated(self.$section.$field, base.map(|base| &base.$section.$field), $key)?,)*
                    },)*
                })
            }
        }

        /// A file.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        struct Document {
            id: String,
            title: super::Title,
            $(#[serde(default)] $section: $sheet,)*
            #[serde(default, rename = "variant")]
            variants: Vec<super::Variant>,
            #[serde(default, rename = "note")]
            notes: Vec<super::Note>,
        }

        impl From<Document> for super::Sheet {
            fn from(document: Document) -> Self {
                let Document { id, title, variants, notes, $($section,)* } = document;
                Self { id, title, variants, notes, behaviour: Sheets { $($section,)* } }
            }
        }

        impl Behaviour {
            /// Every behaviour as text, in the order of the table.
            #[must_use]
            pub fn rows(&self) -> Vec<Row> {
                vec![$($(self.$section.$field.row($key, $doc.trim_ascii()),)*)*]
            }

            /// Sets one key from text; `None` when there is no such key.
            pub(super) fn set(&mut self, key: &str, text: &str, source: &str) -> Option<Result<(), String>> {
                match key {
                    $($($key => Some(self.$section.$field.set(text, source)),)*)*
                    _ => None,
                }
            }
        }

        /// The sections with their meaning, in order.
        pub static SECTIONS: &[(&str, &str)] = &[$((stringify!($section), $section_doc)),*];
    };
}

behaviours! {
    /// DEVINFO and the names of devices.
    device: Device / DeviceSheet {
        /// Maker, as DEVINFO says.
        manufacturer = "device.manufacturer": Text,
        /// Issuer, as DEVINFO says.
        issuer = "device.issuer": Text,
        /// Label of a new key.
        label = "device.label": Text,
        /// Hardware version.
        hw_version = "device.hw-version": Version,
        /// Firmware version.
        firmware_version = "device.firmware-version": Version,
        /// Form of the serial number: `#` a decimal digit, `%` a hexadecimal one.
        serial_form = "device.serial-form": SerialForm,
        /// How the serial numbers of several keys relate.
        serials = "device.serials": Serials,
        /// Form of the name that EnumDev gives and ConnectDev takes.
        name_form = "device.name-form": NameForm,
        /// Encoding of labels and names at the C interface.
        encoding = "device.encoding": Encoding,
        /// AlgSymCap.
        alg_sym_cap = "device.alg-sym-cap": Word,
        /// AlgAsymCap.
        alg_asym_cap = "device.alg-asym-cap": Word,
        /// AlgHashCap.
        alg_hash_cap = "device.alg-hash-cap": Word,
        /// DevAuthAlgId.
        auth_algorithm = "device.auth-algorithm": Word,
        /// Device authentication key of a new key, 16 characters.
        auth_key = "device.auth-key": Text,
        /// TotalSpace in bytes.
        total_space = "device.total-space": u32,
        /// MaxECCBufferSize in bytes.
        max_ecc_buffer = "device.max-ecc-buffer": u32,
        /// MaxBufferSize in bytes.
        max_buffer = "device.max-buffer": u32,
        /// Bits of ULONG in the product's builds. The width of this library is a matter of its build; this only says which fits.
        ulong_bits = "device.ulong-bits": u32,
    }
    /// Applications.
    application: Application / ApplicationSheet {
        /// Applications of a new key, the first for certificates.
        names = "application.names": Vec<Text>,
        /// Who may create files in them.
        file_rights = "application.file-rights": Word,
    }
    /// Containers and certificates.
    container: Container / ContainerSheet {
        /// Form of the names of a new key's containers; a second one without a count gets a 2.
        name_form = "container.name-form": NameForm,
        /// Longest name in bytes.
        name_limit = "container.name-limit": u32,
        /// How many an application holds.
        max_count = "container.max-count": u32,
        /// What GetContainerType answers.
        type_answer = "container.type-answer": TypeAnswer,
        /// Layout of a new key's certificates, by its name in `src/make/layouts.toml`.
        layout = "container.layout": Text,
        /// Zero bytes behind a certificate that ExportCertificate gives and counts.
        trailing_bytes = "container.trailing-bytes": u32,
    }
    /// PINs. Default values are only used to make test keys.
    pin: Pin / PinSheet {
        /// User PIN of a new key.
        user = "pin.user": Text,
        /// Administrator PIN of a new key.
        admin = "pin.admin": Text,
        /// Tries of the user PIN.
        user_retries = "pin.user-retries": u32,
        /// Tries of the administrator PIN.
        admin_retries = "pin.admin-retries": u32,
        /// Shortest user PIN.
        user_min = "pin.user-min": u32,
        /// Longest user PIN.
        user_max = "pin.user-max": u32,
        /// Shortest administrator PIN.
        admin_min = "pin.admin-min": u32,
        /// Longest administrator PIN.
        admin_max = "pin.admin-max": u32,
        /// Whether GetPINInfo tells that the PIN is still the default one.
        reports_default = "pin.reports-default": bool,
        /// Answer to a right PIN when the user is logged in already.
        relogin = "pin.relogin": Relogin,
        /// Who is logged in after VerifyPIN.
        cache = "pin.cache": PinCache,
    }
    /// Numbers and functions.
    functions: Functions / FunctionsSheet {
        /// SM2 numbers: family a of GM/T 0016, b of GM/T 0006-2012.
        sm2_family = "functions.sm2-family": Sm2Family,
        /// Functions that decrypt with a private key, with their number of arguments; ImportSessionKey and Decrypt work besides.
        private_decrypt = "functions.private-decrypt": Vec<DecryptShape>,
        /// Functions that are there and answer the code of errors.not-supported.
        unsupported = "functions.unsupported": Vec<Function>,
        /// Functions the product does not export. This library exports all: they answer as unsupported ones, unless a build leaves them out.
        absent = "functions.absent": Vec<Function>,
        /// Functions that always give the same answer.
        fixed = "functions.fixed": Vec<FunctionCode>,
        /// Functions that take longer, in milliseconds.
        slow = "functions.slow": Vec<FunctionDelay>,
        /// Functions that crash when a handle is of another kind.
        crash_on_wrong_handle = "functions.crash-on-wrong-handle": Vec<Function>,
        /// Only the device connected last is current in a process: handles of an earlier one act on it.
        one_current_device = "functions.one-current-device": bool,
    }
    /// Lists of names, and SKF_EnumDev without a key.
    lists: Lists / ListsSheet {
        /// Whether sizes of lists count the last NUL.
        counts_last_nul = "lists.counts-last-nul": bool,
        /// EnumDev(TRUE, NULL) without a key.
        no_key_present_size = "lists.no-key-present-size": EnumAnswer,
        /// EnumDev(TRUE, buffer) without a key.
        no_key_present_list = "lists.no-key-present-list": EnumAnswer,
        /// EnumDev(FALSE, NULL) without a key.
        no_key_all_size = "lists.no-key-all-size": EnumAnswer,
        /// EnumDev(FALSE, buffer) without a key.
        no_key_all_list = "lists.no-key-all-list": EnumAnswer,
    }
    /// Return codes by situation.
    errors: Errors / ErrorsSheet {
        /// ConnectDev: no device of that name.
        device_missing = "errors.device-missing": Code,
        /// The key was unplugged.
        device_removed = "errors.device-removed": Code,
        /// Device authentication is needed.
        device_auth_missing = "errors.device-auth-missing": Code,
        /// Device authentication failed.
        device_auth_wrong = "errors.device-auth-wrong": Code,
        /// Device authentication failed too often.
        device_auth_locked = "errors.device-auth-locked": Code,
        /// Device authentication with another algorithm than DevAuthAlgId.
        device_auth_algorithm = "errors.device-auth-algorithm": Code,
        /// No application of that name.
        application_missing = "errors.application-missing": Code,
        /// There is an application of that name.
        application_exists = "errors.application-exists": Code,
        /// The name of an application is empty or too long.
        application_name = "errors.application-name": Code,
        /// No container of that name.
        container_missing = "errors.container-missing": Code,
        /// There is a container of that name.
        container_exists = "errors.container-exists": Code,
        /// The name of a container is empty or too long.
        container_name = "errors.container-name": Code,
        /// No more containers.
        container_limit = "errors.container-limit": Code,
        /// The container holds keys of the other kind.
        container_kind = "errors.container-kind": Code,
        /// No signing pair.
        signing_key_missing = "errors.signing-key-missing": Code,
        /// No encryption pair.
        encryption_key_missing = "errors.encryption-key-missing": Code,
        /// No certificate, in a container that holds something.
        certificate_missing = "errors.certificate-missing": Code,
        /// No certificate, in an empty container.
        container_empty = "errors.container-empty": Code,
        /// No file of that name.
        file_missing = "errors.file-missing": Code,
        /// There is a file of that name.
        file_exists = "errors.file-exists": Code,
        /// The name of a file is empty or too long.
        file_name = "errors.file-name": Code,
        /// An offset behind the end of a file.
        file_offset = "errors.file-offset": Code,
        /// No right to the file, or to create one.
        file_rights = "errors.file-rights": Code,
        /// No space left.
        no_room = "errors.no-room": Code,
        /// Wrong PIN.
        pin_wrong = "errors.pin-wrong": Code,
        /// PIN locked.
        pin_locked = "errors.pin-locked": Code,
        /// PIN too short or too long.
        pin_length = "errors.pin-length": Code,
        /// PIN with characters that are not allowed.
        pin_characters = "errors.pin-characters": Code,
        /// PIN type other than 0 and 1.
        pin_type = "errors.pin-type": Code,
        /// Login is needed.
        not_logged_in = "errors.not-logged-in": Code,
        /// The user is logged in already.
        already_logged_in = "errors.already-logged-in": Code,
        /// The caller's buffer is too small.
        buffer_small = "errors.buffer-small": Code,
        /// A handle that is closed, of another kind, or never was one.
        wrong_handle = "errors.wrong-handle": Code,
        /// A null pointer where one is not allowed, or a value out of range.
        wrong_parameter = "errors.wrong-parameter": Code,
        /// Data of a wrong length.
        data_length = "errors.data-length": Code,
        /// Data that cannot be what they should be.
        data_wrong = "errors.data-wrong": Code,
        /// An SM2 number of the other family.
        sm2_id = "errors.sm2-id": Code,
        /// A function or algorithm that is not offered.
        not_supported = "errors.not-supported": Code,
        /// SM2 encryption or decryption failed.
        ecc_failed = "errors.ecc-failed": Code,
        /// RSA decryption failed.
        rsa_failed = "errors.rsa-failed": Code,
        /// A signature does not fit.
        verify_failed = "errors.verify-failed": Code,
        /// A padding is wrong.
        padding = "errors.padding": Code,
        /// An operation was not begun.
        not_initialised = "errors.not-initialised": Code,
        /// WaitForDevEvent was cancelled.
        wait_cancelled = "errors.wait-cancelled": Code,
        /// The device stayed locked by another process.
        lock_timeout = "errors.lock-timeout": Code,
    }
}

/// Reads one file.
///
/// # Errors
/// The first fault of the text.
pub(super) fn read(file: &str, text: &str) -> Result<super::Sheet, super::Fault> {
    super::strict::parse::<Document>(file, text).map(super::Sheet::from)
}

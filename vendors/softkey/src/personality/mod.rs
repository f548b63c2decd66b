//! A personality: how a known product behaves, as data. `behaviour` is the table of what can be stated, the files of
//! `personalities/` state it with source and mark, `collection` finds them. Nothing here acts: the C interface asks.

mod behaviour;
mod choice;
mod collection;
mod form;
pub(crate) mod function;
mod no_key;
mod strict;
mod value;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use skf_sys::constants::Sm2Ids;
use skf_sys::functions::ADDITIONAL;

pub use behaviour::{Application, Behaviour, Container, Device, Errors, Functions, Lists, Pin, Row, SECTIONS, Stated};
pub use choice::{Encoding, PinCache, Relogin, Serials, Sm2Family, TypeAnswer};
pub use collection::{OptionFault, Personalities, STANDARD, VARIANT};
pub use form::{NameForm, SerialForm};
pub use function::{DecryptShape, Function, FunctionCode, FunctionDelay};
pub use no_key::EnumAnswer;
pub use strict::Fault;
pub use value::{Code, Text, Value, Version, Word};

/// A name for people.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A fact that changes nothing here, or how little is known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// One or two sentences.
    pub text: String,
    /// Who says so.
    pub source: String,
    /// Measured, read in a binary, or said by the standard.
    pub verified: bool,
}

/// A named set of options: another build of the product, or a fault some keys have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// What the option `variant` of a key says.
    pub name: String,
    /// What differs.
    pub text: String,
    /// Keys and values, as options of a key have them.
    pub set: BTreeMap<String, String>,
    /// Who says so.
    pub source: String,
    /// Measured, read in a binary, or said by the standard.
    pub verified: bool,
}

/// A file as read.
struct Sheet {
    id: String,
    title: Title,
    behaviour: behaviour::Sheets,
    variants: Vec<Variant>,
    notes: Vec<Note>,
}

/// How a product behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personality {
    /// Its name in options and files.
    pub id: String,
    /// Its name for people.
    pub title: Title,
    /// Its behaviours; also reached through the personality itself.
    pub behaviour: Behaviour,
    /// Named sets of options of its own.
    pub variants: Vec<Variant>,
    /// Facts without effect.
    pub notes: Vec<Note>,
}

impl std::ops::Deref for Personality {
    type Target = Behaviour;

    fn deref(&self) -> &Behaviour {
        &self.behaviour
    }
}

impl Personality {
    /// The answer that a function gives whatever is asked: an absent or unsupported one, a private-decryption function that
    /// the product lacks, one with a fixed answer. None: it does its work.
    #[must_use]
    pub fn answer_of(&self, function: &str) -> Option<u32> {
        let functions = &self.functions;
        let is_in = |list: &[Function]| list.iter().any(|listed| listed.0 == function);
        let is_foreign = ADDITIONAL.contains(&function) && self.decrypt_arguments(function).is_none();
        if is_in(&functions.absent) || is_in(&functions.unsupported) || is_foreign {
            return Some(self.errors.not_supported.0);
        }
        functions.fixed.iter().find(|fixed| fixed.function == function).map(|fixed| fixed.code.0)
    }

    /// Whether the product exports the function.
    #[must_use]
    pub fn exports(&self, function: &str) -> bool {
        let is_absent = self.functions.absent.iter().any(|absent| absent.0 == function);
        let is_foreign = ADDITIONAL.contains(&function) && self.decrypt_arguments(function).is_none();
        !is_absent && !is_foreign
    }

    /// How many arguments a private-decryption function has; none: the product lacks it.
    #[must_use]
    pub fn decrypt_arguments(&self, function: &str) -> Option<u8> {
        let shape = self.functions.private_decrypt.iter().find(|shape| shape.function == function)?;
        Some(shape.arguments)
    }

    /// How much longer a function takes.
    #[must_use]
    pub fn delay_of(&self, function: &str) -> Duration {
        let delay = self.functions.slow.iter().find(|slow| slow.function == function);
        Duration::from_millis(delay.map_or(0, |delay| delay.milliseconds.into()))
    }

    /// Whether a function crashes when it gets a handle of another kind.
    #[must_use]
    pub fn crashes_on_wrong_handle(&self, function: &str) -> bool {
        self.functions.crash_on_wrong_handle.iter().any(|listed| listed.0 == function)
    }

    /// SKF_EnumDev without a key, by its argument and whether there is a list.
    #[must_use]
    pub fn no_key(&self, present: bool, has_list: bool) -> &EnumAnswer {
        match (present, has_list) {
            (true, false) => &self.lists.no_key_present_size,
            (true, true) => &self.lists.no_key_present_list,
            (false, false) => &self.lists.no_key_all_size,
            (false, true) => &self.lists.no_key_all_list,
        }
    }

    /// The SM2 numbers.
    #[must_use]
    pub fn sm2_ids(&self) -> Sm2Ids {
        self.functions.sm2_family.ids()
    }

    /// The serial number of a new key, made of random bytes.
    #[must_use]
    pub fn serial(&self, random: &[u8]) -> String {
        match *self.device.serials {
            Serials::Distinct => self.device.serial_form.fill(random),
            Serials::Equal => self.device.serial_form.fill(&[]),
            Serials::Empty => String::new(),
        }
    }

    /// What contradicts itself, if anything: a value that does not fit its field, a default PIN of a wrong length.
    pub(crate) fn contradiction(&self) -> Option<String> {
        let Behaviour { device, application, container, pin, lists: _, functions, errors: _ } = &self.behaviour;
        let length = |text: &Text| self.device.encoding.encode(text.as_str()).len();
        for (key, text, most) in [
            ("device.manufacturer", &device.manufacturer, 64),
            ("device.issuer", &device.issuer, 64),
            ("device.label", &device.label, 32),
        ] {
            if length(text) > most {
                return Some(format!("{key} is longer than {most} bytes"));
            }
        }
        if length(&device.auth_key) != 16 {
            return Some("device.auth-key is not 16 bytes".into());
        }
        if device.name_form.fill(&self.serial(&[]), 0).is_empty() {
            return Some("device.name-form gives an empty name when serial numbers are empty".into());
        }
        if !matches!(*device.ulong_bits, 32 | 64) {
            return Some("device.ulong-bits is neither 32 nor 64".into());
        }
        for (who, text, min, max, retries) in [
            ("user", &pin.user, &pin.user_min, &pin.user_max, &pin.user_retries),
            ("admin", &pin.admin, &pin.admin_min, &pin.admin_max, &pin.admin_retries),
        ] {
            if !(**min as usize..=**max as usize).contains(&length(text)) {
                return Some(format!("pin.{who} is not pin.{who}-min to pin.{who}-max bytes long"));
            }
            if **retries == 0 {
                return Some(format!("pin.{who}-retries is 0"));
            }
        }
        if application.names.is_empty() || application.names.iter().any(|name| name.as_str().is_empty()) {
            return Some("application.names has none, or an empty one".into());
        }
        if container.name_form.fill_apart("", 0).len() > *container.name_limit as usize || *container.max_count == 0 {
            return Some("container.name-form is longer than container.name-limit, or container.max-count is 0".into());
        }
        let shapes = &functions.private_decrypt;
        let twice =
            shapes.iter().enumerate().find(|(at, shape)| shapes[..*at].iter().any(|s| s.function == shape.function));
        twice.map(|(_, shape)| format!("functions.private-decrypt names {} twice", shape.function))
    }
}

#[cfg(test)]
mod page;
#[cfg(test)]
mod tests;

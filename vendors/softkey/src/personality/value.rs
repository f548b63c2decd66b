//! The kinds of value a behaviour can have, each with one written form: the same in a file, in an option of a key and in
//! the documentation. It must not act on a value.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use skf_sys::codes::{self, CODES};

/// A value of a behaviour. What `shown` writes, `set` reads.
pub trait Value: Clone + PartialEq + fmt::Debug + DeserializeOwned {
    /// Replaces the value by what the text says; a list is extended when the text begins with `+`.
    ///
    /// # Errors
    /// Why the text is no such value.
    fn set(&mut self, text: &str) -> Result<(), String>;

    /// The value in its written form.
    fn shown(&self) -> String;
}

/// Makes kinds that parse and print themselves values; those of `written` are strings in a file.
macro_rules! values {
    (plain $($kind:ty),* ) => {$(
        impl $crate::personality::value::Value for $kind {
            fn set(&mut self, text: &str) -> Result<(), String> {
                *self = text.parse().map_err(|why| format!("{why}"))?;
                Ok(())
            }

            fn shown(&self) -> String {
                self.to_string()
            }
        }
    )*};
    (written $($kind:ty),* ) => {
        $crate::personality::value::values!(plain $($kind),*);
        $(
            impl<'d> serde::Deserialize<'d> for $kind {
                fn deserialize<D: serde::Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
                    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
                }
            }
        )*
    };
}
pub(super) use values;

values!(plain u32, bool, Word);
values!(written Text, Code, Version);

impl<T: Value + FromStr<Err = String>> Value for Vec<T> {
    fn set(&mut self, text: &str) -> Result<(), String> {
        let (kept, text) = text.strip_prefix('+').map_or((0, text), |more| (self.len(), more));
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let read = items.map(T::from_str).collect::<Result<Self, String>>()?;
        self.truncate(kept);
        self.extend(read);
        Ok(())
    }

    fn shown(&self) -> String {
        self.iter().map(T::shown).collect::<Vec<_>>().join(", ")
    }
}

/// Text that is handed to C: without a zero character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Text {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('\0') { Err("must not contain a zero character".into()) } else { Ok(Self(text.into())) }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A return code: a name of the standard, or `0x` and hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub u32);

impl FromStr for Code {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = CODES.iter().find(|(_, name)| *name == text).map(|(code, _)| *code);
        let code = named.or_else(|| u32::from_str_radix(text.strip_prefix("0x")?, 16).ok());
        code.map(Self)
            .ok_or_else(|| format!("\"{text}\" is neither a code of the standard nor 0x and hexadecimal digits"))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match codes::name(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:08X}", self.0),
        }
    }
}

/// A number whose bits or digits matter: a TOML integer in a file, shown in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Word(pub u32);

impl FromStr for Word {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => text.parse(),
        };
        number.map(Self).map_err(|why| why.to_string())
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}

/// A VERSION of DEVINFO, written `1.2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Major.
    pub major: u8,
    /// Minor.
    pub minor: u8,
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        parts.map(|(major, minor)| Self { major, minor }).ok_or_else(|| format!("\"{text}\" is no version such as 1.0"))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

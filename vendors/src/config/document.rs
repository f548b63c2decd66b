//! The configuration's text as serde reads it: which keys there are, and what a single value may be.
//! Rules between keys are the parent's.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::LogLevel;
use crate::profile::{CText, GENERIC, Isolation};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Document {
    #[serde(default = "yes")]
    pub(super) discover: bool,
    pub(super) log_file: Option<AbsolutePath>,
    #[serde(default)]
    pub(super) log_level: LogLevel,
    #[serde(default)]
    pub(super) library: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Entry {
    pub(super) name: Spanned<Name>,
    #[serde(default = "generic")]
    pub(super) profile: String,
    pub(super) path: AbsolutePath,
    pub(super) isolation: Option<Isolation>,
    pub(super) init_string: Option<CText>,
    #[serde(default = "no_variables")]
    pub(super) env: Spanned<Variables>,
    pub(super) sha256: Option<Pin>,
}

fn yes() -> bool {
    true
}

fn generic() -> String {
    GENERIC.into()
}

fn no_variables() -> Spanned<Variables> {
    Spanned::new(0..0, Variables(BTreeMap::new()))
}

/// Shown in tables and logs, so no control characters.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Name(pub(super) String);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match () {
            () if name.trim().is_empty() => Err("must not be empty"),
            () if name.chars().any(char::is_control) => Err("must not contain control characters"),
            () => Ok(Self(name)),
        }
    }
}

#[derive(Deserialize)]
#[serde(try_from = "CText")]
pub(super) struct AbsolutePath(pub(super) PathBuf);

impl TryFrom<CText> for AbsolutePath {
    type Error = String;

    fn try_from(path: CText) -> Result<Self, Self::Error> {
        let path = PathBuf::from(path.0);
        if path.is_absolute() { Ok(Self(path)) } else { Err(format!("\"{}\" is not an absolute path", path.display())) }
    }
}

/// Variables that the system can hold.
#[derive(Deserialize)]
#[serde(try_from = "BTreeMap<String, CText>")]
pub(super) struct Variables(pub(super) BTreeMap<String, String>);

impl TryFrom<BTreeMap<String, CText>> for Variables {
    type Error = String;

    fn try_from(variables: BTreeMap<String, CText>) -> Result<Self, Self::Error> {
        if let Some(name) = variables.keys().find(|name| name.is_empty() || name.contains(['=', '\0'])) {
            return Err(format!("{name:?} cannot be the name of a variable"));
        }
        Ok(Self(variables.into_iter().map(|(name, value)| (name, value.0)).collect()))
    }
}

/// A SHA-256 as 64 hexadecimal digits.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pin(pub(super) [u8; 32]);

impl TryFrom<String> for Pin {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "must be 64 hexadecimal digits";
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let byte_of = |pair: &[u8]| match *pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        };
        let mut pin = [0; 32];
        if text.len() != 2 * pin.len() {
            return Err(WRONG);
        }
        for (byte, pair) in pin.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = byte_of(pair).ok_or(WRONG)?;
        }
        Ok(Self(pin))
    }
}

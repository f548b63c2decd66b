//! A profile: what is known of a vendor's library, as data. This file is the format; `collection` finds and reads the
//! files. Nothing here acts on a profile.

mod collection;
mod strict;

use std::fmt;
use std::path::Path;

use serde::Deserialize;

pub use collection::{ProfileError, Profiles, SkippedProfile};
pub use strict::{At, Fault};
pub(crate) use strict::{CText, line_of, parse, text_of};

/// The profile of a library whose entry names none.
pub const GENERIC: &str = "generic-pkcs11";

/// One profile. The keys of the file are these names in kebab-case; `profiles/README.md` explains them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Profile {
    /// What `profile = "…"` of a library entry says.
    pub name: Id,
    /// For people.
    pub title: Title,
    /// Part of the slot ids: changing it changes the ids of all keys of this profile.
    pub vendor: Id,
    /// The interface the library speaks.
    pub kind: Kind,
    /// Where the library runs unless its entry says otherwise. No default: whoever writes a profile must choose.
    pub isolation: Isolation,
    /// What the library bears.
    #[serde(default)]
    pub threads: Threads,
    /// The function table is read as at most this version, whatever its header says.
    pub max_version: Option<TableVersion>,
    /// Table entries may lie outside the library's own image (libraries that hand on another's functions).
    #[serde(default)]
    pub allow_foreign_entries: bool,
    /// Handed to C_Initialize in pReserved unless the entry has its own.
    #[serde(default, deserialize_with = "c_text")]
    pub init_string: Option<String>,
    /// Slots without token are shown.
    #[serde(default)]
    pub show_empty_slots: bool,
    /// What was learnt about the library, for people and reports; nothing acts on it.
    #[serde(default, rename = "fact")]
    pub facts: Vec<Fact>,
}

/// A name for people in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// One sentence about a library.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// The sentence.
    pub text: String,
    /// Who says so.
    pub source: String,
    /// Whether we ran it ourselves and saw it.
    pub verified: bool,
}

/// A short identifier: lower-case letters, digits and inner hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Id(String);

impl Id {
    /// The identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Id {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_known = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if text.is_empty() || !text.bytes().all(is_known) || text.starts_with('-') || text.ends_with('-') {
            return Err("must be lower-case letters, digits and inner hyphens");
        }
        Ok(Self(text))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The interface a library speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// PKCS#11, any version.
    Pkcs11,
}

/// Where a library runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// In the host's process.
    None,
    /// In a process of its own.
    Worker,
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Worker => "worker",
        })
    }
}

/// How many threads may be inside a library at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Threads {
    /// Any number.
    #[default]
    Full,
    /// One for each device.
    PerDevice,
    /// One.
    None,
}

/// A version of the function table, in the order of publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum TableVersion {
    /// 68 functions.
    #[serde(rename = "2.40")]
    V2_40,
    /// 92 functions.
    #[serde(rename = "3.0")]
    V3_0,
    /// The table of 3.0.
    #[serde(rename = "3.1")]
    V3_1,
    /// 104 functions.
    #[serde(rename = "3.2")]
    V3_2,
}

impl TableVersion {
    /// Major and minor, as in CK_VERSION.
    #[must_use]
    pub fn major_minor(self) -> (u8, u8) {
        match self {
            Self::V2_40 => (2, 40),
            Self::V3_0 => (3, 0),
            Self::V3_1 => (3, 1),
            Self::V3_2 => (3, 2),
        }
    }
}

impl Profile {
    /// Reads one profile; `file` is for the fault only.
    ///
    /// # Errors
    /// The first fault of the text.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Fault> {
        parse(file, text)
    }
}

fn c_text<'d, D: serde::Deserializer<'d>>(deserializer: D) -> Result<Option<String>, D::Error> {
    CText::deserialize(deserializer).map(|text| Some(text.0))
}

#[cfg(test)]
mod tests;

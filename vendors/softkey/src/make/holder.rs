//! Who a certificate is for. It checks what a caller may type; what a layout makes of it is `layout`'s matter.

use std::fmt;

use serde::Deserialize;

use super::{IdNumber, MakeError, Uscc};

/// The kind of a key, as its users name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Of a company or an authority (企业锁).
    Organisation,
    /// Of the person who stands for an organisation (法人锁).
    LegalPerson,
    /// Of a person (个人锁).
    Person,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Organisation, Self::LegalPerson, Self::Person];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Organisation => "organisation",
            Self::LegalPerson => "legal-person",
            Self::Person => "person",
        })
    }
}

/// Who holds the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An organisation.
    Organisation {
        /// Its name.
        name: String,
        /// Its code.
        uscc: Uscc,
    },
    /// The legal representative of an organisation.
    LegalPerson {
        /// The person's name.
        name: String,
        /// The person's number.
        id: IdNumber,
        /// The organisation's name.
        organisation: String,
        /// The organisation's code.
        uscc: Uscc,
    },
    /// A person.
    Person {
        /// The person's name.
        name: String,
        /// The person's number.
        id: IdNumber,
    },
}

impl Holder {
    /// The kind of key that this holder has.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Organisation { .. } => Kind::Organisation,
            Self::LegalPerson { .. } => Kind::LegalPerson,
            Self::Person { .. } => Kind::Person,
        }
    }

    /// The name that is certified: the organisation's or the person's.
    pub fn name(&self) -> &str {
        match self {
            Self::Organisation { name, .. } | Self::LegalPerson { name, .. } | Self::Person { name, .. } => name,
        }
    }

    /// The organisation's name, if there is one.
    pub fn organisation(&self) -> Option<&str> {
        match self {
            Self::Organisation { name, .. } => Some(name),
            Self::LegalPerson { organisation, .. } => Some(organisation),
            Self::Person { .. } => None,
        }
    }

    /// The organisation's code, if there is one.
    pub fn uscc(&self) -> Option<&Uscc> {
        match self {
            Self::Organisation { uscc, .. } | Self::LegalPerson { uscc, .. } => Some(uscc),
            Self::Person { .. } => None,
        }
    }

    /// The person's number, if there is one.
    pub fn id(&self) -> Option<&IdNumber> {
        match self {
            Self::Organisation { .. } => None,
            Self::LegalPerson { id, .. } | Self::Person { id, .. } => Some(id),
        }
    }
}

/// A holder, and what else its certificates say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Who.
    pub holder: Holder,
    /// The how-manieth key of this holder it is, from 1.
    pub number: u32,
    /// E-mail address, for the layouts that carry one.
    pub email: Option<String>,
}

impl Subject {
    /// The first key of a holder, without an address.
    pub fn first(holder: Holder) -> Self {
        Self { holder, number: 1, email: None }
    }

    /// Refuses names that no certificate can carry: empty ones, and ones with control characters.
    pub(super) fn check(&self) -> Result<(), MakeError> {
        if self.number == 0 {
            return Err(MakeError::Number);
        }
        plain("the holder's name", self.holder.name())?;
        if let Some(organisation) = self.holder.organisation() {
            plain("the organisation's name", organisation)?;
        }
        self.email.as_deref().map_or(Ok(()), |email| plain("the e-mail address", email))
    }
}

fn plain(what: &'static str, text: &str) -> Result<(), MakeError> {
    if text.trim().is_empty() {
        return Err(MakeError::Text { what, reason: "it is empty".to_owned() });
    }
    match text.chars().find(|char| char.is_control()) {
        Some(char) => {
            Err(MakeError::Text { what, reason: format!("it has the control character U+{:04X}", u32::from(char)) })
        }
        None => Ok(()),
    }
}

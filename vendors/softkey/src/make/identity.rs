//! The two numbers that certificates carry: the unified social credit code of an organisation (GB 32100-2015) and the number
//! of a person's identity card (GB 11643-1999), each with its check character. It does not know whether anyone bears them.

use std::{fmt, str::FromStr};

use super::MakeError;

/// What is wrong with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityFault {
    /// Not 18 characters, or not 17 where the check character is to be computed.
    #[error("it has {found} characters instead of {wanted}")]
    Length {
        /// How many there are.
        found: usize,
        /// How many there should be.
        wanted: usize,
    },
    /// A character that this place cannot hold.
    #[error("character {place} cannot be '{found}'")]
    Character {
        /// Counted from 1.
        place: usize,
        /// What stands there.
        found: char,
    },
    /// No such date.
    #[error("its date of birth does not exist")]
    Date,
    /// The check character belongs to another number.
    #[error("its check character should be '{wanted}'")]
    Check {
        /// The right one.
        wanted: char,
    },
}

/// Digits of the code: no I, O, S, V and Z.
const USCC_DIGITS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// A unified social credit code: 18 characters whose last one checks the others.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Uscc(String);

impl Uscc {
    /// The code that begins with these 17 characters; small letters count as capitals.
    pub fn complete(first: &str) -> Result<Self, MakeError> {
        let first = first.to_ascii_uppercase();
        match Self::check(&first) {
            Ok(check) => Ok(Self(format!("{first}{check}"))),
            Err(fault) => Err(Self::refused(&first, fault)),
        }
    }

    /// The check character of 17 characters, capitals only (GB 32100-2015, clause 5): 31 less the sum of the digits weighted
    /// with the powers of 3, modulo 31.
    pub fn check(first: &str) -> Result<char, IdentityFault> {
        length(first, 17)?;
        let mut sum = 0_usize;
        let mut weight = 1;
        for (at, found) in first.chars().enumerate() {
            // characters 3 to 8 are an area in decimal digits
            let digits = if (2..8).contains(&at) { &USCC_DIGITS[..10] } else { &USCC_DIGITS[..] };
            let value = digits.iter().position(|digit| char::from(*digit) == found);
            sum += value.ok_or(IdentityFault::Character { place: at + 1, found })? * weight;
            weight = weight * 3 % 31;
        }
        Ok(char::from(USCC_DIGITS[(31 - sum % 31) % 31]))
    }

    /// All 18 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Characters 9 to 17: the organisation code of GB 11714, without its dash.
    pub fn organisation_code(&self) -> &str {
        self.0.get(8..17).unwrap_or_default()
    }

    /// Characters 3 to 6: province and prefecture.
    pub fn area(&self) -> &str {
        self.0.get(2..6).unwrap_or_default()
    }

    fn refused(value: &str, fault: IdentityFault) -> MakeError {
        MakeError::Identity { what: "unified social credit code", value: value.to_owned(), fault }
    }
}

impl FromStr for Uscc {
    type Err = MakeError;

    /// Small letters count as capitals; nothing else is put right.
    fn from_str(text: &str) -> Result<Self, MakeError> {
        let text = text.to_ascii_uppercase();
        match checked(&text, Self::check) {
            Ok(()) => Ok(Self(text)),
            Err(fault) => Err(Self::refused(&text, fault)),
        }
    }
}

impl fmt::Display for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uscc({})", self.0)
    }
}

/// The number of an identity card: 17 digits and a check character, 0 to 9 or X.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdNumber(String);

impl IdNumber {
    /// The number that begins with these 17 digits.
    pub fn complete(first: &str) -> Result<Self, MakeError> {
        match Self::check(first) {
            Ok(check) => Ok(Self(format!("{first}{check}"))),
            Err(fault) => Err(Self::refused(first, fault)),
        }
    }

    /// The check character of 17 digits (GB 11643-1999, clause 4.2.4, which is ISO 7064 MOD 11-2).
    pub fn check(first: &str) -> Result<char, IdentityFault> {
        length(first, 17)?;
        let mut digits = [0_u32; 17];
        for (at, (found, digit)) in first.chars().zip(&mut digits).enumerate() {
            *digit = found.to_digit(10).ok_or(IdentityFault::Character { place: at + 1, found })?;
        }
        let number = |range: std::ops::Range<usize>| digits[range].iter().fold(0, |all, digit| all * 10 + digit);
        if !(1..=days(number(6..10), number(10..12))).contains(&number(12..14)) {
            return Err(IdentityFault::Date);
        }
        let sum = digits.iter().fold(0, |sum, digit| (sum + digit) * 2 % 11);
        Ok(char::from(b"10X98765432"[sum as usize]))
    }

    /// All 18 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Characters 1 to 4: province and prefecture.
    pub fn area(&self) -> &str {
        self.0.get(..4).unwrap_or_default()
    }

    fn refused(value: &str, fault: IdentityFault) -> MakeError {
        MakeError::Identity { what: "identity card number", value: value.to_owned(), fault }
    }
}

impl FromStr for IdNumber {
    type Err = MakeError;

    /// A small x counts as a capital.
    fn from_str(text: &str) -> Result<Self, MakeError> {
        let text = text.to_ascii_uppercase();
        match checked(&text, Self::check) {
            Ok(()) => Ok(Self(text)),
            Err(fault) => Err(Self::refused(&text, fault)),
        }
    }
}

impl fmt::Display for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdNumber({})", self.0)
    }
}

/// 18 characters, the last of which is what `check` says of the others.
fn checked(text: &str, check: fn(&str) -> Result<char, IdentityFault>) -> Result<(), IdentityFault> {
    length(text, 18)?;
    let Some((end, last)) = text.char_indices().next_back() else { return length(text, 18) };
    let wanted = check(&text[..end])?;
    if last == wanted { Ok(()) } else { Err(IdentityFault::Check { wanted }) }
}

fn length(text: &str, wanted: usize) -> Result<(), IdentityFault> {
    let found = text.chars().count();
    if found == wanted { Ok(()) } else { Err(IdentityFault::Length { found, wanted }) }
}

/// Days of a month; none if there is no such month.
fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    }
}

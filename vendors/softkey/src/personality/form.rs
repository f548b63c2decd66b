//! Forms of serial numbers and names: patterns that a new key fills. They draw no random numbers themselves.

use std::fmt;
use std::str::FromStr;

use super::value::values;

values!(written SerialForm, NameForm);

/// The field of DEVINFO holds this many bytes.
const SERIAL_FIELD: usize = 32;

/// A pattern of a serial number: `#` stands for a decimal digit, `%` for an upper-case hexadecimal one, all else for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialForm(String);

impl SerialForm {
    /// Bytes that `fill` takes.
    #[must_use]
    pub fn places(&self) -> usize {
        self.0.bytes().filter(|byte| matches!(byte, b'#' | b'%')).count()
    }

    /// The serial number made of these bytes, one for each place; missing ones count as 0.
    #[must_use]
    pub fn fill(&self, bytes: &[u8]) -> String {
        let mut bytes = bytes.iter().copied();
        let mut digit = |radix: u32| {
            let value = u32::from(bytes.next().unwrap_or_default()) % radix;
            char::from_digit(value, radix).unwrap_or('0').to_ascii_uppercase()
        };
        let place = |character| match character {
            '#' => digit(10),
            '%' => digit(16),
            other => other,
        };
        self.0.chars().map(place).collect()
    }

    /// Whether a serial number has this form.
    #[must_use]
    pub fn fits(&self, serial: &str) -> bool {
        let place_fits = |(form, byte): (u8, u8)| match form {
            b'#' => byte.is_ascii_digit(),
            b'%' => byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte),
            other => byte == other,
        };
        self.0.len() == serial.len() && self.0.bytes().zip(serial.bytes()).all(place_fits)
    }
}

impl FromStr for SerialForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > SERIAL_FIELD || !is_printable {
            return Err(format!("\"{text}\" is not 1 to {SERIAL_FIELD} printable ASCII characters"));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for SerialForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A pattern of a name: `{serial}` is the serial number of the key, `{0}` and `{1}` the count from 0 and from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameForm(String);

impl NameForm {
    /// The name of the thing with this number (from 0). Without a placeholder all have the same name.
    #[must_use]
    pub fn fill(&self, serial: &str, number: u32) -> String {
        let plus_one = u64::from(number) + 1;
        let name = self.0.replace("{0}", &number.to_string()).replace("{1}", &plus_one.to_string());
        name.replace("{serial}", serial)
    }

    /// As `fill`, for things that must differ: without a count in the pattern, the second gets a 2 behind its name.
    #[must_use]
    pub fn fill_apart(&self, serial: &str, number: u32) -> String {
        let has_count = self.0.contains("{0}") || self.0.contains("{1}");
        let name = self.fill(serial, number);
        if has_count || number == 0 { name } else { format!("{name}{}", u64::from(number) + 1) }
    }
}

impl FromStr for NameForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bare = ["{serial}", "{0}", "{1}"].iter().fold(text.to_owned(), |rest, place| rest.replace(place, ""));
        if text.is_empty() || bare.contains(['{', '}', '\0']) {
            return Err(format!("\"{text}\" is empty or has a placeholder other than {{serial}}, {{0}} and {{1}}"));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for NameForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_have_their_form() {
        let form: SerialForm = "5303####%".parse().unwrap();
        assert_eq!((form.places(), form.fill(&[1, 12, 255, 9, 27])), (5, "53031259B".to_owned()));
        assert_eq!(form.fill(&[]), "530300000");
        assert!(form.fits("53031259B") && !form.fits("5303A2590") && !form.fits("53031259b") && !form.fits("5303125"));
        assert!("".parse::<SerialForm>().is_err() && "#".repeat(33).parse::<SerialForm>().is_err());
        assert!("序#".parse::<SerialForm>().is_err());
    }

    #[test]
    fn names_are_filled_and_kept_apart() {
        let form = |text: &str| text.parse::<NameForm>().unwrap();
        assert_eq!(form("ES3000GM VCR {1}").fill("S", 0), "ES3000GM VCR 1");
        assert_eq!(form("{serial}-{0}").fill_apart("S", 2), "S-2");
        assert_eq!(
            (form("UserKey").fill_apart("S", 0), form("UserKey").fill_apart("S", 1)),
            ("UserKey".into(), "UserKey2".into())
        );
        assert_eq!(form("HSIC KShield").fill("S", 1), "HSIC KShield");
        for bad in ["", "{2}", "a{", "\0"] {
            assert!(bad.parse::<NameForm>().is_err(), "{bad:?}");
        }
    }
}

//! The string types of names and extensions, as certificates of these CAs use them. It checks what a type can hold; which
//! type stands where is data.

use der::{
    Encode, Tag,
    asn1::{Any, Ia5StringRef, PrintableStringRef, Utf8StringRef},
};
use serde::Deserialize;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// UTF8String.
    Utf8,
    /// PrintableString: letters, digits, space and '()+,-./:=?
    Printable,
    /// IA5String: ASCII.
    Ia5,
    /// BMPString: UTF-16BE, but no character beyond U+FFFF.
    Bmp,
    /// The bytes of the text without any DER around them, in extensions only.
    Bare,
}

impl Encoding {
    /// The text as an ASN.1 value; the reason in words if this type cannot hold it.
    pub(super) fn value(self, text: &str) -> Result<Any, String> {
        let value = match self {
            Self::Utf8 => Utf8StringRef::new(text).and_then(|text| Any::encode_from(&text)),
            Self::Printable => {
                if let Some(char) = text.chars().find(|char| !is_printable(*char)) {
                    return Err(format!("PrintableString has no character {}", show(char)));
                }
                PrintableStringRef::new(text).and_then(|text| Any::encode_from(&text))
            }
            Self::Ia5 => {
                if let Some(char) = text.chars().find(|char| !char.is_ascii()) {
                    return Err(format!("IA5String has no character {}", show(char)));
                }
                Ia5StringRef::new(text).and_then(|text| Any::encode_from(&text))
            }
            Self::Bmp => {
                if let Some(char) = text.chars().find(|char| u32::from(*char) > 0xFFFF) {
                    return Err(format!("BMPString has no character beyond U+FFFF, such as {}", show(char)));
                }
                let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
                Any::new(Tag::BmpString, units)
            }
            Self::Bare => return Err("a name has no bare text".to_owned()),
        };
        value.map_err(|error| error.to_string())
    }

    /// The text as the content of an extension's OCTET STRING.
    pub(super) fn content(self, text: &str) -> Result<Vec<u8>, String> {
        match self {
            Self::Bare => Ok(text.as_bytes().to_vec()),
            _ => self.value(text)?.to_der().map_err(|error| error.to_string()),
        }
    }
}

fn is_printable(char: char) -> bool {
    char.is_ascii_alphanumeric() || " '()+,-./:=?".contains(char)
}

fn show(char: char) -> String {
    format!("'{char}' (U+{:04X})", u32::from(char))
}

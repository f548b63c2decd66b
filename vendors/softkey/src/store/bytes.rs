//! How bytes and names stand in the key file: hexadecimal, and text where the bytes are text. It must not print contents.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes, hexadecimal in the file. Their Debug form is the length only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// The bytes, to change in place.
    pub fn as_mut_vec(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Bytes {
        Bytes(bytes)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Bytes {
        Bytes(bytes.to_vec())
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        from_hex(&text).map(Bytes).ok_or_else(|| de::Error::custom("not an even number of hexadecimal digits"))
    }
}

/// A name or label as the caller gave it, without its NUL: any bytes (GBK occurs). In the file it is text when it is
/// UTF-8, else `hex:` and hexadecimal digits.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(Vec<u8>);

const HEX_MARK: &str = "hex:";

impl Text {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text(text.as_bytes().to_vec())
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Text {
        Text(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Text {
        Text(bytes)
    }
}

impl PartialEq<[u8]> for Text {
    fn eq(&self, other: &[u8]) -> bool {
        self.0 == other
    }
}

/// For people: bytes that are not UTF-8 are replaced.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) if !text.starts_with(HEX_MARK) => serializer.serialize_str(text),
            _ => serializer.serialize_str(&format!("{HEX_MARK}{}", to_hex(&self.0))),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.strip_prefix(HEX_MARK) {
            None => Ok(Text(text.into_bytes())),
            Some(hex) => {
                from_hex(hex).map(Text).ok_or_else(|| de::Error::custom("hexadecimal digits must follow hex:"))
            }
        }
    }
}

fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(name: &[u8]) -> String {
        let json = serde_json::to_string(&Text::from(name)).unwrap();
        assert_eq!(serde_json::from_str::<Text>(&json).unwrap().as_bytes(), name);
        json
    }

    #[test]
    fn names_survive_the_file_in_any_encoding() {
        assert_eq!(there_and_back("测试".as_bytes()), "\"测试\"");
        assert_eq!(there_and_back(&[0xB2, 0xE2]), "\"hex:b2e2\"");
        assert_eq!(there_and_back(b"hex:b2"), "\"hex:6865783a6232\"");
        assert_eq!(there_and_back(b"a\"\\\n"), r#""a\"\\\n""#);
        assert!(serde_json::from_str::<Text>("\"hex:b\"").is_err());
    }

    #[test]
    fn hexadecimal_is_strict_and_bytes_are_not_printed() {
        assert_eq!(from_hex("00fF").unwrap(), [0, 255]);
        for bad in ["0", "0g", "+1", "测1", " 1"] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
        assert_eq!(format!("{:?}", Bytes::from(vec![0x41; 3])), "3 bytes");
    }
}

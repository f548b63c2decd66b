//! Behaviours that are a choice of named alternatives. A name is what a file, an option and the documentation say.

use std::fmt;
use std::str::FromStr;

use skf_sys::constants::{SM2_FAMILY_A, SM2_FAMILY_B, Sm2Ids};

use super::value::values;

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(format!("\"{text}\" is none of {}", [$($word),*].join(", "))),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $word,)* })
            }
        }

        values!(written $name);
    };
}

choice! {
    /// How the serial numbers of several keys relate.
    Serials {
        /// Each key has its own.
        Distinct = "distinct",
        /// All keys have the same: the form with zeros.
        Equal = "equal",
        /// The field is empty.
        Empty = "empty",
    }
}

choice! {
    /// Encoding of names and labels at the C interface.
    Encoding {
        /// UTF-8.
        Utf8 = "utf-8",
        /// GBK.
        Gbk = "gbk",
    }
}

choice! {
    /// What SKF_GetContainerType answers.
    TypeAnswer {
        /// The truth.
        True = "true",
        /// 1 (RSA) for every container that holds anything.
        AlwaysRsa = "always-rsa",
        /// 0 (unknown), always.
        AlwaysUnknown = "always-unknown",
    }
}

choice! {
    /// Who is logged in after a PIN was verified.
    PinCache {
        /// The process that verified it.
        Process = "process",
        /// Every process of the machine.
        Machine = "machine",
    }
}

choice! {
    /// What SKF_VerifyPIN does when the user is logged in already and the PIN is right.
    Relogin {
        /// Answers SAR_OK.
        Ok = "ok",
        /// Answers the code of `errors.already-logged-in`.
        Refused = "refused",
    }
}

choice! {
    /// Which numbers SM2 has.
    Sm2Family {
        /// GM/T 0016: signature 0x00020100.
        A = "a",
        /// GM/T 0006-2012: signature 0x00020200.
        B = "b",
    }
}

impl Sm2Family {
    /// The numbers.
    #[must_use]
    pub fn ids(self) -> Sm2Ids {
        match self {
            Self::A => SM2_FAMILY_A,
            Self::B => SM2_FAMILY_B,
        }
    }
}

impl Encoding {
    /// The bytes of a text; a character that GBK lacks becomes `?`, as in the vendors' own conversions.
    #[must_use]
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Gbk => {
                let one = |character: char| {
                    let mut buffer = [0; 4];
                    match encoding_rs::GBK.encode(character.encode_utf8(&mut buffer)) {
                        (bytes, _, false) => bytes.into_owned(),
                        (_, _, true) => vec![b'?'],
                    }
                };
                text.chars().flat_map(one).collect()
            }
        }
    }

    /// The text of bytes that are wholly in this encoding.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Self::Gbk => encoding_rs::GBK
                .decode_without_bom_handling_and_without_replacement(bytes)
                .map(std::borrow::Cow::into_owned),
        }
    }
}

//! Functions of the C interface as values, alone or with what a product does in them. Names are those of the table in
//! skf-sys: a misspelt one is an error.

use std::fmt;
use std::str::FromStr;

use skf_sys::functions::{ADDITIONAL, STANDARD};

use super::value::{Code, values};

values!(written Function, FunctionCode, FunctionDelay, DecryptShape);

/// The table's own spelling of a function.
pub(crate) fn known(name: &str) -> Result<&'static str, String> {
    let found = STANDARD.iter().chain(ADDITIONAL).find(|known| **known == name);
    found.copied().ok_or_else(|| format!("\"{name}\" is no function of the table in skf-sys"))
}

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function(pub &'static str);

impl FromStr for Function {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        known(text).map(Self)
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A function and its only answer, written `SKF_Name=CODE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionCode {
    /// The function.
    pub function: &'static str,
    /// What it answers.
    pub code: Code,
}

impl FromStr for FunctionCode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, code) = text.split_once('=').ok_or_else(|| format!("\"{text}\" is not SKF_Name=CODE"))?;
        Ok(Self { function: known(name)?, code: code.parse()? })
    }
}

impl fmt::Display for FunctionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.function, self.code)
    }
}

/// A function and how much longer it takes, written `SKF_Name=MILLISECONDS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionDelay {
    /// The function.
    pub function: &'static str,
    /// Milliseconds.
    pub milliseconds: u32,
}

impl FromStr for FunctionDelay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=').and_then(|(name, number)| Some((name, number.parse().ok()?)));
        let (name, milliseconds) = parts.ok_or_else(|| format!("\"{text}\" is not SKF_Name=MILLISECONDS"))?;
        Ok(Self { function: known(name)?, milliseconds })
    }
}

impl fmt::Display for FunctionDelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.function, self.milliseconds)
    }
}

/// A private-decryption function and how many arguments it takes, written `SKF_Name/N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecryptShape {
    /// The function, one of skf-sys' additional ones.
    pub function: &'static str,
    /// How many arguments: SKF_ECCDecrypt has 4, or 5 with BOOL sign before the cipher; SKF_PrvKeyDecrypt 5, or 4 without the
    /// key's kind.
    pub arguments: u8,
}

/// The shapes that were seen in headers or binaries.
const SHAPES: &[(&str, &[u8])] = &[
    ("SKF_PrvKeyDecrypt", &[5, 4]),
    ("SKF_ECCPrvKeyDecrypt", &[4]),
    ("SKF_ECCDecrypt", &[4, 5]),
    ("SKF_RSAPrvKeyDecrypt", &[5]),
    ("SKF_PriRsaDecrypt", &[6]),
    ("SKF_RSADecrypt", &[5]),
];

impl FromStr for DecryptShape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(name, number)| Some((name, number.parse::<u8>().ok()?)));
        let (name, arguments) = parts.ok_or_else(|| format!("\"{text}\" is not SKF_Name/ARGUMENTS"))?;
        let shape = SHAPES.iter().find(|(known, _)| *known == name);
        let (function, shapes) =
            shape.ok_or_else(|| format!("\"{name}\" is no private-decryption function of skf-sys"))?;
        if !shapes.contains(&arguments) {
            return Err(format!("{name} was never seen with {arguments} arguments"));
        }
        Ok(Self { function, arguments })
    }
}

impl fmt::Display for DecryptShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.function, self.arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_additional_function_has_a_shape() {
        let names: Vec<_> = SHAPES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ADDITIONAL);
    }

    #[test]
    fn misspelt_functions_and_unseen_shapes_are_refused() {
        assert!("SKF_enumdev".parse::<Function>().is_err());
        assert!("SKF_EnumDev".parse::<DecryptShape>().is_err() && "SKF_EnumDev/3".parse::<DecryptShape>().is_err());
        assert!(
            "SKF_ECCDecrypt/6".parse::<DecryptShape>().is_err() && "SKF_ECCDecrypt/5".parse::<DecryptShape>().is_ok()
        );
        assert!(
            "SKF_EnumDev=SAR_NO".parse::<FunctionCode>().is_err() && "SKF_EnumDev".parse::<FunctionCode>().is_err()
        );
        assert!("SKF_EnumDev=slow".parse::<FunctionDelay>().is_err());
    }
}

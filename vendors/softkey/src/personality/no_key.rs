//! What SKF_EnumDev answers when no key is plugged in: code, size and the bytes it writes, or a crash.

use std::fmt;
use std::str::FromStr;

use super::value::{Code, values};

values!(written EnumAnswer);

/// One way of answering, written `CODE [size=N] [nuls=N] [names=A|B]` or `crash`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnumAnswer {
    /// A call through a null pointer.
    Crash,
    /// An answer.
    Answer {
        /// The return code.
        code: Code,
        /// What the size word is set to; none: it is left as it was.
        size: Option<u32>,
        /// Names written to the list, each with its NUL.
        names: Vec<String>,
        /// Zero bytes written behind them.
        nuls: u32,
    },
}

impl EnumAnswer {
    /// The bytes written to the list; none: the buffer stays as it was.
    #[must_use]
    pub fn list(&self) -> Vec<u8> {
        let Self::Answer { names, nuls, .. } = self else {
            return Vec::new();
        };
        let mut list: Vec<u8> = names.iter().flat_map(|name| name.bytes().chain([0])).collect();
        list.resize(list.len() + *nuls as usize, 0);
        list
    }
}

/// More zero bytes than any list could have.
const MOST_NULS: u32 = 4096;

impl FromStr for EnumAnswer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "crash" {
            return Ok(Self::Crash);
        }
        let (head, names) = text.split_once(" names=").unwrap_or((text, ""));
        let names: Vec<_> = names.split('|').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let mut words = head.split(' ');
        let code = words.next().unwrap_or_default().parse()?;
        let (mut size, mut nuls) = (None, None);
        for word in words {
            let (slot, digits) = match word.split_once('=') {
                Some(("size", digits)) => (&mut size, digits),
                Some(("nuls", digits)) => (&mut nuls, digits),
                _ => return Err(format!("\"{word}\" is neither size=N, nuls=N nor names=A|B (names last)")),
            };
            let number = match digits.strip_prefix("0x") {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => digits.parse(),
            };
            let before = slot.replace(number.map_err(|why| format!("\"{word}\": {why}"))?);
            if before.is_some() {
                return Err(format!("\"{word}\" stands twice"));
            }
        }
        let nuls = nuls.unwrap_or_default();
        if nuls > MOST_NULS || names.iter().any(|name| name.contains('\0')) {
            return Err(format!("more than {MOST_NULS} zero bytes, or one inside a name"));
        }
        Ok(Self::Answer { code, size, names, nuls })
    }
}

impl fmt::Display for EnumAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Answer { code, size, names, nuls } = self else {
            return f.write_str("crash");
        };
        write!(f, "{code}")?;
        match size {
            Some(absurd @ 0x8000_0000..) => write!(f, " size=0x{absurd:08X}")?,
            Some(size) => write!(f, " size={size}")?,
            None => {}
        }
        if *nuls > 0 {
            write!(f, " nuls={nuls}")?;
        }
        if names.is_empty() { Ok(()) } else { write!(f, " names={}", names.join("|")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_code_size_and_bytes() {
        let answer: EnumAnswer = "SAR_OK size=14 nuls=1 names=HSIC KShield".parse().unwrap();
        assert_eq!(answer.list(), b"HSIC KShield\0\0");
        assert_eq!(answer.list().len(), 14);
        let absurd: EnumAnswer = "SAR_OK size=0xFFFFFFC2".parse().unwrap();
        assert!(matches!(absurd, EnumAnswer::Answer { size: Some(0xFFFF_FFC2), .. }) && absurd.list().is_empty());
        for text in
            ["crash", "SAR_OK size=0xFFFFFFC2", "0x00000001", "SAR_FAIL size=0", "SAR_OK size=2 nuls=2 names=a|b"]
        {
            assert_eq!(text.parse::<EnumAnswer>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "SAR_NO",
            "SAR_OK size=x",
            "SAR_OK size=1 size=1",
            "SAR_OK big",
            "SAR_OK nuls=5000",
            "SAR_OK names=a\0",
        ] {
            assert!(bad.parse::<EnumAnswer>().is_err(), "{bad:?}");
        }
    }
}

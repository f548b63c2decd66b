//! Strict TOML: a document becomes a typed value, or one fault that names the file, the line and the key.
//! Knows no format: the type that is read says which keys exist (serde's `deny_unknown_fields`).

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

/// No file of ours is near this size; a larger one is a mistake or an attack.
const LARGEST: u64 = 1 << 20;

/// A line of a file, shown as `file:line`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// What is wrong with a document, shown as `file:line: what`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {what}")]
pub struct Fault {
    /// Where.
    pub at: At,
    /// What, with the key by name.
    pub what: String,
}

impl Fault {
    /// A fault at a byte offset of `text`.
    pub(crate) fn new(file: &Path, text: &str, offset: usize, what: String) -> Self {
        Self { at: At { file: file.into(), line: line_of(text, offset) }, what }
    }
}

/// The text of a file that is at most 1 MiB of UTF-8.
pub(crate) fn text_of(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(file)?.take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 1 MiB"));
    }
    Ok(text)
}

/// Reads `text`; `file` is for the fault only.
pub(crate) fn parse<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T, Fault> {
    toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        let what = what_is_wrong(text, &span, error.message());
        Fault::new(file, text, span.start, what)
    })
}

/// The line of a byte offset, from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// Puts serde's and the parser's words into ours, and adds the key and its table.
fn what_is_wrong(text: &str, span: &Range<usize>, said: &str) -> String {
    let spot = spot_of(text, span);
    if said == "duplicate key" {
        let key = text.get(span.clone()).unwrap_or_default();
        return format!("double key \"{key}\"");
    }
    if let Some((key, expected)) = quoted(said, "unknown field ") {
        let table = spot.map_or("at the top level".into(), |spot| spot.in_table());
        return format!("unknown key \"{key}\" {table}{expected}");
    }
    if let Some((key, _)) = quoted(said, "missing field ") {
        let table = spot.map_or("at the top level".into(), |spot| format!("in {}", spot.inner));
        return format!("key \"{key}\" is missing {table}");
    }
    match spot {
        Some(spot) => format!("key \"{}\" {}: {said}", spot.key, spot.in_table()),
        None => format!("not valid TOML: {said}"),
    }
}

/// Splits "unknown field `x`, expected `y`" behind its `prefix` into "x" and ", expected `y`".
fn quoted<'t>(said: &'t str, prefix: &str) -> Option<(&'t str, &'t str)> {
    said.strip_prefix(prefix)?.strip_prefix('`')?.split_once('`')
}

/// A key of a document and the table it stands in.
struct Spot {
    key: String,
    /// `[title]` or `[[library]]`; empty at the top.
    table: String,
    /// The table that is the key's value; empty when it is none.
    inner: String,
}

impl Spot {
    fn in_table(&self) -> String {
        if self.table.is_empty() { "at the top level".into() } else { format!("in {}", self.table) }
    }
}

/// The key at a place of the text: the innermost one whose name, value or table header contains it. A document with
/// a syntax error is searched as far as it could be read. An empty span is the whole document's.
fn spot_of(text: &str, span: &Range<usize>) -> Option<Spot> {
    if span.is_empty() {
        return None;
    }
    let (document, _) = DeTable::parse_recoverable(text);
    spot_in(document.get_ref(), "", "", span.start)
}

fn spot_in(table: &DeTable<'_>, path: &str, shown: &str, offset: usize) -> Option<Spot> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref().as_ref();
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let here = |inner: String| Spot { key: name.to_owned(), table: shown.to_owned(), inner };
        let is_here = key.span().contains(&offset) || value.span().contains(&offset);
        match value.get_ref() {
            DeValue::Table(inner) => {
                let header = format!("[{path}]");
                spot_in(inner, &path, &header, offset).or_else(|| is_here.then(|| here(header)))
            }
            DeValue::Array(items) => {
                let header = format!("[[{path}]]");
                let in_item = items.iter().find_map(|item| {
                    let deeper = item.get_ref().as_table().and_then(|inner| spot_in(inner, &path, &header, offset));
                    deeper.or_else(|| item.span().contains(&offset).then(|| here(header.clone())))
                });
                in_item.or_else(|| is_here.then(|| here(header)))
            }
            _ => is_here.then(|| here(String::new())),
        }
    })
}

/// Text that is handed to C: a zero byte would cut it short.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct CText(pub(crate) String);

impl TryFrom<String> for CText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.contains('\0') { Err("must not contain a zero character") } else { Ok(Self(text)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "read by the tests through their faults only")]
    struct Document {
        number: Option<u8>,
        #[serde(default)]
        row: Vec<Row>,
        words: Option<Words>,
        c: Option<CText>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "read by the tests through their faults only")]
    struct Row {
        name: String,
        words: Option<Words>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "read by the tests through their faults only")]
    struct Words {
        zh: String,
    }

    fn fault(text: &str) -> String {
        parse::<Document>(Path::new("f.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn a_fault_names_file_line_and_key() {
        let cases = [
            ("\nnumbr = 1", "f.toml:2: unknown key \"numbr\" at the top level, expected one of"),
            ("[[row]]\nname = \"\"\nnam = 1", "f.toml:3: unknown key \"nam\" in [[row]], expected `name` or `words`"),
            ("[words]\nzh = \"\"\nen = \"\"", "f.toml:3: unknown key \"en\" in [words], expected `zh`"),
            ("[[row]]\nname = \"\"\n[row.words]\nen = \"\"", "f.toml:4: unknown key \"en\" in [row.words], expected"),
            ("number = 1\n\nnumber = 2", "f.toml:3: double key \"number\""),
            ("row = [{ name = \"a\",\nname = \"b\" }]", "f.toml:2: double key \"name\""),
            ("[words]\nzh = \"\"\n[words]", "f.toml:3: double key \"words\""),
            ("number = \"x\"", "f.toml:1: key \"number\" at the top level: invalid type: string \"x\", expected u8"),
            ("number = 256", "f.toml:1: key \"number\" at the top level: invalid value"),
            ("[[row]]\nname = 7", "f.toml:2: key \"name\" in [[row]]: invalid type: integer `7`, expected a string"),
            ("row = [{ name = \"a\" },\n{ name = 7 }]", "f.toml:2: key \"name\" in [[row]]: invalid type"),
            ("[row]\nname = \"\"", "f.toml:1: key \"row\" at the top level: invalid type: map, expected a sequence"),
            ("row = [\n7]", "f.toml:2: key \"row\" at the top level: invalid type: integer `7`, expected struct Row"),
            ("[[row]]\nname = \"\"\n[[row]]\n", "f.toml:3: key \"name\" is missing in [[row]]"),
            ("\n[words]\n", "f.toml:2: key \"zh\" is missing in [words]"),
            ("c = \"a\\u0000b\"", "f.toml:1: key \"c\" at the top level: must not contain a zero character"),
            ("\n\nnumber = = 1", "f.toml:3: not valid TOML: "),
        ];
        for (text, expected) in cases {
            let fault = fault(text);
            assert!(fault.starts_with(expected), "{text:?}: {fault}");
        }
    }

    #[test]
    fn a_missing_key_of_the_document_itself_is_not_laid_on_its_first_table() {
        let fault = parse::<Row>(Path::new("f.toml"), "[words]\nzh = \"\"").unwrap_err();
        assert_eq!(fault.to_string(), "f.toml:1: key \"name\" is missing at the top level");
    }

    #[test]
    fn a_large_or_binary_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f.toml");
        std::fs::write(&file, "#".repeat(LARGEST as usize)).unwrap();
        assert_eq!(text_of(&file).unwrap().len() as u64, LARGEST);
        std::fs::write(&file, "#".repeat(LARGEST as usize + 1)).unwrap();
        assert_eq!(text_of(&file).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        std::fs::write(&file, b"a = \"\xff\"").unwrap();
        assert_eq!(text_of(&file).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC*") {
            _ = parse::<Document>(Path::new("f"), &text);
        }

        /// Made of the format's own pieces, so that the search for the key sees tables, arrays and multi-byte text.
        #[test]
        fn pieces_in_any_order_never_panic(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..24)) {
            let text = pieces.concat();
            if let Err(fault) = parse::<Document>(Path::new("f"), &text) {
                proptest::prop_assert!(fault.at.line >= 1 && fault.at.line <= text.lines().count().max(1) + 1);
            }
        }
    }

    const PIECES: &[&str] = &[
        "[",
        "]",
        "[[row]]\n",
        "[words]\n",
        "[row.words]\n",
        "name",
        "zh",
        "number",
        "=",
        ".",
        ",",
        "{",
        "}",
        "\n",
        "\r\n",
        "\"",
        "'''",
        "1",
        "0x",
        "true",
        "\"中文\"",
        "锁",
        "#",
        " ",
        "\u{feff}",
        "name = \"a\"\n",
        "row = ",
        "\\u",
    ];
}

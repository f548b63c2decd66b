//! Strict TOML for personalities: a document becomes a typed value, or one fault that names file, line and key. Knows no
//! format: the type that is read says which keys exist (serde's `deny_unknown_fields`).

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a document, shown as `file:line: what`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {what}")]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What, with the key by name.
    pub what: String,
}

/// Reads `text`; `file` is for the fault only.
pub(super) fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Fault> {
    toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        Fault {
            file: file.to_owned(),
            line: line_of(text, span.start),
            what: what_is_wrong(text, &span, error.message()),
        }
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// Puts serde's and the parser's words into ours, and adds the key with its tables.
fn what_is_wrong(text: &str, span: &Range<usize>, said: &str) -> String {
    let path = path_of(text, span);
    if said == "duplicate key" {
        return format!("double key \"{}\"", text.get(span.clone()).unwrap_or_default());
    }
    if let Some(key) = quoted(said, "missing field `") {
        let table = path.map_or("at the top level".to_owned(), |path| format!("in \"{path}\""));
        return format!("key \"{key}\" is missing {table}");
    }
    let Some(path) = path else {
        return format!("not valid TOML: {said}");
    };
    if quoted(said, "unknown field `").is_some() {
        let expected = said.split_once("`, ").map(|(_, expected)| format!(", {expected}")).unwrap_or_default();
        return format!("unknown key \"{path}\"{expected}");
    }
    format!("key \"{path}\": {said}")
}

fn quoted<'t>(said: &'t str, prefix: &str) -> Option<&'t str> {
    said.strip_prefix(prefix)?.split_once('`').map(|(key, _)| key)
}

/// The innermost key whose name, value or table header contains the place, with the tables around it. A document with a
/// syntax error is searched as far as it could be read; an empty span is the whole document's.
fn path_of(text: &str, span: &Range<usize>) -> Option<String> {
    if span.is_empty() {
        return None;
    }
    let (document, _) = DeTable::parse_recoverable(text);
    path_in(document.get_ref(), "", span.start)
}

fn path_in(table: &DeTable<'_>, outer: &str, offset: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref().as_ref();
        let path = if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") };
        let deeper = match value.get_ref() {
            DeValue::Table(inner) => path_in(inner, &path, offset),
            DeValue::Array(items) => items.iter().find_map(|item| {
                path_in(item.get_ref().as_table()?, &path, offset)
                    .or_else(|| item.span().contains(&offset).then(|| path.clone()))
            }),
            _ => None,
        };
        let is_here = key.span().contains(&offset) || value.span().contains(&offset);
        deeper.or_else(|| is_here.then_some(path))
    })
}

//! Lines of faults: text to typed rows, or the first thing that is wrong with its line. Nothing here acts.

use super::{Crash, Length};
use crate::personality::{Code, function};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    at: At,
    /// None: every function.
    function: Option<&'static str>,
    pub(super) when: When,
    pub(super) deed: Deed,
}

/// Which calls of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Once(u64),
    From(u64),
    Always,
}

/// On which side of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Before,
    After,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Return(u32),
    Delay(u64),
    Hang,
    Crash(Crash),
    RemoveKey,
    Garbage,
    Length(Length),
}

/// What is wrong with a line, shown as `line: what`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {what}")]
pub struct LineFault {
    /// The line, from 1; a `;` begins a new one.
    pub line: usize,
    /// What, with the word.
    pub what: String,
}

impl Line {
    /// Whether the line is for this call (from 1) of the function.
    pub(super) fn is_for(&self, function: &str, call: u64) -> bool {
        let is_call = match self.at {
            At::Once(at) => call == at,
            At::From(at) => call >= at,
            At::Always => true,
        };
        is_call && self.function.is_none_or(|wanted| wanted == function)
    }
}

/// All lines of a text.
pub(super) fn lines(text: &str) -> Result<Vec<Line>, LineFault> {
    let bare = |line: &'_ str| line.split('#').next().unwrap_or_default().trim().to_owned();
    let numbered = text.split(['\n', ';']).map(bare).enumerate();
    let filled = numbered.filter(|(_, line)| !line.is_empty());
    filled.map(|(at, line)| parse(&line).map_err(|what| LineFault { line: at + 1, what })).collect()
}

fn parse(line: &str) -> Result<Line, String> {
    let (mut at, mut call, mut when, mut deed) = (None, None, None, None);
    for word in line.split_whitespace() {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("\"{word}\" is not key=value"))?;
        let is_double = match key {
            "at" => at.replace(parse_at(value)?).is_some(),
            "call" => call.replace(parse_call(value)?).is_some(),
            "when" => when.replace(parse_when(value)?).is_some(),
            "do" => deed.replace(parse_deed(value)?).is_some(),
            _ => return Err(format!("unknown key \"{key}\", expected at, call, when or do")),
        };
        if is_double {
            return Err(format!("double key \"{key}\""));
        }
    }
    let missing = |key| format!("key \"{key}\" is missing");
    let deed = deed.ok_or_else(|| missing("do"))?;
    let spoils = matches!(deed, Deed::Garbage | Deed::Length(_));
    if spoils && when == Some(When::Before) {
        return Err("garbage and length happen after the work".into());
    }
    let when = if spoils { When::After } else { when.unwrap_or(When::Before) };
    Ok(Line { at: at.ok_or_else(|| missing("at"))?, function: call.ok_or_else(|| missing("call"))?, when, deed })
}

fn parse_at(value: &str) -> Result<At, String> {
    if value == "*" {
        return Ok(At::Always);
    }
    let (digits, is_open) = value.strip_suffix('+').map_or((value, false), |digits| (digits, true));
    match digits.parse() {
        Ok(0) | Err(_) => Err(format!("at=\"{value}\" is neither a number from 1, such a number and +, nor *")),
        Ok(number) => Ok(if is_open { At::From(number) } else { At::Once(number) }),
    }
}

fn parse_call(value: &str) -> Result<Option<&'static str>, String> {
    if value == "*" { Ok(None) } else { function::known(value).map(Some) }
}

fn parse_when(value: &str) -> Result<When, String> {
    match value {
        "before" => Ok(When::Before),
        "after" => Ok(When::After),
        _ => Err(format!("when=\"{value}\" is neither before nor after")),
    }
}

fn parse_deed(value: &str) -> Result<Deed, String> {
    let unknown = || format!("do=\"{value}\" is no fault known here");
    match value.split_once(':') {
        None => match value {
            "hang" => Ok(Deed::Hang),
            "remove-key" => Ok(Deed::RemoveKey),
            "garbage" => Ok(Deed::Garbage),
            _ => Err(unknown()),
        },
        Some(("return", code)) => code.parse().map(|Code(code)| Deed::Return(code)),
        Some(("delay", time)) => time.parse().map(Deed::Delay).map_err(|why| format!("do=\"{value}\": {why}")),
        Some(("crash", "null")) => Ok(Deed::Crash(Crash::Null)),
        Some(("crash", "abort")) => Ok(Deed::Crash(Crash::Abort)),
        Some(("crash", "stack")) => Ok(Deed::Crash(Crash::Stack)),
        Some(("length", change)) => {
            let kind: fn(u32) -> Length = match change.as_bytes().first() {
                Some(b'+') => Length::More,
                Some(b'-') => Length::Less,
                Some(b'=') => Length::Exactly,
                _ => return Err(format!("do=\"{value}\": a length begins with +, - or =")),
            };
            let digits = change.get(1..).unwrap_or_default();
            if digits.starts_with('+') {
                return Err(unknown());
            }
            digits.parse().map(|number| Deed::Length(kind(number))).map_err(|why| format!("do=\"{value}\": {why}"))
        }
        Some(_) => Err(unknown()),
    }
}

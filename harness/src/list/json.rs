//! The list as JSON for programs: format "ukeyhub.list", version 1, described by `schemas/list.v1.json`. Keys and fixed
//! values are English in every language. Within a version keys are added, never removed and never given another
//! meaning. It must not ask a library anything, nor print.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use cryptoki_sys::{CK_FLAGS, CK_SLOT_ID, CKF_HW_SLOT, CKF_REMOVABLE_DEVICE};
use serde::Serialize;

use super::collect::{self, List, State};
use super::flags;
use crate::visible::visible_json;

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    ukeyhub: &'static str,
    configuration: Option<Cow<'a, str>>,
    log_file: Option<Cow<'a, str>>,
    libraries: Vec<Library<'a>>,
    slots: Vec<Slot<'a>>,
    profiles_skipped: Vec<SkippedProfile<'a>>,
}

#[derive(Serialize)]
struct SkippedProfile<'a> {
    path: Cow<'a, str>,
    reason: &'a str,
}

#[derive(Serialize)]
struct Library<'a> {
    name: &'a str,
    profile: &'a str,
    profile_title: Option<Title<'a>>,
    path: Cow<'a, str>,
    state: &'static str,
    reason: Option<&'a str>,
    interface: Option<String>,
    manufacturer: Option<&'a str>,
    description: Option<&'a str>,
    library_version: Option<String>,
    problems: Vec<Problem<'a>>,
}

#[derive(Serialize)]
struct Title<'a> {
    zh: &'a str,
    en: &'a str,
}

#[derive(Serialize)]
struct Slot<'a> {
    id: CK_SLOT_ID,
    id_hex: String,
    library: &'a str,
    description: &'a str,
    manufacturer: &'a str,
    removable: bool,
    hardware: bool,
    flags: Vec<&'static str>,
    flags_value: CK_FLAGS,
    token_present: bool,
    token: Option<Token<'a>>,
    problems: Vec<Problem<'a>>,
}

#[derive(Serialize)]
struct Token<'a> {
    label: &'a str,
    manufacturer: &'a str,
    model: &'a str,
    serial: &'a str,
    flags: Vec<&'static str>,
    flags_value: CK_FLAGS,
    hardware_version: String,
    firmware_version: String,
}

#[derive(Serialize)]
struct Problem<'a> {
    function: &'static str,
    answer: &'a str,
}

/// The list as one JSON document with a line feed at its end.
///
/// # Errors
/// None that is known: texts, numbers and lists of them are written to memory.
pub fn render(list: &List) -> io::Result<String> {
    let document = Document {
        format: "ukeyhub.list",
        version: 1,
        ukeyhub: env!("CARGO_PKG_VERSION"),
        configuration: list.source.as_deref().map(Path::to_string_lossy),
        log_file: list.log_file.as_deref().map(Path::to_string_lossy),
        libraries: list.libraries.iter().map(library).collect(),
        slots: list.slots.iter().map(slot).collect(),
        profiles_skipped: list
            .profiles_skipped
            .iter()
            .map(|skipped| SkippedProfile { path: skipped.path.to_string_lossy(), reason: &skipped.reason })
            .collect(),
    };
    let json = serde_json::to_string_pretty(&document)?;
    Ok(visible_json(&json) + "\n")
}

fn library(library: &collect::Library) -> Library<'_> {
    let (ready, reason) = match &library.state {
        State::Ready(ready) => (Some(ready), None),
        State::Skipped(reason) => (None, Some(reason.as_str())),
    };
    let version = |version: Option<collect::Version>| version.map(|version| version.to_string());
    // A library whose C_GetInfo fails has said nothing of itself.
    let about = ready.filter(|ready| ready.version.is_some());
    Library {
        name: &library.name,
        profile: &library.profile,
        profile_title: library.title.as_ref().map(|title| Title { zh: &title.zh, en: &title.en }),
        path: library.path.to_string_lossy(),
        state: if ready.is_some() { "ready" } else { "skipped" },
        reason,
        interface: ready.and_then(|ready| version(ready.interface)),
        manufacturer: about.map(|about| about.manufacturer.as_str()),
        description: about.map(|about| about.description.as_str()),
        library_version: about.and_then(|about| version(about.version)),
        problems: ready.map(|ready| problems(&ready.problems)).unwrap_or_default(),
    }
}

fn slot(slot: &collect::Slot) -> Slot<'_> {
    Slot {
        id: slot.id,
        id_hex: format!("{:#010x}", slot.id),
        library: &slot.library,
        description: &slot.description,
        manufacturer: &slot.manufacturer,
        removable: slot.flags & CKF_REMOVABLE_DEVICE != 0,
        hardware: slot.flags & CKF_HW_SLOT != 0,
        flags: flags::of_slot(slot.flags),
        flags_value: slot.flags,
        token_present: slot.token_present,
        token: slot.token.as_ref().map(token),
        problems: problems(&slot.problems),
    }
}

fn token(token: &collect::Token) -> Token<'_> {
    Token {
        label: &token.label,
        manufacturer: &token.manufacturer,
        model: &token.model,
        serial: &token.serial,
        flags: flags::of_token(token.flags),
        flags_value: token.flags,
        hardware_version: token.hardware.to_string(),
        firmware_version: token.firmware.to_string(),
    }
}

fn problems(problems: &[collect::Problem]) -> Vec<Problem<'_>> {
    problems.iter().map(|problem| Problem { function: problem.function, answer: &problem.answer }).collect()
}

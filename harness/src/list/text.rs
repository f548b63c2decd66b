//! The list as tables for people. It must not ask a library anything, nor print.

use std::path::PathBuf;

use unicode_width::UnicodeWidthStr;

use super::collect::{Library, List, Problem, Slot, State, Version};
use super::flags;
use crate::language::Language;
use crate::messages::Words;
use crate::reasons;
use crate::table::{Table, bold};
use crate::visible::visible;

/// The list as text of `width` columns, or of lines as long as they are.
pub fn render(list: &List, language: Language, width: Option<usize>) -> String {
    let words = language.words();
    let mut text = heading(list, words);
    let mut section = |title: &str, table: Option<Table>, otherwise: &str| {
        text.push_str(&format!("\n{}\n", bold(title)));
        match table {
            Some(table) => text.push_str(&table.render(width)),
            None => text.push_str(&format!("  {otherwise}\n")),
        }
    };
    section(words.libraries, libraries(list, language), words.no_libraries);
    section(words.slots, slots(list, words), words.no_slots);
    if let Some(tokens) = tokens(list, words) {
        section(words.tokens, Some(tokens), "");
    }
    if let Some(profiles) = profiles(list, language) {
        section(words.profiles_skipped, Some(profiles), "");
    }
    let with_token = list.slots.iter().filter(|slot| slot.token_present).count();
    let summary = (words.summary)(list.libraries.len(), list.skipped(), list.slots.len(), with_token);
    text.push_str(&format!("\n{summary}\n"));
    text
}

fn heading(list: &List, words: &Words) -> String {
    let file = |path: &Option<PathBuf>, otherwise: &str| {
        path.as_ref().map_or(otherwise.to_owned(), |path| visible(&path.to_string_lossy()))
    };
    let lines = [
        (words.configuration, file(&list.source, words.built_in)),
        (words.log_file, file(&list.log_file, words.no_log)),
    ];
    let widest = lines.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let line =
        |(name, value): (&str, String)| format!("{}{}  {value}\n", bold(name), " ".repeat(widest - name.width()));
    lines.map(line).concat()
}

fn libraries(list: &List, language: Language) -> Option<Table> {
    let words = language.words();
    let mut table = Table::new(&words.library_headings);
    for library in &list.libraries {
        let title = title(library, language);
        let path = library.path.to_string_lossy();
        match &library.state {
            State::Ready(ready) => {
                let version = |version: Option<Version>| version.map(|v| v.to_string());
                let interface = version(ready.interface).unwrap_or_default();
                let own = version(ready.version).unwrap_or_default();
                table.row(&[&library.name, words.ready, title, &interface, &ready.manufacturer, &own, &path]);
                problems(&mut table, &ready.problems, words);
            }
            State::Skipped(reason) => {
                table.row(&[&library.name, words.skipped, title, "", "", "", &path]);
                table.note(&reasons::said_in(language, reason));
            }
        }
    }
    (!list.libraries.is_empty()).then_some(table)
}

/// The profile as people know it, else the name that the configuration gives.
fn title(library: &Library, language: Language) -> &str {
    match (&library.title, language) {
        (Some(title), Language::Zh) => &title.zh,
        (Some(title), Language::En) => &title.en,
        (None, _) => &library.profile,
    }
}

fn slots(list: &List, words: &Words) -> Option<Table> {
    let mut table = Table::new(&words.slot_headings);
    for slot in &list.slots {
        let token = if slot.token_present { words.present } else { words.absent };
        table.row(&[&id(slot), &slot.id.to_string(), &slot.library, token, &slot.description]);
        problems(&mut table, &slot.problems, words);
    }
    (!list.slots.is_empty()).then_some(table)
}

fn tokens(list: &List, words: &Words) -> Option<Table> {
    let mut table = Table::new(&words.token_headings);
    let mut any = false;
    for slot in &list.slots {
        let Some(token) = &slot.token else { continue };
        let state = flags::in_words(token.flags, &words.state).join(words.separator);
        table.row(&[&id(slot), &token.label, &token.manufacturer, &token.model, &token.serial, &state]);
        any = true;
    }
    any.then_some(table)
}

fn profiles(list: &List, language: Language) -> Option<Table> {
    let mut table = Table::new(&language.words().profile_headings);
    for skipped in &list.profiles_skipped {
        table.row(&[&skipped.path.to_string_lossy(), &reasons::said_in(language, &skipped.reason)]);
    }
    (!list.profiles_skipped.is_empty()).then_some(table)
}

fn problems(table: &mut Table, problems: &[Problem], words: &Words) {
    for problem in problems {
        table.note(&(words.answered)(problem.function, &problem.answer));
    }
}

fn id(slot: &Slot) -> String {
    format!("{:#010x}", slot.id)
}

#[cfg(test)]
mod tests;

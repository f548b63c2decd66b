//! Collects results under names and writes them as text that does not depend on the run. Handles are not written: they
//! are the library's own choice. It must not compare or judge.

use std::collections::BTreeMap;
use std::fmt::Debug;

use cryptoki::context::{Info, Pkcs11};
use cryptoki::error::{Error, Result};
use cryptoki::mechanism::MechanismInfo;
use cryptoki::object::{Attribute, AttributeInfo, ObjectHandle};
use cryptoki::session::{ObjectHandleIterator, Session};
use cryptoki::slot::{Slot, SlotInfo, TokenInfo};

use crate::Answers;

/// Calls a method that answers a `Result` and keeps the answer as `Type::method, what`.
/// With `=> |value| …` the closure writes the text, else [`Text`] does.
macro_rules! call {
    ($record:expr, $what:expr, $type:ident::$method:ident($($argument:expr),* $(,)?)) => {
        call!($record, $what, $type::$method($($argument),*) => |value| $crate::record::Text::text(value))
    };
    ($record:expr, $what:expr, $type:ident::$method:ident($($argument:expr),* $(,)?) => $text:expr) => {{
        let answer = $type::$method($($argument),*);
        $record.keep(concat!(stringify!($type), "::", stringify!($method)), $what, &answer, $text);
        answer
    }};
}

/// Results by name, and what went wrong on the way.
#[derive(Debug, Default)]
pub struct Record {
    answers: Answers,
}

impl Record {
    /// Keeps one answer. A name may occur once.
    pub fn keep<T>(&mut self, method: &str, what: &str, answer: &Result<T>, text: impl FnOnce(&T) -> String) {
        let text = match answer {
            Ok(value) => text(value),
            // A message of the loader names a file.
            Err(Error::LibraryLoading(_)) => "LibraryLoading".to_owned(),
            Err(error) => format!("{error:?}"),
        };
        let before = self.answers.insert(format!("{method}, {what}"), text);
        assert!(before.is_none(), "two results are called \"{method}, {what}\"");
    }

    /// Runs a family of methods. One that cannot go on says so under its own name, which never passes the comparison.
    pub fn family(&mut self, name: &str, run: impl FnOnce(&mut Self) -> Result<()>) {
        if let Err(error) = run(self) {
            self.answers.insert(format!("{ENDED_EARLY}{name}"), format!("{error:?}"));
        }
    }

    /// Takes over what another thread recorded.
    pub fn answers_of(&mut self, other: Self) {
        self.answers.extend(other.answers);
    }

    /// The names and texts.
    pub fn answers(&self) -> &BTreeMap<String, String> {
        &self.answers
    }
}

/// Begins the name of an entry that says why a family did not come to its end.
pub const ENDED_EARLY: &str = "ended early: ";

/// How a value is written.
pub trait Text {
    fn text(&self) -> String;
}

macro_rules! text_by_debug {
    ($($type:ty),* $(,)?) => {$(
        impl Text for $type {
            fn text(&self) -> String {
                format!("{self:?}")
            }
        }
    )*};
}

text_by_debug!((), bool, Info, SlotInfo, TokenInfo, MechanismInfo, Vec<Attribute>, Vec<AttributeInfo>);

macro_rules! text_by_name {
    ($($type:ty => $text:literal),* $(,)?) => {$(
        impl Text for $type {
            fn text(&self) -> String {
                $text.to_owned()
            }
        }
    )*};
}

text_by_name! {
    Pkcs11 => "a context",
    Session => "a session",
    Option<Slot> => "a slot or none",
    Slot => "a slot",
    ObjectHandle => "an object",
    (ObjectHandle, ObjectHandle) => "two objects",
    ObjectHandleIterator<'_> => "an iterator",
}

impl Text for Vec<u8> {
    fn text(&self) -> String {
        self.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Text for Vec<ObjectHandle> {
    fn text(&self) -> String {
        format!("{} objects", self.len())
    }
}

impl Text for Vec<Slot> {
    fn text(&self) -> String {
        format!("{} slots", self.len())
    }
}

/// For outputs that are random: only their length is compared.
#[expect(clippy::ptr_arg, reason = "`call!` gives a reference to the answer itself")]
pub fn length(value: &Vec<u8>) -> String {
    format!("{} bytes", value.len())
}

/// Anything that has a `Debug` form without handles.
pub fn debug<T: Debug>(value: &T) -> String {
    format!("{value:?}")
}

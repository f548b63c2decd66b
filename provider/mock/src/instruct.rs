//! Instructions: one line each, from a test (`ukeyhub_mock_instruct`), from the environment (`UKEYHUB_MOCK`,
//! `UKEYHUB_MOCK_QUIET`) or from a file (`UKEYHUB_MOCK_FILE`). `README.md` lists them all. It must not pass over a
//! line it does not know.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use cryptoki_sys::{CK_SLOT_ID, CK_VERSION};

use crate::entries::Function;
use crate::faults::{self, Action, Rule, Source};
use crate::slots::{Slot, Token};
use crate::state::{self, Initialize, State, Waiting};
use crate::words::{Words, number};
use crate::{quiet, report};

/// Why a line is refused.
pub type Refusal = String;

/// Carries out one line. An empty line and a comment (`#`) do nothing.
pub fn apply(line: &str, source: Source) -> Result<(), Refusal> {
    let words = Words::split(line)?;
    match words.first() {
        None => Ok(()),
        Some("at" | "call") => rule(&words, source),
        Some("slot") => slot(&words),
        Some("slots") => slots(&words),
        Some(_) => setting(&words),
    }
}

/// `at=<n> call=<function> do=<action>`.
fn rule(words: &Words, source: Source) -> Result<(), Refusal> {
    words.only(&["at", "call", "do"])?;
    let function = match words.value("call")? {
        "*" => None,
        name => Some(Function::named(name).ok_or_else(|| format!("no function is called {name}"))?),
    };
    let at = match words.get("at") {
        None | Some("*") => None,
        Some(count) => Some(number(count)?),
    };
    if quiet::on() {
        return Err("calls are not watched in quiet mode: say quiet=off first".to_owned());
    }
    faults::add(Rule { function, at, action: action(words.value("do")?)?, source, seen: 0 });
    Ok(())
}

fn action(text: &str) -> Result<Action, Refusal> {
    let (name, argument) = text.split_once(':').map_or((text, None), |(name, argument)| (name, Some(argument)));
    match (name, argument) {
        ("return", Some(code)) => Ok(Action::Return(number(code)?)),
        ("delay", Some(time)) => Ok(Action::Delay(Duration::from_millis(number(time)?))),
        ("crash", Some("null")) => Ok(Action::CrashNull),
        ("crash", Some("abort")) => Ok(Action::CrashAbort),
        ("crash", Some("stack")) => Ok(Action::CrashStack),
        ("hang", None) => Ok(Action::Hang),
        ("exit", None) => Ok(Action::Exit(3)),
        ("exit", Some(status)) => Ok(Action::Exit(number(status)?)),
        ("garbage", None) => Ok(Action::Garbage(None)),
        ("garbage", Some(length)) => Ok(Action::Garbage(Some(number(length)?))),
        _ => Err(format!("no action is called {text}")),
    }
}

/// `slots=<n> [tokens=<0|1>,…]`: new slots with new, empty tokens; all sessions end.
fn slots(words: &Words) -> Result<(), Refusal> {
    words.only(&["slots", "tokens"])?;
    let count: usize = number(words.value("slots")?)?;
    let tokens = match words.get("tokens") {
        None => vec![true; count],
        Some(list) => list.split(',').map(flag).collect::<Result<_, _>>()?,
    };
    if tokens.len() != count {
        return Err(format!("{count} slots, but {} tokens", tokens.len()));
    }
    let mut state = state::lock();
    state.sessions.clear();
    state.events.clear();
    state.slots = Slot::row(&tokens);
    Ok(())
}

fn flag(text: &str) -> Result<bool, Refusal> {
    match text {
        "1" | "on" => Ok(true),
        "0" | "off" => Ok(false),
        _ => Err(format!("{text} is neither on (1) nor off (0)")),
    }
}

/// `slot=add` and `slot <id> [token=…] [serial=…] [label=…] [manufacturer=…] [model=…]`.
fn slot(words: &Words) -> Result<(), Refusal> {
    let mut state = state::lock();
    let id = match words.get("slot") {
        Some("add") => {
            state.slots.push(Slot::default());
            state.slots.len() as CK_SLOT_ID - 1
        }
        Some(other) => return Err(format!("slot={other}: only slot=add and slot <id> are known")),
        None => words.second().ok_or("which slot?").map_err(str::to_owned).and_then(number)?,
    };
    let added = words.get("slot").is_some();
    words.bare_only(if added { 0 } else { 2 })?;
    words.only_keys(&["slot", "token", "serial", "label", "manufacturer", "model", "event"])?;
    if id as usize >= state.slots.len() {
        return Err(format!("there is no slot {id}"));
    }
    let changed = change_token(&mut state, id, words)?;
    let wanted = words.get("event").map_or(Ok(true), flag)?;
    if wanted && (changed || added) {
        state.events.push_back(id);
        drop(state);
        state::CHANGED.notify_all();
    }
    Ok(())
}

/// True when the token came or went.
fn change_token(state: &mut State, id: CK_SLOT_ID, words: &Words) -> Result<bool, Refusal> {
    let new = match words.get("token") {
        None => None,
        Some("insert") => Some(Some(Token::new(id))),
        Some("uninitialised") => Some(Some(Token { initialised: false, user_pin: None, ..Token::new(id) })),
        Some("remove") => Some(None),
        Some(other) => return Err(format!("token={other}: insert, remove or uninitialised")),
    };
    let changed = new.is_some();
    if let Some(token) = new {
        state.close_sessions(id);
        if let Some(slot) = state.slots.get_mut(id as usize) {
            slot.token = token;
        }
    }
    let described = ["serial", "label", "manufacturer", "model"].map(|key| words.get(key).map(str::to_owned));
    if described.iter().all(Option::is_none) {
        return Ok(changed);
    }
    let token = state.token(id).map_err(|_| format!("slot {id} has no token to describe"))?;
    let fields = [&mut token.serial, &mut token.label, &mut token.manufacturer, &mut token.model];
    for (field, text) in fields.into_iter().zip(described) {
        *field = text.unwrap_or_else(|| field.clone());
    }
    Ok(changed)
}

/// Everything that is one word.
fn setting(words: &Words) -> Result<(), Refusal> {
    let (name, value) = words.single()?;
    let mut state = state::lock();
    match (name, value) {
        ("clear", None) => faults::clear(),
        ("release", None) => faults::release(),
        ("reset-counts", None) => report::reset(),
        ("reset", None) => {
            faults::clear();
            report::reset();
            quiet::set(false);
            state.reset();
        }
        ("event", Some(slot)) => {
            state.events.push_back(number(slot)?);
            drop(state);
            state::CHANGED.notify_all();
        }
        ("renumber-objects", None) => state.renumber_objects(),
        ("quiet", value) => {
            state.settings.quiet = value.map_or(Ok(true), flag)?;
            quiet::set(state.settings.quiet && state::initialised());
        }
        ("wait-for-slot-event", Some(value)) => {
            state.settings.waiting = one_of(value, &WAITING)?;
        }
        ("initialize", Some(value)) => {
            state.settings.initialize = one_of(value, &INITIALIZE)?;
        }
        ("mechanisms", Some(list)) => {
            let parsed = list.split(',').filter(|each| !each.is_empty()).map(number).collect::<Result<_, _>>()?;
            state.settings.mechanisms = parsed;
        }
        ("version", Some(value)) => {
            state.settings.version = one_of(value, &VERSIONS)?;
            state.tables = None;
        }
        ("header-lies", value) => {
            state.settings.header_lies = value.map_or(Ok(true), flag)?;
            state.tables = None;
        }
        ("foreign-entry", Some(function)) => {
            let named = Function::named(function).ok_or_else(|| format!("no function is called {function}"))?;
            state.settings.foreign_entry = Some(named);
            state.tables = None;
        }
        _ => return Err(format!("no instruction is called {name}, or its value is wrong")),
    }
    Ok(())
}

const WAITING: [(&str, Waiting); 3] =
    [("supported", Waiting::Supported), ("polling", Waiting::Polling), ("unsupported", Waiting::Unsupported)];
const INITIALIZE: [(&str, Initialize); 5] = [
    ("plain", Initialize::Plain),
    ("cant-lock", Initialize::CantLock),
    ("need-threads", Initialize::NeedThreads),
    ("already", Initialize::Already),
    ("takes-string", Initialize::TakesString),
];
const VERSIONS: [(&str, CK_VERSION); 5] = [
    ("2.0", CK_VERSION { major: 2, minor: 0 }),
    ("2.40", CK_VERSION { major: 2, minor: 40 }),
    ("3.0", CK_VERSION { major: 3, minor: 0 }),
    ("3.1", CK_VERSION { major: 3, minor: 1 }),
    ("3.2", CK_VERSION { major: 3, minor: 2 }),
];

fn one_of<T: Copy>(text: &str, known: &[(&str, T)]) -> Result<T, Refusal> {
    let names = || known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    known.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| format!("{text}: {}", names()))
}

/// Where instructions come from beside the test's own calls.
struct Sources {
    environment_read: bool,
    file: Option<PathBuf>,
    /// Time and size of the file when last read.
    stamp: Option<(SystemTime, u64)>,
}

static SOURCES: Mutex<Sources> = Mutex::new(Sources { environment_read: false, file: None, stamp: None });
/// True while the environment is read and names no file.
static NOTHING_NEW: AtomicBool = AtomicBool::new(false);

/// Reads the environment if that is due, and the file if it has changed.
pub fn refresh() -> Result<(), Refusal> {
    if NOTHING_NEW.load(Ordering::Acquire) {
        return Ok(());
    }
    let mut sources = SOURCES.lock().unwrap_or_else(PoisonError::into_inner);
    if !sources.environment_read {
        faults::drop_from(Source::Environment);
        if let Ok(lines) = std::env::var("UKEYHUB_MOCK") {
            lines.split([';', '\n']).try_for_each(|line| apply(line, Source::Environment))?;
        }
        if std::env::var_os("UKEYHUB_MOCK_QUIET").is_some() {
            apply("quiet", Source::Environment)?;
        }
        sources.file = std::env::var_os("UKEYHUB_MOCK_FILE").map(PathBuf::from);
        sources.stamp = None;
        sources.environment_read = true;
    }
    let Some(path) = &sources.file else {
        NOTHING_NEW.store(true, Ordering::Release);
        return Ok(());
    };
    let cannot = |error| format!("UKEYHUB_MOCK_FILE {}: {error}", path.display());
    let metadata = fs::metadata(path).map_err(cannot)?;
    let stamp = (metadata.modified().map_err(cannot)?, metadata.len());
    if sources.stamp != Some(stamp) {
        let text = fs::read_to_string(path).map_err(cannot)?;
        faults::drop_from(Source::File);
        text.split([';', '\n']).try_for_each(|line| apply(line, Source::File))?;
        sources.stamp = Some(stamp);
    }
    Ok(())
}

/// After C_Finalize: the environment is read again when the library is next used.
pub fn forget_environment() {
    SOURCES.lock().unwrap_or_else(PoisonError::into_inner).environment_read = false;
    NOTHING_NEW.store(false, Ordering::Release);
}

//! The log: one line per event to the file that the configuration or `UKEYHUB_LOG_FILE` names, silent otherwise.
//! Each line is one write, without a lock and without a thread, so a child forked at any instant can log too.
//! It must not print, and it shows what it is given: callers give no PIN and no key material.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, Ordering};
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use ukeyhub_vendors::config::Config;
use ukeyhub_vendors::places::Places;

/// An open log file. Never freed while the module is loaded: another thread may be writing to it.
struct Sink {
    path: PathBuf,
    file: File,
}

static SINK: AtomicPtr<Sink> = AtomicPtr::new(ptr::null_mut());

/// The level in force, as `rank` numbers it; 0 is silence.
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// Whether `tracing` knows the writer.
static WRITING: AtomicBool = AtomicBool::new(false);

#[inline(always)]
fn rank(level: Level) -> u8 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        _ => 5,
    }
}

/// Whether events of a level are written. Cheap enough for every call, unlike `tracing::enabled!`, which brings its dispatcher.
#[inline(always)]
pub fn shows(level: Level) -> bool {
    LEVEL.load(Ordering::Relaxed) >= rank(level)
}

/// Opens the log that the configuration names. A log that cannot be opened is no reason to fail the host.
pub fn open(config: &Config, places: &Places) {
    let Some(path) = config.log_file(places) else {
        LEVEL.store(0, Ordering::Release);
        return;
    };
    if sink().is_none_or(|sink| sink.path != path) {
        let Ok(file) = append(path) else { return };
        let sink = Box::new(Sink { path: path.to_owned(), file });
        // The earlier one is leaked: a thread may be writing to it. That happens once per change of configuration.
        SINK.store(Box::into_raw(sink), Ordering::Release);
    }
    let level = rank(config.log_level.into());
    let before = LEVEL.swap(level, Ordering::AcqRel);
    // `tracing` takes a lock here, which a child forked meanwhile would inherit: only when there is something to change.
    if !WRITING.swap(true, Ordering::AcqRel) {
        // Nobody else in this copy of `tracing` could have set one.
        _ = tracing::subscriber::set_global_default(Writer);
    } else if before != level {
        tracing::callsite::rebuild_interest_cache();
    }
}

/// Stops logging: the module is about to be unmapped, or the process is ending.
#[cfg(target_os = "linux")]
pub fn silence() {
    LEVEL.store(0, Ordering::Release);
}

/// Closes the file.
///
/// # Safety
/// The module is about to be unmapped: no thread is inside and none will enter.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the counterpart of Box::into_raw in `open`")]
pub unsafe fn close() {
    let sink = SINK.swap(ptr::null_mut(), Ordering::AcqRel);
    if !sink.is_null() {
        // SAFETY: made by `open`, and by the caller's promise nobody writes to it any more.
        drop(unsafe { Box::from_raw(sink) });
    }
}

#[allow(unsafe_code, reason = "a published sink is never freed")]
fn sink() -> Option<&'static Sink> {
    // SAFETY: published by `open` with Box::into_raw and never freed.
    unsafe { SINK.load(Ordering::Acquire).as_ref() }
}

fn append(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Not through a link that someone else put there, and not for everyone to read.
        options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC);
    }
    options.open(path)
}

/// Writes events as lines. Spans are not used.
struct Writer;

impl Subscriber for Writer {
    fn register_callsite(&self, _metadata: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        rank(*metadata.level()) <= LEVEL.load(Ordering::Acquire)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match LEVEL.load(Ordering::Acquire) {
            0 => LevelFilter::OFF,
            1 => LevelFilter::ERROR,
            2 => LevelFilter::WARN,
            3 => LevelFilter::INFO,
            4 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        })
    }

    fn event(&self, event: &Event<'_>) {
        let Some(sink) = sink() else { return };
        let mut line = Line(String::with_capacity(160));
        let time = humantime::format_rfc3339_millis(SystemTime::now());
        let level = event.metadata().level();
        // Writing to a String does not fail.
        _ = write!(line.0, "{time} {} {level:5}", std::process::id());
        event.record(&mut line);
        line.0.push('\n');
        // A full disk must not fail the host's call; there is nowhere else to say so.
        _ = (&sink.file).write(line.0.as_bytes());
    }

    fn new_span(&self, _span: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _span: &span::Id, _values: &span::Record<'_>) {}
    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}
    fn enter(&self, _span: &span::Id) {}
    fn exit(&self, _span: &span::Id) {}
}

/// One line: the message, then `name=value` pairs. Control characters are escaped, so that one event stays one line.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        _ = if field.name() == "message" { write!(self.0, " ") } else { write!(self.0, " {}=", field.name()) };
        for character in text.chars() {
            if character.is_control() {
                _ = write!(self.0, "{}", character.escape_default());
            } else {
                self.0.push(character);
            }
        }
    }
}

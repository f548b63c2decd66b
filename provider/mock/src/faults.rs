//! Rules about single calls: which call, and what happens instead of or before its body. It must not be reached on the
//! quiet path.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use cryptoki_sys::{CK_RV, CK_ULONG};

use crate::entries::Function;

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Answers this value; the body does not run.
    Return(CK_RV),
    /// Sleeps, then goes on.
    Delay(Duration),
    /// Writes to an address near null.
    CrashNull,
    /// Aborts.
    CrashAbort,
    /// Uses up the stack.
    CrashStack,
    /// Waits until `release`, then goes on.
    Hang,
    /// Ends the process with this status.
    Exit(i32),
    /// Answers CKR_OK with garbage in every output; the body does not run.
    Garbage(Option<CK_ULONG>),
}

/// Where a rule came from; each source replaces its own rules only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Test,
    Environment,
    File,
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// None: every function.
    pub function: Option<Function>,
    /// The n-th such call from now, once; None: each.
    pub at: Option<u64>,
    pub action: Action,
    pub source: Source,
    /// Such calls seen so far.
    pub seen: u64,
}

static RULES: Mutex<Vec<Rule>> = Mutex::new(Vec::new());
static ANY: AtomicBool = AtomicBool::new(false);
/// Goes up with each `release`.
static RELEASES: AtomicU64 = AtomicU64::new(0);

fn rules() -> MutexGuard<'static, Vec<Rule>> {
    RULES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds a rule; earlier ones come first.
pub fn add(rule: Rule) {
    rules().push(rule);
    ANY.store(true, Ordering::Release);
}

/// Drops the rules of one source.
pub fn drop_from(source: Source) {
    let mut rules = rules();
    rules.retain(|rule| rule.source != source);
    ANY.store(!rules.is_empty(), Ordering::Release);
}

/// Drops all rules.
pub fn clear() {
    rules().clear();
    ANY.store(false, Ordering::Release);
}

/// Lets all calls go on that hang now.
pub fn release() {
    RELEASES.fetch_add(1, Ordering::Release);
}

/// The action that is due at this call, which every fitting rule counts.
pub fn due(function: Function) -> Option<Action> {
    if !ANY.load(Ordering::Acquire) {
        return None;
    }
    let mut due = None;
    for rule in rules().iter_mut().filter(|rule| rule.function.is_none_or(|wanted| wanted == function)) {
        rule.seen += 1;
        if due.is_none() && rule.at.is_none_or(|at| at == rule.seen) {
            due = Some(rule.action);
        }
    }
    due
}

/// What is left to do for the guard after an action.
#[derive(Clone, Copy, Debug)]
pub enum Then {
    RunBody,
    Answer(CK_RV),
    Spoil(Option<CK_ULONG>),
}

/// Carries out an action. No lock is held meanwhile.
pub fn act(action: Action) -> Then {
    match action {
        Action::Return(code) => return Then::Answer(code),
        Action::Garbage(wrong) => return Then::Spoil(wrong),
        Action::Delay(time) => thread::sleep(time),
        Action::Hang => {
            let before = RELEASES.load(Ordering::Acquire);
            while RELEASES.load(Ordering::Acquire) == before {
                thread::sleep(Duration::from_millis(1));
            }
        }
        Action::Exit(status) => std::process::exit(status),
        Action::CrashAbort => std::process::abort(),
        Action::CrashNull => {
            // Near null, not null: a debug build would notice null and abort in another way.
            let nowhere = black_box(16 as *mut u32);
            // SAFETY: none; the test asks for this crash, and the first page is never mapped.
            unsafe { nowhere.write_volatile(0) };
        }
        Action::CrashStack => {
            black_box(deeper(1));
        }
    }
    Then::RunBody
}

#[inline(never)]
fn deeper(depth: u64) -> u64 {
    let room = black_box([depth; 512]);
    if black_box(true) { deeper(depth + 1).wrapping_add(room[511]) } else { depth }
}

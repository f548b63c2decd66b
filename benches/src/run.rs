//! The main functions of the benches: which legs a group has, and what is known about the run.
//! Every bench target calls one of them; nothing else may decide what is compared with what.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, SystemTime};

use criterion::Criterion;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::Failure;
use crate::facts::Facts;
use crate::host::{Host, THREADS};
use crate::operations::{Lane, Operation, Span};
use crate::peers::{Native, Peer};
use crate::rotation::{Leg, compare};
use crate::stage::{Process, Stage};

/// What is appended to a leg's name when two threads do it at once.
pub const TWO_THREADS: &str = "-two-threads";

/// How many samples criterion takes of each call.
const SAMPLES: usize = 60;

/// Where the rounds and the facts lie, in criterion's folder.
pub const ROUNDS: &str = "ukeyhub-rounds";

/// One start of one bench target.
#[derive(Debug)]
pub struct Run {
    /// `None` when benches are only tried out (`cargo test`) or listed.
    folder: Option<PathBuf>,
    mark: String,
}

impl Run {
    /// Begins; when numbers will be kept, writes down the machine and the versions as they are now.
    fn begin(target: &str, stage: &Stage) -> Result<Self, Failure> {
        let arguments: Vec<String> = std::env::args().collect();
        let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
        let mark = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        if !has("--bench") || has("--test") || has("--list") {
            return Ok(Self { folder: None, mark });
        }
        let folder = criterion_home()?.join(ROUNDS);
        fs::create_dir_all(&folder).map_err(Failure::during(folder.display()))?;
        let path = folder.join(format!("{target}.json"));
        let facts = serde_json::to_string_pretty(&Facts::gather(&mark, stage)?);
        fs::write(&path, facts.map_err(Failure::during("facts"))?).map_err(Failure::during(path.display()))?;
        Ok(Self { folder: Some(folder), mark })
    }

    /// Where rounds are kept, if they are.
    pub fn rounds_folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// What tells this run from others: the time of its start.
    pub fn mark(&self) -> &str {
        &self.mark
    }
}

/// Criterion's folder: `CRITERION_HOME`, else `criterion` in the target folder that this program was built into.
///
/// # Errors
/// When the program lies in no target folder of cargo.
pub fn criterion_home() -> Result<PathBuf, Failure> {
    if let Some(home) = std::env::var_os("CRITERION_HOME") {
        return Ok(home.into());
    }
    let this = std::env::current_exe().map_err(Failure::during("the path of this program"))?;
    // Cargo puts this file into the target folder.
    let target = this.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let target = target.ok_or_else(|| Failure::Setup("not started by cargo: set CRITERION_HOME".to_owned()))?;
    Ok(target.join("criterion"))
}

/// Main function of a bench target: runs `bench` on a stage and reports what went wrong.
#[expect(clippy::print_stderr, reason = "the reason why a bench ends")]
pub fn main(
    target: &str,
    natives: &[Native],
    copies: usize,
    bench: impl FnOnce(&mut Criterion, &Run, &Stage) -> Result<(), Failure>,
) -> ExitCode {
    let ended = Stage::enter(natives, copies).and_then(|process| match process {
        Process::Done(code) => Ok(code),
        Process::OnStage(stage) => {
            let run = Run::begin(target, &stage)?;
            let mut criterion = criterion();
            bench(&mut criterion, &run, &stage)?;
            criterion.final_summary();
            Ok(ExitCode::SUCCESS)
        }
    });
    ended.unwrap_or_else(|failure| {
        eprintln!("bench {target}: {failure}");
        ExitCode::FAILURE
    })
}

/// Short measurements, since each covers all legs of its group. The command line has the last word.
fn criterion() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .nresamples(10_000)
        .configure_from_args()
}

/// Every operation on one native library, by one thread and by two.
///
/// # Errors
/// When a peer cannot be set up or answers differently from the bare library.
pub fn calls(criterion: &mut Criterion, run: &Run, stage: &Stage, native: Native) -> Result<(), Failure> {
    let mut hosts = Vec::new();
    for peer in Peer::ALL {
        let started = Host::start(stage, native, peer);
        hosts.push(started.map_err(Failure::during(format_args!("{} over {}", peer.id(), native.id())))?);
    }
    if let Some(host) = hosts.iter().find(|host| host.slots != hosts[0].slots) {
        return Err(Failure::Setup(format!("{} shows other slots than the library", host.peer.id())));
    }
    for operation in Operation::ALL {
        let mut lane = Lane::new(&hosts[0], 0);
        operation.run(&hosts[0], &mut lane, 1)?;
        let right = lane.answer;
        let one = hosts.iter().map(|host| one_thread(operation, host, right.clone()));
        let two = hosts.iter().map(|host| two_threads(operation, host, right.clone()));
        compare(criterion, run, (operation.id(), native.id()), SAMPLES, one.chain(two).collect());
    }
    hosts.iter().try_for_each(|host| host.library.finalize())
}

fn one_thread(operation: Operation, host: &Host, right: Vec<u8>) -> Leg<'_> {
    let mut lane = Lane::new(host, 0);
    let time = move |times| {
        let span = operation.run(host, &mut lane, times)?;
        check(host, &lane, &right)?;
        Ok(span.end - span.start)
    };
    Leg { name: host.peer.id().to_owned(), time: Box::new(time) }
}

/// Each thread does it `times` times: the time is from the first start to the last end.
fn two_threads(operation: Operation, host: &Host, right: Vec<u8>) -> Leg<'_> {
    let mut lanes: Vec<Lane> = (0..THREADS).map(|thread| Lane::new(host, thread)).collect();
    let time = move |times| {
        let barrier = Barrier::new(THREADS);
        let spans: Vec<Result<Span, Failure>> = thread::scope(|scope| {
            let threads: Vec<_> = lanes
                .iter_mut()
                .enumerate()
                .map(|(thread, lane)| {
                    let barrier = &barrier;
                    scope.spawn(move || {
                        let kept_apart = keep_to_processor(thread);
                        barrier.wait();
                        kept_apart?;
                        operation.run(host, lane, times)
                    })
                })
                .collect();
            let gone = |_| Err(Failure::Setup("a measuring thread panicked".to_owned()));
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(gone)).collect()
        });
        let spans: Vec<Span> = spans.into_iter().collect::<Result<_, _>>()?;
        for lane in &lanes {
            check(host, lane, &right)?;
        }
        let first = spans.iter().map(|span| span.start).min();
        let last = spans.iter().map(|span| span.end).max();
        Ok(last.zip(first).map_or(Duration::ZERO, |(last, first)| last - first))
    };
    Leg { name: format!("{}{TWO_THREADS}", host.peer.id()), time: Box::new(time) }
}

/// Keeps a measuring thread to a processor of its own: for some milliseconds after they start, the kernel may leave two
/// threads on one. Where there is but one, they share it, and the record says so.
fn keep_to_processor(thread: usize) -> Result<(), Failure> {
    let failed = Failure::during("the processors of a thread");
    let allowed = sched_getaffinity(None).map_err(failed)?;
    let processors = (0..CpuSet::MAX_CPU).filter(|processor| allowed.is_set(*processor));
    let processors: Vec<usize> = processors.collect();
    let Some(processor) = processors.get(thread % processors.len().max(1)) else { return Ok(()) };
    let mut own = CpuSet::new();
    own.set(*processor);
    sched_setaffinity(None, &own).map_err(Failure::during("the processors of a thread"))
}

fn check(host: &Host, lane: &Lane, right: &[u8]) -> Result<(), Failure> {
    Failure::unless(lane.answer == right, || {
        format!("{} answers {:02x?}, the library itself {right:02x?}", host.peer.id(), lane.answer)
    })
}

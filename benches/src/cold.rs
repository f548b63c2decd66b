//! Cold starts: each one is a process of its own (`bin/cold.rs`) that loads, initialises, lists and finalises, and says
//! how long each took and how much its memory grew. It must not load anything into the measuring process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use criterion::Criterion;

use crate::Failure;
use crate::peers::{Native, Peer, p11_kit_proxy};
use crate::rotation::{Leg, compare};
use crate::run::Run;
use crate::stage::Stage;

/// The numbers of libraries that are started together.
pub const COUNTS: [usize; 3] = [1, 5, 20];

/// The most libraries.
pub const MOST: usize = 20;

/// How many samples criterion takes of each start; memory is measured as often.
const SAMPLES: usize = 20;

/// What one process reports. The words are those that `bin/cold.rs` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Nanoseconds to load and initialise everything.
    pub start: u64,
    /// Nanoseconds of the first C_GetSlotList (number and list) after that, on every library.
    pub list: u64,
    /// Nanoseconds of C_Finalize, on every library.
    pub finalize: u64,
    /// By how many bytes the resident memory had grown after `list`.
    pub resident: u64,
    /// How many slots with a token were seen.
    pub slots: u64,
}

impl Report {
    /// As lines `word number`.
    pub fn to_text(self) -> String {
        let Self { start, list, finalize, resident, slots } = self;
        format!("start {start}\nlist {list}\nfinalize {finalize}\nresident {resident}\nslots {slots}\n")
    }

    fn from_text(text: &str) -> Result<Self, Failure> {
        let number = |word: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
            line.and_then(|number| number.parse().ok())
                .ok_or_else(|| Failure::Setup(format!("a cold start reported no number for {word}: {text:?}")))
        };
        Ok(Self {
            start: number("start")?,
            list: number("list")?,
            finalize: number("finalize")?,
            resident: number("resident")?,
            slots: number("slots")?,
        })
    }
}

/// Cold starts with `native` behind each peer. `cold` is the program that does them.
///
/// # Errors
/// When a peer cannot be started or does not show every library's slots.
pub fn starts(criterion: &mut Criterion, run: &Run, stage: &Stage, native: Native, cold: &Path) -> Result<(), Failure> {
    let starter = Starter { stage, native, cold };
    for count in COUNTS {
        starter.compare(criterion, run, &format!("initialize-{count}"), count, |report| report.start)?;
    }
    starter.compare(criterion, run, "first-slot-list-20", MOST, |report| report.list)?;
    starter.compare(criterion, run, "finalize-20", MOST, |report| report.finalize)?;
    if let Some(folder) = run.rounds_folder() {
        let mut text = format!("{},{}\n", run.mark(), Peer::ALL.map(Peer::id).join(","));
        for _ in 0..SAMPLES {
            let mut cells = vec!["1".to_owned()];
            for peer in Peer::ALL {
                cells.push(starter.start(peer, MOST)?.resident.to_string());
            }
            text.push_str(&format!("{}\n", cells.join(",")));
        }
        let path = folder.join(format!("memory-20.{}.csv", native.id()));
        std::fs::write(&path, text).map_err(Failure::during(path.display()))?;
    }
    Ok(())
}

struct Starter<'a> {
    stage: &'a Stage,
    native: Native,
    cold: &'a Path,
}

impl Starter<'_> {
    /// One group: `part` of the report, on every peer with `count` libraries.
    fn compare(
        &self,
        criterion: &mut Criterion,
        run: &Run,
        operation: &str,
        count: usize,
        part: fn(&Report) -> u64,
    ) -> Result<(), Failure> {
        let right = self.start(Peer::Bare, count)?.slots;
        let leg = |peer: Peer| Leg {
            name: peer.id().to_owned(),
            time: Box::new(move |times| {
                let mut sum = 0;
                for _ in 0..times {
                    let report = self.start(peer, count)?;
                    let slots = report.slots;
                    Failure::unless(slots == right, || format!("{} shows {slots} slots, not {right}", peer.id()))?;
                    sum += part(&report);
                }
                Ok(Duration::from_nanos(sum))
            }),
        };
        compare(criterion, run, (operation, self.native.id()), SAMPLES, Peer::ALL.map(leg).into());
        Ok(())
    }

    /// One process.
    fn start(&self, peer: Peer, count: usize) -> Result<Report, Failure> {
        let libraries = self.stage.libraries(self.native, count);
        let loaded: Vec<PathBuf> = match peer {
            Peer::Bare => libraries,
            Peer::Ukeyhub => {
                self.stage.configure_module(self.native, &libraries)?;
                vec![self.stage.module()]
            }
            Peer::P11KitProxy => {
                self.stage.configure_p11_kit(&libraries)?;
                vec![p11_kit_proxy()?]
            }
        };
        let output = Command::new(self.cold).args(&loaded).output().map_err(Failure::during(self.cold.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Failure::Setup(format!("cold start of {} with {count}: {said}", peer.id())));
        }
        Report::from_text(&String::from_utf8_lossy(&output.stdout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_survives_its_text() {
        let report = Report { start: 1, list: 22, finalize: 333, resident: 4096, slots: 20 };
        assert_eq!(Report::from_text(&report.to_text()).unwrap(), report);
    }

    #[test]
    fn a_report_that_lacks_a_number_is_refused() {
        let text = Report::default().to_text().replace("list 0", "list soon");
        assert!(Report::from_text(&text).unwrap_err().to_string().contains("list"));
    }
}

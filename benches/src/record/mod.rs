//! The record of a run: read from criterion's files and from the rounds, judged by the design's targets, written as
//! Markdown for people and CSV for programs. It must not leave out a target that was missed.

mod markdown;
mod read;
mod statistics;
mod targets;

use std::path::{Path, PathBuf};

use crate::Failure;
use crate::facts::Facts;
use crate::peers::Native;
pub use read::{Group, Measured};
pub use statistics::Spread;

/// Everything known of one whole run.
#[derive(Debug)]
pub struct Record {
    /// One for each bench target; they run one after the other.
    pub facts: Vec<Facts>,
    /// One for each operation and library.
    pub groups: Vec<Group>,
}

impl Record {
    /// Reads what the last run left in criterion's folder.
    ///
    /// # Errors
    /// When something is missing, or stems from different runs.
    pub fn read(criterion: &Path) -> Result<Self, Failure> {
        read::record(criterion)
    }

    /// The group of an operation on a library.
    pub fn group(&self, operation: &str, native: Native) -> Option<&Group> {
        self.groups.iter().find(|group| group.operation == operation && group.native == native)
    }

    /// Writes `<date>.md` and `<date>.csv` into `folder`, with a number behind the date when there is one already.
    /// Answers the Markdown's path.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, Failure> {
        let date = self.facts.first().and_then(|facts| facts.mark.get(..10)).unwrap_or("undated");
        let free = |name: &String| !folder.join(format!("{name}.md")).exists();
        let name = std::iter::once(date.to_owned())
            .chain((2..).map(|number| format!("{date}-{number}")))
            .find(free)
            .unwrap_or_else(|| date.to_owned());
        let (page, table) = (folder.join(format!("{name}.md")), folder.join(format!("{name}.csv")));
        std::fs::create_dir_all(folder).map_err(Failure::during(folder.display()))?;
        std::fs::write(&page, markdown::page(self, &name)).map_err(Failure::during(page.display()))?;
        std::fs::write(&table, self.csv()).map_err(Failure::during(table.display()))?;
        Ok(page)
    }

    /// One line for each bench: criterion's median with its 95 % confidence interval (for memory the quartiles), the
    /// difference from the bare library taken round by round, the least of all rounds and their number.
    fn csv(&self) -> String {
        let mut text = "id,unit,median,low_95,high_95,over_bare,over_bare_quarter,over_bare_three_quarters,\
            least,rounds\n"
            .to_owned();
        for group in &self.groups {
            for leg in &group.legs {
                let over = group.over_bare(&leg.name);
                let (median, low, high) = leg.criterion.unwrap_or_else(|| {
                    let spread = leg.spread();
                    (spread.median, spread.quarter, spread.three_quarters)
                });
                let (id, unit, least, rounds) =
                    (group.id(&leg.name), group.unit(), leg.spread().least, leg.rounds.len());
                let over = over.map_or(",,".to_owned(), |over| {
                    format!("{:.2},{:.2},{:.2}", over.median, over.quarter, over.three_quarters)
                });
                text.push_str(&format!("{id},{unit},{median:.2},{low:.2},{high:.2},{over},{least:.2},{rounds}\n"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::Operation;
    use crate::run::TWO_THREADS;

    /// A run in which every call takes `bare` on the library, and so much more through the peers.
    pub(super) fn made_up(bare: f64, ours: f64, p11_kit: f64) -> Record {
        let leg = |name: &str, time: f64| Measured {
            name: name.to_owned(),
            criterion: Some((time, time - 0.1, time + 0.1)),
            rounds: vec![time; 60],
        };
        let legs = || {
            let one = [leg("bare", bare), leg("ukeyhub", bare + ours), leg("p11-kit-proxy", bare + p11_kit)];
            let two = |measured: &Measured| Measured {
                name: format!("{}{TWO_THREADS}", measured.name),
                ..leg(&measured.name, measured.rounds[0])
            };
            let twos: Vec<Measured> = one.iter().map(two).collect();
            one.into_iter().chain(twos).collect::<Vec<_>>()
        };
        let start = ["initialize-1", "initialize-5", "initialize-20", "first-slot-list-20", "finalize-20"];
        let operations = Operation::ALL.map(Operation::id).into_iter().chain(start).chain(["memory-20"]);
        let groups = operations.flat_map(|operation| {
            Native::ALL.map(|native| Group { operation: operation.to_owned(), native, legs: legs() })
        });
        let facts = Facts {
            mark: "2026-01-02T03:04:05Z".to_owned(),
            processor: "CPU".to_owned(),
            cores: 2,
            virtual_machine: true,
            system: "Linux".to_owned(),
            load: "0.1".to_owned(),
            rustc: "rustc".to_owned(),
            ukeyhub: "0.1.0".to_owned(),
            module: "00".to_owned(),
            p11_kit: "0.24".to_owned(),
            softhsm: "2.6".to_owned(),
            command: "cargo bench".to_owned(),
        };
        Record { facts: vec![facts], groups: groups.collect() }
    }

    #[test]
    fn a_record_never_overwrites_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let record = made_up(3.0, 4.0, 15.0);
        let (first, second) = (record.write(folder.path()).unwrap(), record.write(folder.path()).unwrap());
        assert!(first.ends_with("2026-01-02.md") && second.ends_with("2026-01-02-2.md"));
        assert!(folder.path().join("2026-01-02-2.csv").is_file());
    }

    #[test]
    fn the_table_has_a_line_for_each_bench_with_its_difference() {
        let csv = made_up(3.0, 4.0, 15.0).csv();
        assert!(csv.contains("get-session-info/mock/ukeyhub,ns,7.00,6.90,7.10,4.00,4.00,4.00,7.00,60\n"), "{csv}");
        let columns = csv.lines().map(|line| line.split(',').count()).collect::<std::collections::HashSet<_>>();
        assert_eq!(columns.len(), 1, "{csv}");
    }
}

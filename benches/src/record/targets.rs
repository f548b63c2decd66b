//! The design's targets for direct calls (design §4), each with what was measured. It must name every direct row.

use super::{Group, Record, Spread};
use crate::operations::Operation;
use crate::peers::{Native, Peer};
use crate::run::TWO_THREADS;

/// One row of the table of targets.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// What is measured.
    pub what: String,
    /// What the design asks for.
    pub target: String,
    /// What came out: the median and quartiles of all rounds.
    pub measured: String,
    /// The same of the least time of each: what is left when nothing disturbs.
    pub quietest: String,
    /// Whether the median is within the target; `None` where the design sets no target for direct use.
    pub met: Option<bool>,
}

/// What the design asks of a number.
#[derive(Clone, Copy)]
enum Target {
    AtMost(f64),
    AtLeast(f64),
    None,
}

/// How a number is written.
struct Unit {
    name: &'static str,
    size: f64,
    digits: usize,
}

const NANOSECONDS: Unit = Unit { name: " ns", size: 1.0, digits: 1 };
const MILLISECONDS: Unit = Unit { name: " ms", size: 1e6, digits: 2 };
const MEBIBYTES: Unit = Unit { name: " MiB", size: 1048576.0, digits: 2 };
const TIMES: Unit = Unit { name: " ×", size: 1.0, digits: 2 };

/// A number of the run: how its rounds spread, and what the least times give.
#[derive(Clone, Copy)]
struct Number {
    rounds: Spread,
    quietest: f64,
}

/// Every direct row of the design. A row without numbers is not met.
pub fn rows(record: &Record) -> Vec<Row> {
    let mut rows = Vec::new();
    for (operation, name) in [(Operation::GetSessionInfo, "C_GetSessionInfo"), (Operation::Sign, "C_SignInit + C_Sign")]
    {
        let group = record.group(operation.id(), Native::Mock);
        let added = |peer| Some(added(group?, peer)?.divided(f64::from(operation.calls())));
        let (ours, theirs) = (added(Peer::Ukeyhub), added(Peer::P11KitProxy));
        rows.push(row(format!("{name} on the mock, added per call"), Target::AtMost(6.0), ours, &NANOSECONDS));
        let part = ours.zip(theirs).map(|(ours, theirs)| Number {
            rounds: Spread::of([ours.rounds.median / theirs.rounds.median]),
            quietest: ours.quietest / theirs.quietest,
        });
        rows.push(row(
            format!("{name} on the mock, added, of what p11-kit-proxy adds"),
            Target::AtMost(0.5),
            part,
            &TIMES,
        ));
    }
    let scaling = record.group(Operation::Sign.id(), Native::Mock).and_then(scaling);
    let what = "C_SignInit + C_Sign on the mock, throughput of two threads over one".to_owned();
    rows.push(row(what, Target::AtLeast(1.8), scaling, &TIMES));
    let open_close = record.group(Operation::OpenCloseSession.id(), Native::Mock);
    let open_close = open_close.and_then(|group| added(group, Peer::Ukeyhub));
    let what = "C_OpenSession + C_CloseSession on the mock, added".to_owned();
    rows.push(row(what, Target::AtMost(50.0), open_close, &NANOSECONDS));
    for native in Native::ALL {
        let group = record.group("initialize-20", native);
        let over = group.and_then(|group| added(group, Peer::Ukeyhub));
        let what = format!("loading and C_Initialize of 20 libraries ({}), added to a bare loop", native.id());
        rows.push(row(what, Target::AtMost(2e6), over, &MILLISECONDS));
    }
    let finalize = record.group("finalize-20", Native::SoftHsm).and_then(|group| {
        let rounds = group.leg(Peer::Ukeyhub.id())?.spread();
        Some(Number { rounds, quietest: rounds.least })
    });
    let what = "C_Finalize with 20 libraries (softhsm)".to_owned();
    rows.push(row(what, Target::AtMost(20e6), finalize, &MILLISECONDS));
    for native in Native::ALL {
        let group = record.group("memory-20", native);
        let over = group.and_then(|group| added(group, Peer::Ukeyhub));
        let what = format!("memory in the host with 20 libraries ({}), added to bare", native.id());
        rows.push(row(what, Target::None, over, &MEBIBYTES));
    }
    rows
}

/// What a peer adds to the bare library.
fn added(group: &Group, peer: Peer) -> Option<Number> {
    Some(Number { rounds: group.over_bare(peer.id())?, quietest: group.least_over_bare(peer.id())? })
}

/// Throughput of two threads over one, through the module.
fn scaling(group: &Group) -> Option<Number> {
    let least = |name: &str| Some(group.leg(name)?.spread().least);
    let ours = Peer::Ukeyhub.id();
    let quietest = 2.0 * least(ours)? / least(&format!("{ours}{TWO_THREADS}"))?;
    Some(Number { rounds: group.scaling(Peer::Ukeyhub)?, quietest })
}

impl Number {
    fn divided(self, by: f64) -> Self {
        let Spread { least, quarter, median, three_quarters } = self.rounds;
        let rounds = Spread {
            least: least / by,
            quarter: quarter / by,
            median: median / by,
            three_quarters: three_quarters / by,
        };
        Self { rounds, quietest: self.quietest / by }
    }
}

fn row(what: String, target: Target, number: Option<Number>, unit: &Unit) -> Row {
    let name = unit.name;
    let plain = |number: f64| format!("{:.*}", unit.digits, number / unit.size);
    let missing = || "not measured".to_owned();
    Row {
        what,
        target: match target {
            Target::AtMost(most) => format!("≤ {}{name}", most / unit.size),
            Target::AtLeast(least) => format!("≥ {}{name}", least / unit.size),
            Target::None => "none for direct use (the design's is for workers)".to_owned(),
        },
        measured: number.map_or_else(missing, |Number { rounds, .. }| {
            let (low, high) = (plain(rounds.quarter), plain(rounds.three_quarters));
            let spread = if low == high { String::new() } else { format!(" ({low} … {high})") };
            format!("{}{name}{spread}", plain(rounds.median))
        }),
        quietest: number.map_or_else(missing, |number| format!("{}{name}", plain(number.quietest))),
        met: match target {
            Target::AtMost(most) => Some(number.is_some_and(|number| number.rounds.median <= most)),
            Target::AtLeast(least) => Some(number.is_some_and(|number| number.rounds.median >= least)),
            Target::None => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::made_up;
    use super::*;

    fn verdicts(record: &Record) -> Vec<Option<bool>> {
        rows(record).into_iter().map(|row| row.met).collect()
    }

    #[test]
    fn a_fast_run_meets_all() {
        assert!(verdicts(&made_up(3.0, 5.9, 30.0)).iter().all(|met| *met != Some(false)));
    }

    #[test]
    fn a_slow_run_is_said_to_miss() {
        let rows = rows(&made_up(3.0, 60.0, 61.0));
        let missed: Vec<&str> = rows.iter().filter(|row| row.met == Some(false)).map(|row| row.what.as_str()).collect();
        assert!(missed.iter().any(|what| what.contains("C_GetSessionInfo on the mock, added per call")), "{missed:?}");
        assert!(missed.iter().any(|what| what.contains("C_OpenSession")), "{missed:?}");
        assert!(missed.iter().any(|what| what.contains("of what p11-kit-proxy adds")), "{missed:?}");
    }

    #[test]
    fn a_row_without_numbers_is_not_met() {
        let mut record = made_up(3.0, 1.0, 30.0);
        record.groups.clear();
        assert!(verdicts(&record).iter().all(|met| *met != Some(true)));
    }
}

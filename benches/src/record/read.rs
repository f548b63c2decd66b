//! Reads criterion's estimates and the rounds kept beside them. It must refuse numbers of different runs, and gaps.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Record, Spread};
use crate::Failure;
use crate::cold::COUNTS;
use crate::facts::Facts;
use crate::operations::Operation;
use crate::peers::{Native, Peer};
use crate::run::{ROUNDS, TWO_THREADS};

/// The numbers of one operation on one library.
#[derive(Clone, Debug)]
pub struct Group {
    /// The operation's id.
    pub operation: String,
    /// The library behind all legs.
    pub native: Native,
    /// What was compared.
    pub legs: Vec<Measured>,
}

/// The numbers of one bench.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The last part of its id.
    pub name: String,
    /// Criterion's median with its 95 % confidence interval, in nanoseconds; `None` for memory.
    pub criterion: Option<(f64, f64, f64)>,
    /// Nanoseconds per iteration (bytes for memory), round by round, in step with the other legs of the group.
    pub rounds: Vec<f64>,
}

impl Measured {
    /// How the rounds spread.
    pub fn spread(&self) -> Spread {
        Spread::of(self.rounds.iter().copied())
    }
}

impl Group {
    /// The leg with this name.
    pub fn leg(&self, name: &str) -> Option<&Measured> {
        self.legs.iter().find(|leg| leg.name == name)
    }

    /// A bench's id.
    pub fn id(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.operation, self.native.id())
    }

    /// What the numbers count.
    pub fn unit(&self) -> &'static str {
        if self.operation.starts_with("memory") { "bytes" } else { "ns" }
    }

    /// `leg` less the bare library with as many threads, taken within each round. `None` for the bare library.
    pub fn over_bare(&self, leg: &str) -> Option<Spread> {
        let peer = leg.strip_suffix(TWO_THREADS).unwrap_or(leg);
        if peer == Peer::Bare.id() {
            return None;
        }
        let bare = self.leg(&leg.replacen(peer, Peer::Bare.id(), 1))?;
        let pairs = self.leg(leg)?.rounds.iter().zip(&bare.rounds);
        Some(Spread::of(pairs.map(|(through, bare)| through - bare)))
    }

    /// The least time of `leg` less the bare library's: what is left when nothing disturbs either.
    pub fn least_over_bare(&self, leg: &str) -> Option<f64> {
        Some(self.leg(leg)?.spread().least - self.leg(Peer::Bare.id())?.spread().least)
    }

    /// The throughput of two threads as a multiple of one's, taken within each round.
    pub fn scaling(&self, peer: Peer) -> Option<Spread> {
        let (one, two) = (self.leg(peer.id())?, self.leg(&format!("{}{TWO_THREADS}", peer.id()))?);
        Some(Spread::of(one.rounds.iter().zip(&two.rounds).map(|(one, two)| 2.0 * one / two)))
    }
}

/// What a whole run measures: operation, library, whether with two threads too, and the bench target it is part of.
fn plan() -> Vec<(String, Native, bool, &'static str)> {
    let mut plan = Vec::new();
    for native in Native::ALL {
        plan.extend(Operation::ALL.map(|operation| (operation.id().to_owned(), native, true, native.id())));
        let starts = COUNTS.map(|count| format!("initialize-{count}"));
        let others = ["first-slot-list-20", "finalize-20", "memory-20"].map(str::to_owned);
        plan.extend(starts.into_iter().chain(others).map(|operation| (operation, native, false, "start")));
    }
    plan
}

pub(super) fn record(criterion: &Path) -> Result<Record, Failure> {
    let folder = criterion.join(ROUNDS);
    let facts = ["mock", "softhsm", "start"].map(|target| facts(&folder.join(format!("{target}.json"))));
    let facts: Vec<Facts> = facts.into_iter().collect::<Result<_, _>>()?;
    let [mock, softhsm, start] = &facts[..] else {
        return Err(Failure::Setup("three bench targets expected".to_owned()));
    };
    if mock.module != softhsm.module || mock.module != start.module {
        return Err(Failure::Setup("the bench targets measured different modules: run them all again".to_owned()));
    }
    let mut groups = Vec::new();
    for (operation, native, both, target) in plan() {
        let path = folder.join(format!("{operation}.{}.csv", native.id()));
        let mark = match target {
            "mock" => &mock.mark,
            "softhsm" => &softhsm.mark,
            _ => &start.mark,
        };
        let mut legs = rounds(&path, mark)?;
        let wanted = Peer::ALL.len() * if both { 2 } else { 1 };
        if legs.len() != wanted {
            return Err(Failure::Setup(format!("{}: {} columns, not {wanted}", path.display(), legs.len())));
        }
        if operation != "memory-20" {
            for leg in &mut legs {
                let estimates = criterion.join(format!("{operation}_{}", native.id())).join(&leg.name);
                leg.criterion = Some(median(&estimates.join("new/estimates.json"))?);
            }
        }
        groups.push(Group { operation, native, legs });
    }
    Ok(Record { facts, groups })
}

fn text(path: &Path) -> Result<String, Failure> {
    let hint = "run the whole bench first: cargo bench -p ukeyhub-benches";
    fs::read_to_string(path).map_err(|error| Failure::Setup(format!("{}: {error}; {hint}", path.display())))
}

fn facts(path: &Path) -> Result<Facts, Failure> {
    serde_json::from_str(&text(path)?).map_err(Failure::during(path.display()))
}

/// The rounds of a group, which must be of the run with this mark.
fn rounds(path: &Path, mark: &str) -> Result<Vec<Measured>, Failure> {
    let wrong = |what: &str| Failure::Setup(format!("{}: {what}", path.display()));
    let text = text(path)?;
    let mut lines = text.lines();
    let mut header = lines.next().unwrap_or_default().split(',');
    if header.next() != Some(mark) {
        return Err(wrong("of another run than the rest: run the whole bench, without a filter"));
    }
    let leg = |name: &str| Measured { name: name.to_owned(), criterion: None, rounds: Vec::new() };
    let mut legs: Vec<Measured> = header.map(leg).collect();
    for line in lines {
        let numbers: Result<Vec<f64>, _> = line.split(',').skip(1).map(str::parse).collect();
        let numbers = numbers.map_err(|_| wrong("a line that holds no numbers"))?;
        if numbers.len() != legs.len() {
            return Err(wrong("a line of another length than the header"));
        }
        legs.iter_mut().zip(numbers).for_each(|(leg, number)| leg.rounds.push(number));
    }
    if legs.iter().any(|leg| leg.rounds.is_empty()) {
        return Err(wrong("no rounds"));
    }
    Ok(legs)
}

/// Criterion's median and its confidence interval.
fn median(path: &Path) -> Result<(f64, f64, f64), Failure> {
    let estimates: Value = serde_json::from_str(&text(path)?).map_err(Failure::during(path.display()))?;
    let median = &estimates["median"];
    let interval = &median["confidence_interval"];
    let number = |value: &Value| {
        value.as_f64().ok_or_else(|| Failure::Setup(format!("{}: no median as expected", path.display())))
    };
    Ok((number(&median["point_estimate"])?, number(&interval["lower_bound"])?, number(&interval["upper_bound"])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_of_another_run_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rounds.csv");
        fs::write(&path, "today,bare,ukeyhub\n10,3.0,8.5\n10,3.5,9.5\n").unwrap();
        let legs = rounds(&path, "today").unwrap();
        assert_eq!((legs[1].name.as_str(), &legs[1].rounds[..]), ("ukeyhub", &[8.5, 9.5][..]));
        assert!(rounds(&path, "yesterday").unwrap_err().to_string().contains("another run"));
        fs::write(&path, "today,bare,ukeyhub\n10,3.0\n").unwrap();
        assert!(rounds(&path, "today").is_err());
    }

    #[test]
    fn differences_are_taken_within_a_round() {
        let leg = |name: &str, rounds: &[f64]| Measured { name: name.into(), criterion: None, rounds: rounds.into() };
        let two = format!("ukeyhub{TWO_THREADS}");
        // The second round is slow for all: the difference stays.
        let legs = vec![leg("bare", &[3.0, 9.0]), leg("ukeyhub", &[8.0, 14.0]), leg(&two, &[8.0, 14.0])];
        let group = Group { operation: "sign".into(), native: Native::Mock, legs };
        assert_eq!(group.over_bare("ukeyhub").unwrap().three_quarters, 5.0);
        assert_eq!(group.over_bare("bare"), None);
        assert_eq!(group.least_over_bare("ukeyhub"), Some(5.0));
        assert_eq!(group.scaling(Peer::Ukeyhub).unwrap().median, 2.0);
    }

    #[test]
    fn a_folder_without_a_run_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        assert!(record(folder.path()).unwrap_err().to_string().contains("cargo bench -p ukeyhub-benches"));
    }
}

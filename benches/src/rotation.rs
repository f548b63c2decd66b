//! Measuring in rotation: whenever criterion asks one implementation for a sample, all of its group are timed one after
//! the other, each time in another order. So a slow moment of the machine falls on all of them, and differences are
//! taken within a round, never between two moments. It must not change a number that it hands to criterion.

use std::fs;
use std::path::Path;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode};

use crate::Failure;
use crate::run::Run;

/// Does something so many times and answers how long it took.
pub type Timer<'a> = Box<dyn FnMut(u64) -> Result<Duration, Failure> + 'a>;

/// One of the things that are compared.
pub struct Leg<'a> {
    /// The last part of the bench's id.
    pub name: String,
    /// What is timed.
    pub time: Timer<'a>,
}

/// One round: a time for each leg.
struct Round {
    times: u64,
    spans: Vec<Duration>,
}

/// Measures `legs` in one criterion group named `operation/library`, with so many samples of each, and keeps the rounds
/// beside criterion's files. Many short samples: a round of some milliseconds is rarely interrupted.
///
/// # Panics
/// When an answer is wrong: criterion takes no errors, and a wrong answer has no time.
#[expect(clippy::panic, reason = "criterion's closures take no errors")]
pub fn compare(criterion: &mut Criterion, run: &Run, id: (&str, &str), samples: usize, mut legs: Vec<Leg<'_>>) {
    let (operation, library) = id;
    let name = format!("{operation}/{library}");
    let mut group: BenchmarkGroup<'_, WallTime> = criterion.benchmark_group(&name);
    group.sampling_mode(SamplingMode::Flat).sample_size(samples);
    let names: Vec<String> = legs.iter().map(|leg| leg.name.clone()).collect();
    let mut kept = Vec::new();
    let mut count = 0;
    for (mine, leg) in names.iter().enumerate() {
        let mut rounds = Vec::new();
        group.bench_function(leg, |bencher| {
            bencher.iter_custom(|times| {
                let spans = round(&mut legs, count, times).unwrap_or_else(|error| panic!("{name}: {error}"));
                count += 1;
                let span = spans[mine];
                rounds.push(Round { times, spans });
                span
            });
        });
        // The rounds before are criterion's warming up.
        let warm = rounds.len().saturating_sub(samples);
        kept.extend(rounds.split_off(warm));
    }
    group.finish();
    if let Some(folder) = run.rounds_folder()
        && !kept.is_empty()
        && let Err(error) = write(&folder.join(format!("{operation}.{library}.csv")), run, &names, &kept)
    {
        panic!("{name}: {error}");
    }
}

/// Times every leg once, beginning at another one each time and going round the other way every second cycle.
fn round(legs: &mut [Leg<'_>], number: usize, times: u64) -> Result<Vec<Duration>, Failure> {
    let mut spans = vec![Duration::ZERO; legs.len()];
    for at in order(legs.len(), number) {
        spans[at] = (legs[at].time)(times)?;
    }
    Ok(spans)
}

fn order(count: usize, number: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).map(|step| (number + step) % count).collect();
    if (number / count) % 2 == 1 {
        order.reverse();
    }
    order
}

/// A header with the run's mark and the names, then nanoseconds per iteration.
fn write(path: &Path, run: &Run, names: &[String], rounds: &[Round]) -> Result<(), Failure> {
    let mut text = format!("{},{}\n", run.mark(), names.join(","));
    for round in rounds {
        let each = |span: &Duration| format!("{:.4}", span.as_nanos() as f64 / round.times as f64);
        let cells: Vec<String> = round.spans.iter().map(each).collect();
        text.push_str(&format!("{},{}\n", round.times, cells.join(",")));
    }
    fs::write(path, text).map_err(Failure::during(path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leg_is_at_every_place_equally_often() {
        let mut seen = [[0; 3]; 3];
        for number in 0..6 {
            for (place, leg) in order(3, number).into_iter().enumerate() {
                seen[place][leg] += 1;
            }
        }
        assert_eq!(seen, [[2; 3]; 3]);
    }

    #[test]
    fn no_leg_always_follows_the_same_one() {
        let follows = |number| {
            let order = order(3, number);
            (order[0], order[1])
        };
        assert!((0..6).map(follows).any(|pair| pair == (0, 1)) && (0..6).map(follows).any(|pair| pair == (1, 0)));
    }

    #[test]
    fn a_round_times_each_leg_and_stops_at_a_wrong_answer() {
        let leg = |nanoseconds| Leg {
            name: String::new(),
            time: Box::new(move |times| Ok(Duration::from_nanos(nanoseconds * times))),
        };
        let mut legs = vec![leg(3), leg(5)];
        assert_eq!(round(&mut legs, 1, 10).unwrap(), [Duration::from_nanos(30), Duration::from_nanos(50)]);
        legs.push(Leg { name: String::new(), time: Box::new(|_| Err(Failure::Wrong("x".into()))) });
        assert!(round(&mut legs, 0, 1).is_err());
    }
}

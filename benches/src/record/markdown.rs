//! The record as a page for people. It must show spreads beside medians, and the bare time beside every difference.

use super::{Group, Record, Spread, targets};
use crate::operations::Operation;
use crate::peers::{Native, Peer};
use crate::run::TWO_THREADS;

/// A load average at the start of a bench from which other programs share the processors. The bench target before
/// leaves up to two.
const BUSY: f64 = 2.5;

/// The whole page.
pub fn page(record: &Record, name: &str) -> String {
    let mut page = format!(
        "# Measured {}\n\n\
         Written by `cargo run -p ukeyhub-benches --bin record`; how it was measured and how to read it: \
         `../README.md`. All numbers: `{name}.csv`.\n\n",
        name.get(..10).unwrap_or(name)
    );
    page.push_str(&machine(record));
    page.push_str("\n## Targets for direct calls (design §4)\n\n");
    page.push_str(
        "Measured: median (quarter … three quarters) of the differences within rounds; the verdict goes by it. \
         Quietest: the same of the least time of each.\n\n",
    );
    page.push_str("| What | Target | Measured | Quietest | |\n|---|---|---|---|---|\n");
    for row in targets::rows(record) {
        let verdict = match row.met {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "–",
        };
        page.push_str(&format!(
            "| {} | {} | {} | {} | {verdict} |\n",
            row.what, row.target, row.measured, row.quietest
        ));
    }
    for native in Native::ALL {
        page.push_str(&format!("\n## Calls on {}, one thread\n\n{}", native.id(), calls(record, native, "")));
        page.push_str(&format!("\n## Calls on {}, two threads\n\n", native.id()));
        page.push_str(
            "Time per iteration of each of two threads with sessions of their own; × is the throughput of two \
                       over one.\n\n",
        );
        page.push_str(&calls(record, native, TWO_THREADS));
    }
    page.push_str("\n## Cold starts and memory\n\nEach in a process of its own.\n\n");
    page.push_str(&starts(record));
    page
}

fn machine(record: &Record) -> String {
    let Some(facts) = record.facts.first() else { return String::new() };
    let loads: Vec<&str> = record.facts.iter().map(|facts| facts.load.as_str()).collect();
    let loads = loads.join(", ");
    let busy = record.facts.iter().any(|facts| facts.load.parse().is_ok_and(|load: f64| load > BUSY));
    let machine = if facts.virtual_machine { "virtual machine" } else { "no hypervisor seen" };
    let warning = if busy {
        "\n**The machine was busy with other work: medians and spreads are larger than its own.**\n"
    } else {
        ""
    };
    format!(
        "| | |\n|---|---|\n| Started | {} |\n| Processor | {}, {} cores, {machine} |\n| System | {} |\n\
         | Load at the start of each bench | {loads} |\n| ukeyhub | {}, module SHA-256 {}… |\n\
         | p11-kit-proxy | {} |\n| SoftHSM2 | {} |\n\
         | Compiler | {} |\n| Command | `{}` |\n{warning}",
        facts.mark,
        facts.processor,
        facts.cores,
        facts.system,
        facts.ukeyhub,
        facts.module,
        facts.p11_kit,
        facts.softhsm,
        facts.rustc,
        facts.command
    )
}

fn calls(record: &Record, native: Native, threads: &str) -> String {
    let scaled = !threads.is_empty();
    let mut table = "| Operation | bare | ukeyhub adds | p11-kit-proxy adds |".to_owned();
    table.push_str(if scaled { " × bare | × ukeyhub | × p11-kit-proxy |\n" } else { "\n" });
    table.push_str(if scaled { "|---|---|---|---|---|---|---|\n" } else { "|---|---|---|---|\n" });
    for operation in Operation::ALL {
        let Some(group) = record.group(operation.id(), native) else { continue };
        table.push_str(&format!("| {} |{}", operation.id(), times(group, threads)));
        if scaled {
            for peer in Peer::ALL {
                let scaling = group.scaling(peer).map_or("–".to_owned(), |scaling| format!("{:.2}", scaling.median));
                table.push_str(&format!(" {scaling} |"));
            }
        }
        table.push('\n');
    }
    table
}

fn starts(record: &Record) -> String {
    let mut table = "| What | library | bare | ukeyhub adds | p11-kit-proxy adds |\n|---|---|---|---|---|\n".to_owned();
    let operations =
        ["initialize-1", "initialize-5", "initialize-20", "first-slot-list-20", "finalize-20", "memory-20"];
    for operation in operations {
        for native in Native::ALL {
            let Some(group) = record.group(operation, native) else { continue };
            table.push_str(&format!("| {operation} | {} |{}\n", native.id(), times(group, "")));
        }
    }
    table
}

/// The cells of a group: the bare median, and what the others add.
fn times(group: &Group, threads: &str) -> String {
    let Some(bare) = group.leg(&format!("{}{threads}", Peer::Bare.id())) else { return String::new() };
    let bare = bare.spread();
    let scale = Scale::of(group, bare.median);
    let mut cells = format!(" {} |", scale.plain(bare.median));
    for peer in [Peer::Ukeyhub, Peer::P11KitProxy] {
        let over = group.over_bare(&format!("{}{threads}", peer.id()));
        cells.push_str(&format!(" {} |", over.map_or("–".to_owned(), |over| scale.over(&over))));
    }
    cells
}

/// One unit for a whole row.
struct Scale {
    unit: &'static str,
    size: f64,
    digits: usize,
}

impl Scale {
    fn of(group: &Group, typical: f64) -> Self {
        let (unit, size) = match group.unit() {
            "bytes" => ("MiB", f64::from(1 << 20)),
            _ if typical < 1e4 => ("ns", 1.0),
            _ if typical < 1e6 => ("µs", 1e3),
            _ => ("ms", 1e6),
        };
        Self { unit, size, digits: if unit == "ns" { 1 } else { 2 } }
    }

    fn plain(&self, number: f64) -> String {
        format!("{:.*} {}", self.digits, number / self.size, self.unit)
    }

    fn over(&self, spread: &Spread) -> String {
        let number = |number: f64| format!("{:+.*}", self.digits, number / self.size);
        let (median, low, high) = (number(spread.median), number(spread.quarter), number(spread.three_quarters));
        format!("{median} ({low} … {high})")
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::made_up;
    use super::*;

    #[test]
    fn a_page_shows_differences_scaling_and_verdicts() {
        let page = page(&made_up(3.0, 60.0, 61.0), "2026-01-02");
        assert!(
            page.contains("| get-session-info | 3.0 ns | +60.0 (+60.0 … +60.0) | +61.0 (+61.0 … +61.0) |"),
            "{page}"
        );
        assert!(page.contains("| +61.0 (+61.0 … +61.0) | 2.00 | 2.00 | 2.00 |"), "{page}");
        assert!(page.contains("**missed**") && page.contains("| met |"), "{page}");
    }

    #[test]
    fn every_operation_has_its_line() {
        let page = page(&made_up(3.0, 4.0, 15.0), "2026-01-02");
        for operation in Operation::ALL {
            assert_eq!(page.matches(&format!("| {} |", operation.id())).count(), 4, "{}", operation.id());
        }
    }
}

//! What the built file exports and needs, as binutils see it.

use std::collections::BTreeSet;
use std::process::Command;

use ukeyhub_vendors::functions::ROWS;

fn said_by(program: &str, arguments: &[&str]) -> String {
    let module = ukeyhub_artefacts::module();
    let output = Command::new(program)
        .args(arguments)
        .arg(&module)
        .env("LC_ALL", "C")
        .output()
        .unwrap_or_else(|error| panic!("{program} does not run ({error}): apt install binutils"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_module_exports_the_functions_of_the_standard_and_nothing_else() {
    let table: BTreeSet<&str> = ROWS.iter().map(|row| row.name).collect();
    let text = said_by("nm", &["-D", "--defined-only"]);
    let exported: BTreeSet<&str> = text.lines().map(|line| line.split_whitespace().nth(2).unwrap()).collect();
    assert_eq!(exported.difference(&table).collect::<Vec<_>>(), Vec::<&&str>::new(), "exported beyond the table");
    assert_eq!(table.difference(&exported).collect::<Vec<_>>(), Vec::<&&str>::new(), "not exported");
    assert_eq!(exported.len(), 104);
}

#[test]
fn the_module_needs_the_c_library_and_the_compilers_own_only() {
    const ALLOWED: [&str; 6] =
        ["libc.so.6", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1"];
    let text = said_by("readelf", &["-d", "--wide"]);
    let needed: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .map(|line| line.split_once('[').unwrap().1.trim_end_matches(']'))
        .collect();
    assert!(!needed.is_empty(), "{text}");
    for library in needed {
        assert!(ALLOWED.contains(&library) || library.starts_with("ld-linux"), "the module needs {library}");
    }
}

#[test]
fn the_modules_own_calls_stay_within_it() {
    let text = said_by("readelf", &["-d", "--wide"]);
    let symbolic = text.lines().any(|line| line.contains("(SYMBOLIC)") || line.contains("SYMBOLIC"));
    assert!(symbolic, "not linked with -Bsymbolic:\n{text}");
    assert!(!text.contains("TEXTREL") && !text.contains("NODELETE"), "{text}");
}

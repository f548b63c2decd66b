//! Finds every public method of `Pkcs11` and `Session` in the crate's own source and fails when one is neither called nor
//! named here with a reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Answers;

/// Methods that are not called, with the reason.
const NOT_COVERED: &[(&str, &str)] = &[];

/// Compares the source with the names of the results. The methods that are left out are printed.
pub fn check(answers: &Answers) {
    let called: BTreeSet<String> =
        answers.keys().filter_map(|name| name.split_once(", ")).map(|(method, _)| method.to_owned()).collect();
    let public = public_methods(&source().join("src"));
    assert!(public.len() > 80, "only {} public methods were found: does the search still fit the crate?", public.len());
    let left_out: BTreeSet<String> = NOT_COVERED.iter().map(|(name, _)| (*name).to_owned()).collect();

    eprintln!("{} public methods, {} left out", public.len(), left_out.len());
    for (name, reason) in NOT_COVERED {
        eprintln!("not covered: {name}: {reason}");
    }
    let forgotten: Vec<_> = public.iter().filter(|name| !called.contains(*name) && !left_out.contains(*name)).collect();
    assert!(forgotten.is_empty(), "neither called nor left out with a reason: {forgotten:?}");
    let stale: Vec<_> = left_out.iter().filter(|name| called.contains(*name) || !public.contains(*name)).collect();
    assert!(stale.is_empty(), "left out, but called or no longer there: {stale:?}");
}

/// The folder of crate cryptoki as cargo unpacked it.
fn source() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--offline", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    // One look at one field does not need a JSON reader: the manifest of the package is the only path that ends so.
    let end = text.find("/cryptoki-0.12.1/Cargo.toml\"").expect("cargo names cryptoki 0.12.1");
    let start = text[..end].rfind('"').expect("a path stands in quotes") + 1;
    PathBuf::from(&text[start..end]).join("cryptoki-0.12.1")
}

/// `Type::method` for every `pub fn` in an `impl Pkcs11` or `impl Session` block.
fn public_methods(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in ["context", "session"] {
        for file in fs::read_dir(folder.join(part)).expect("the crate's source is there") {
            let file = file.expect("the folder can be read").path();
            let text = fs::read_to_string(&file).expect("a source file can be read");
            let mut block = None;
            for line in text.lines() {
                match line {
                    "impl Pkcs11 {" => block = Some("Pkcs11"),
                    "impl Session {" => block = Some("Session"),
                    "}" => block = None,
                    _ => {}
                }
                if let (Some(kind), Some(name)) = (block, public_function(line)) {
                    found.insert(format!("{kind}::{name}"));
                }
            }
        }
    }
    found
}

/// The name of the public function that a line declares.
fn public_function(line: &str) -> Option<&str> {
    let mut rest = line.strip_prefix("    pub ")?;
    for word in ["const ", "async ", "unsafe "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let name = rest.strip_prefix("fn ")?;
    name.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
}

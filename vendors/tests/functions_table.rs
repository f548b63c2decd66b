//! `docs/functions.md` is generated from the table of entry points; this test fails when the two differ.
//! `UKEYHUB_WRITE_DOCS=1 cargo test -p ukeyhub-vendors --test functions_table` writes it anew.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test may stop at the first surprise")]

use std::fmt::Write as _;

use ukeyhub_vendors::functions::{Class, ROWS, Row, Since};

#[test]
fn the_page_of_functions_is_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/functions.md");
    let wanted = page();
    if std::env::var_os("UKEYHUB_WRITE_DOCS").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap();
    assert!(found == wanted, "docs/functions.md is stale: run this test with UKEYHUB_WRITE_DOCS=1");
}

fn page() -> String {
    let mut page = String::from(
        "# Functions\n\nGenerated from `vendors/src/functions.rs`. Every function is offered to every host through the interfaces \
         2.40, 3.0, 3.1 and 3.2; what a library lacks and nobody stands in for answers CKR_FUNCTION_NOT_SUPPORTED.\n\n\
         | Function | Since | First argument | Answered by | Login | Answer |\n|---|---|---|---|---|---|\n",
    );
    for row in ROWS {
        writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} |",
            row.name,
            since(row.since),
            class(row.class),
            answered_by(row),
            login(row.login),
            output(row.output)
        )
        .unwrap();
    }
    page
}

fn since(since: Since) -> &'static str {
    match since {
        Since::v2_40 => "2.40",
        Since::v3_0 => "3.0",
        Since::v3_2 => "3.2",
    }
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Global => "–",
        Class::Slot => "slot",
        Class::Session => "session",
    }
}

fn answered_by(row: &Row) -> String {
    match row.by {
        "free" => "the module, also before C_Initialize".to_owned(),
        "module" => "the module".to_owned(),
        "pass" => "the library".to_owned(),
        "own" => format!("the library; {}", stand_in(row.name)),
        other => panic!("{}: unknown {other}", row.name),
    }
}

fn stand_in(name: &str) -> &'static str {
    match name {
        "C_GetSessionInfo" => "the slot id is ours",
        "C_LoginUser" => "without it, C_Login when the name is empty",
        "C_SessionCancel" => "without it, searches, digests and verifications only",
        name if name.contains("Sign") || name.contains("Verify") => "without it, over the plain functions",
        other => panic!("{other}: what stands in for it?"),
    }
}

fn login(login: &str) -> &str {
    match login {
        "none" => "–",
        "user" => "user, for private objects",
        "so" => "SO",
        "either" => "user or SO",
        other => panic!("unknown login rule {other}"),
    }
}

fn output(output: &str) -> &str {
    match output {
        "nothing" => "–",
        "structure" => "structure, cleared first",
        "length" => "bytes, by the length convention",
        "list" => "list",
        "handle" => "handle",
        "fill" => "fills the buffer",
        "query" => "attributes",
        "state" => "changes a state",
        other => panic!("unknown output rule {other}"),
    }
}

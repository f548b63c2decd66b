//! The page `docs/softkey-personalities.md`, made from the data; the test fails when page and data differ.
//! `UKEYHUB_WRITE_DOCS=1 cargo test -p ukeyhub-softkey personality` writes it anew.

use std::fmt::Write as _;

use super::{Personalities, Personality, SECTIONS, STANDARD};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/softkey-personalities.md");

const HEAD: &str = "\
# Personalities of the software key

Generated from `vendors/softkey/personalities/*.toml`. A key made with `ukeyhub softkey new --personality …` behaves as its \
personality says. The software key is for tests and demonstrations only; that it imitates a product is no statement of the \
product's maker.

- **Personality**: a row of a product stands only where something is known, or chosen, that differs in value or source from \
the standard personality; what is not listed is as there.
- **Source**: `§` is a section of the collected vendor facts. `[standard]`: GM/T 0016 or another named standard. \
`[seen: …]`: in that public repository. `[bin: …]`: read in the maker's binary. `[seed …]`: in a public help document. \
`[frag …]`: a fragment of public source. \"our choice\": nothing is known, some value is needed.
- **Mark**: *verified* is what was measured on the product or its library, read in its binary, or stands in the standard; all \
else is *not verified*.

";

fn cell(text: &str) -> String {
    if text.is_empty() { "(none)".into() } else { text.replace('|', "\\|") }
}

fn mark(verified: bool) -> &'static str {
    if verified { "verified" } else { "not verified" }
}

fn page(all: &Personalities) -> String {
    let standard = all.get(STANDARD).unwrap();
    let others: Vec<_> = all.iter().filter(|personality| personality.id != STANDARD).collect();
    let ordered: Vec<_> = std::iter::once(standard).chain(others.iter().copied()).collect();
    let mut page = HEAD.to_owned();
    page.push_str("| Personality | Chinese | English | Facts stated | Verified |\n|---|---|---|---|---|\n");
    for personality in &ordered {
        let rows = personality.rows();
        let own: Vec<_> = rows.iter().filter(|row| !row.inherited).collect();
        let verified = own.iter().filter(|row| row.verified).count();
        let (id, title) = (&personality.id, &personality.title);
        writeln!(page, "| {id} | {} | {} | {} | {verified} |", title.zh, title.en, own.len()).unwrap();
    }
    let base = standard.rows();
    for (section, meaning) in SECTIONS {
        writeln!(page, "\n## {}\n", meaning.trim().trim_end_matches('.')).unwrap();
        page.push_str("| Behaviour | Personality | Value | Source | Mark |\n|---|---|---|---|---|\n");
        for (at, row) in base.iter().enumerate().filter(|(_, row)| row.key.split('.').next() == Some(section)) {
            for personality in &ordered {
                let own = &personality.rows()[at];
                if own.inherited {
                    continue;
                }
                let behaviour =
                    if personality.id == STANDARD { format!("`{}`: {}", row.key, row.meaning) } else { String::new() };
                let (value, source, mark) = (cell(&own.value), cell(&own.source), mark(own.verified));
                writeln!(page, "| {} | {} | {value} | {source} | {mark} |", cell_or_ditto(&behaviour), personality.id)
                    .unwrap();
            }
        }
    }
    variants(&mut page, &ordered);
    notes(&mut page, &ordered);
    page
}

fn cell_or_ditto(behaviour: &str) -> String {
    if behaviour.is_empty() { "〃".into() } else { cell(behaviour) }
}

fn variants(page: &mut String, ordered: &[&Personality]) {
    page.push_str(
        "\n## Variants\n\nChosen with the option `variant`, several with commas. Those of the standard personality fit every \
         personality.\n\n| Personality | Variant | What differs | Options it sets | Source | Mark |\n|---|---|---|---|---|---|\n",
    );
    for personality in ordered {
        for variant in &personality.variants {
            let set: Vec<_> = variant.set.iter().map(|(key, value)| format!("`{key}` = {}", cell(value))).collect();
            let (source, mark) = (cell(&variant.source), mark(variant.verified));
            let (id, name, text) = (&personality.id, &variant.name, cell(&variant.text));
            writeln!(page, "| {id} | {name} | {text} | {} | {source} | {mark} |", set.join("<br>")).unwrap();
        }
    }
}

fn notes(page: &mut String, ordered: &[&Personality]) {
    page.push_str("\n## Facts without effect here\n\n| Personality | Fact | Source | Mark |\n|---|---|---|---|\n");
    for personality in ordered {
        for note in &personality.notes {
            let (text, source, mark) = (cell(&note.text), cell(&note.source), mark(note.verified));
            writeln!(page, "| {} | {text} | {source} | {mark} |", personality.id).unwrap();
        }
    }
}

#[test]
fn the_page_of_personalities_is_the_data() {
    let wanted = page(&Personalities::embedded().unwrap());
    if std::env::var_os("UKEYHUB_WRITE_DOCS").is_some() {
        std::fs::write(PAGE, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(PAGE).unwrap();
    assert!(found == wanted, "docs/softkey-personalities.md is stale: run this test with UKEYHUB_WRITE_DOCS=1");
}

//! Tables for people: aligned columns whose cells wrap when the terminal is narrow. A Chinese character is two columns
//! wide. Nothing is ever cut, and cells cannot drive the terminal. It must not know what it shows, nor print it.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::visible::visible;

const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";
/// Blanks before a row.
const INDENT: usize = 2;
/// Blanks between two columns.
const GAP: usize = 2;
/// No column is made narrower than this to fit a terminal; the terminal wraps the lines then.
const NARROWEST: usize = 10;

/// Text in bold type, for a terminal.
pub fn bold(text: &str) -> String {
    format!("{BOLD}{text}{PLAIN}")
}

/// Rows below headings.
pub struct Table {
    headings: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    cells: Vec<String>,
    notes: Vec<String>,
}

impl Table {
    /// A table without rows.
    pub fn new(headings: &[&str]) -> Self {
        Self { headings: headings.iter().map(|heading| visible(heading)).collect(), rows: Vec::new() }
    }

    /// Appends a row; an empty cell is shown as a dash.
    pub fn row(&mut self, cells: &[&str]) {
        let cell = |text: &&str| if text.is_empty() { "-".to_owned() } else { visible(text) };
        self.rows.push(Row { cells: cells.iter().map(cell).collect(), notes: Vec::new() });
    }

    /// Appends a line below the last row, across all columns.
    pub fn note(&mut self, text: &str) {
        if let Some(row) = self.rows.last_mut() {
            row.notes.push(visible(text));
        }
    }

    /// The table as lines, each at most `limit` columns wide where that is possible.
    pub fn render(&self, limit: Option<usize>) -> String {
        let widths = self.widths(limit);
        let mut text = String::new();
        let headings: String = lines_of(&self.headings, &widths).concat();
        text.push_str(&bold(headings.trim_end()));
        text.push('\n');
        for row in &self.rows {
            for line in lines_of(&row.cells, &widths) {
                text.push_str(line.trim_end());
                text.push('\n');
            }
            for note in &row.notes {
                let indent = 2 * INDENT;
                for line in wrap(note, limit.map_or(usize::MAX, |limit| limit.saturating_sub(indent).max(NARROWEST))) {
                    text.push_str(&" ".repeat(indent));
                    text.push_str(line.trim_end());
                    text.push('\n');
                }
            }
        }
        text
    }

    /// The width of each column: what its widest cell needs, then less for the widest columns until all fit.
    fn widths(&self, limit: Option<usize>) -> Vec<usize> {
        let needed = |at: usize| self.rows.iter().filter_map(|row| row.cells.get(at)).map(|cell| cell.width()).max();
        // A heading is never wrapped.
        let least: Vec<usize> = self.headings.iter().map(|heading| heading.width()).collect();
        let mut widths: Vec<usize> =
            least.iter().enumerate().map(|(at, heading)| needed(at).unwrap_or(0).max(*heading)).collect();
        let Some(limit) = limit else { return widths };
        let gaps = INDENT + GAP * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > limit {
            let shrinkable = widths.iter_mut().zip(&least).filter(|(width, least)| **width > NARROWEST.max(**least));
            let Some((widest, _)) = shrinkable.max_by_key(|(width, _)| **width) else { break };
            *widest -= 1;
        }
        widths
    }
}

/// The lines of one row; every cell is wrapped to its column.
fn lines_of(cells: &[String], widths: &[usize]) -> Vec<String> {
    let wrapped: Vec<Vec<String>> = cells.iter().zip(widths).map(|(cell, width)| wrap(cell, *width)).collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    let line = |at: usize| {
        let mut line = " ".repeat(INDENT);
        for (parts, width) in wrapped.iter().zip(widths) {
            let part = parts.get(at).map_or("", String::as_str);
            line.push_str(part);
            line.push_str(&" ".repeat(width.saturating_sub(part.width()) + GAP));
        }
        line
    };
    (0..height).map(line).collect()
}

/// Breaks a text at blanks where there are any, else between characters. A character that is wider than `width` stands
/// alone.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if line.width() + word.trim_end_matches(' ').width() <= width {
            line.push_str(word);
            continue;
        }
        // A word that would not fit a line of its own either goes on right here.
        if !line.is_empty() && word.trim_end_matches(' ').width() <= width {
            lines.push(std::mem::take(&mut line));
        }
        for character in word.chars() {
            let is_full = line.width() + character.width().unwrap_or(0) > width;
            if is_full && !line.is_empty() && character != ' ' {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    lines.push(line);
    // The blank at which a line was broken is not part of it.
    lines.iter_mut().for_each(|line| line.truncate(line.trim_end_matches(' ').len()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(table: &Table, limit: Option<usize>) -> String {
        anstream::adapter::strip_str(&table.render(limit)).to_string()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["NAME", "STATE", "FILE"]);
        table.row(&["soft", "ready", "/usr/lib/softhsm/libsofthsm2.so"]);
        table.row(&["a-longer-name", "", "/x.so"]);
        table.note("a note is not a cell");
        let expected = "  NAME           STATE  FILE\n  \
                        soft           ready  /usr/lib/softhsm/libsofthsm2.so\n  \
                        a-longer-name  -      /x.so\n    \
                        a note is not a cell\n";
        assert_eq!(plain(&table, None), expected);
    }

    #[test]
    fn a_chinese_character_takes_two_columns() {
        let mut table = Table::new(&["名称", "状态", "文件"]);
        table.row(&["测试锁一号", "可用", "/x.so"]);
        table.row(&["soft", "已跳过", "/y.so"]);
        let expected = "  名称        状态    文件\n  \
                        测试锁一号  可用    /x.so\n  \
                        soft        已跳过  /y.so\n";
        assert_eq!(plain(&table, None), expected);
    }

    #[test]
    fn a_narrow_terminal_wraps_the_widest_column_and_cuts_nothing() {
        let mut table = Table::new(&["NAME", "FILE"]);
        table.row(&["soft", "/usr/lib/softhsm/libsofthsm2.so"]);
        table.row(&["hard", "中文标签很长很长很长很长"]);
        table.note("skipped: a reason of several words");
        let expected = "  NAME  FILE\n  \
                        soft  /usr/lib/soft\n        \
                        hsm/libsofths\n        \
                        m2.so\n  \
                        hard  中文标签很长\n        \
                        很长很长很长\n    \
                        skipped: a reason\n    \
                        of several words\n";
        assert_eq!(plain(&table, Some(21)), expected);
        for line in plain(&table, Some(21)).lines() {
            assert!(line.width() <= 21, "{line:?}");
        }
    }

    #[test]
    fn words_move_to_the_next_line_whole() {
        assert_eq!(wrap("initialised, PIN set, login required", 16), ["initialised, PIN", "set, login", "required"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("中", 1), ["中"]);
        assert_eq!(wrap("abc 中文字", 5), ["abc", "中文", "字"]);
    }

    #[test]
    fn cells_cannot_drive_the_terminal() {
        let mut table = Table::new(&["LABEL"]);
        table.row(&["\u{1b}[31mred\nnext"]);
        assert_eq!(plain(&table, None), "  LABEL\n  \\u{1b}[31mred\\u{a}next\n");
    }
}

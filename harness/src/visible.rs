//! Text that others wrote (a token's label, a path) made fit to be shown: decoded, trimmed, and without any character
//! that would drive a terminal or hide what stands beside it. It must not guess an encoding.

use std::fmt::Write;

/// A field of fixed length as the standard has it: UTF-8, padded with blanks. Whatever is not UTF-8 becomes U+FFFD.
/// Some libraries end the text with a zero byte instead; some cut it within a character, which is then left out.
pub fn field(bytes: &[u8]) -> String {
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = match std::str::from_utf8(text) {
        Err(error) if error.error_len().is_none() => text.get(..error.valid_up_to()).unwrap_or(text),
        _ => text,
    };
    String::from_utf8_lossy(text).trim_end_matches(' ').to_owned()
}

/// The text with every character that is not plainly visible as `\u{…}`.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// JSON with every such character in the escaped form of JSON: the value is the same, and a terminal is safe.
/// Outside of strings JSON has only line feeds of that kind, and these stay.
pub fn visible_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if character != '\n' && is_unsafe(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String does not fail.
                _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Control characters, and those that are invisible or turn the direction of writing.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lose_their_padding_only() {
        assert_eq!(field(b"SoftHSM project                 "), "SoftHSM project");
        assert_eq!(field(b"  indented  "), "  indented");
        assert_eq!(field(b"label\0rubbish after it"), "label");
        assert_eq!(field(&[0; 16]), "");
        assert_eq!(field("测试锁".as_bytes()), "测试锁");
    }

    #[test]
    fn what_is_not_utf8_is_shown_as_such() {
        let cut = &"北京数字认证".as_bytes()[..16];
        assert_eq!(field(cut), "北京数字认", "cut within a character");
        let gbk = [0xb2, 0xe2, 0xca, 0xd4, b' ', b' '];
        assert!(field(&gbk).contains('\u{fffd}'));
        assert_eq!(field(&[b'a', 0xff, b'b']), "a\u{fffd}b");
    }

    #[test]
    fn a_label_cannot_drive_a_terminal() {
        assert_eq!(visible("\u{1b}[2Jowned\r\n\u{9b}1m"), "\\u{1b}[2Jowned\\u{d}\\u{a}\\u{9b}1m");
        assert_eq!(visible("left\u{202e}thgir\u{2066}\u{200b}"), "left\\u{202e}thgir\\u{2066}\\u{200b}");
        assert_eq!(visible("测试 key – ümläut"), "测试 key – ümläut");
    }

    #[test]
    fn json_keeps_its_values() {
        let value = "a\u{1b}\u{7f}\u{9b}\u{202e}\u{e0041}测\n\"";
        let json = serde_json::to_string_pretty(&[value]).unwrap();
        let shown = visible_json(&json);
        assert!(shown.lines().all(|line| !line.chars().any(is_unsafe)), "{shown:?}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&shown).unwrap(), [value]);
    }
}

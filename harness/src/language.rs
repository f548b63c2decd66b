//! Which language people are spoken to in: what `--lang` says, else the locale. Decided before the command line is
//! read, because help and complaints are in that language too.

use std::ffi::{OsStr, OsString};

use clap::ValueEnum;

use crate::messages::{EN, Words, ZH};

/// The language of texts for people. Names, JSON and logs are English in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Chinese
    Zh,
    /// English
    En,
}

impl Language {
    /// The language of a run with these arguments.
    pub fn chosen(arguments: &[OsString]) -> Self {
        asked_for(arguments).unwrap_or_else(|| Self::of(sys_locale::get_locale().as_deref()))
    }

    /// The texts of this language.
    pub fn words(self) -> &'static Words {
        match self {
            Self::Zh => &ZH,
            Self::En => &EN,
        }
    }

    fn of(locale: Option<&str>) -> Self {
        match locale {
            Some(name) if name.get(..2).is_some_and(|code| code.eq_ignore_ascii_case("zh")) => Self::Zh,
            _ => Self::En,
        }
    }
}

/// The last valid `--lang`. One that is not valid is left to the reader of the command line to complain of.
fn asked_for(arguments: &[OsString]) -> Option<Language> {
    let language = |name: &OsStr| Language::from_str(name.to_str()?, false).ok();
    let options = arguments.iter().skip(1).take_while(|argument| *argument != "--");
    let mut found = None;
    let mut value_follows = false;
    for argument in options {
        if value_follows {
            found = language(argument).or(found);
            value_follows = false;
        } else if argument == "--lang" {
            value_follows = true;
        } else if let Some(name) = argument.to_str().and_then(|argument| argument.strip_prefix("--lang=")) {
            found = language(name.as_ref()).or(found);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_locales_speak_chinese_and_all_others_english() {
        for name in ["zh-CN", "zh_CN.UTF-8", "zh-Hans-CN", "zh", "ZH-TW"] {
            assert_eq!(Language::of(Some(name)), Language::Zh, "{name}");
        }
        for name in [Some("en-US"), Some("C"), Some("de_DE.UTF-8"), Some("z"), Some("é"), Some(""), None] {
            assert_eq!(Language::of(name), Language::En, "{name:?}");
        }
    }

    #[test]
    fn the_option_is_found_before_the_command_line_is_read() {
        let asked = |line: &str| asked_for(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(asked("ukeyhub list --lang zh"), Some(Language::Zh));
        assert_eq!(asked("ukeyhub --lang=en list"), Some(Language::En));
        assert_eq!(asked("ukeyhub --lang zh --lang en list"), Some(Language::En));
        assert_eq!(asked("ukeyhub list --lang fr"), None);
        assert_eq!(asked("ukeyhub list --lang"), None);
        assert_eq!(asked("ukeyhub list -- --lang zh"), None);
        assert_eq!(asked("--lang=zh list"), None, "the program's own name is no option");
    }
}

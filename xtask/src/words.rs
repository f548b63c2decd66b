//! What is said to people, in Chinese or English. Each message is written in both languages where it is said, so that
//! neither can be forgotten. Nothing is decided here.

use std::fmt::Display;

use clap::ValueEnum;

/// The language of messages. Names of programs, packages and mechanisms are the same in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Chinese
    Zh,
    /// English
    En,
}

impl Language {
    /// The language of the process's locale; English when there is none or another one.
    pub fn of_locale() -> Self {
        Self::named(sys_locale::get_locale().as_deref())
    }

    fn named(locale: Option<&str>) -> Self {
        match locale {
            Some(name) if name.starts_with("zh") => Self::Zh,
            _ => Self::En,
        }
    }

    /// The value `--lang` takes.
    pub fn code(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }
}

/// Where messages go: results and progress to standard output, failures to standard error.
pub struct Console {
    language: Language,
}

impl Console {
    /// A console that speaks `language`.
    pub fn new(language: Language) -> Self {
        Self { language }
    }

    /// The language spoken.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The one of two wordings that is in the console's language.
    pub fn pick(&self, english: impl Display, chinese: impl Display) -> String {
        match self.language {
            Language::En => english.to_string(),
            Language::Zh => chinese.to_string(),
        }
    }

    /// Announces a step.
    pub fn step(&self, english: impl Display, chinese: impl Display) {
        println!("==> {}", self.pick(english, chinese));
    }

    /// Says something within a step, or a result.
    pub fn line(&self, english: impl Display, chinese: impl Display) {
        println!("{}", self.pick(english, chinese));
    }

    /// Prints text that has no language: a table, a command line, a program's output.
    pub fn plain(&self, text: impl Display) {
        println!("{text}");
    }

    /// Says why the command fails.
    pub fn error(&self, text: impl Display) {
        eprintln!("{} {text}", self.pick("error:", "错误："));
    }
}

#[cfg(test)]
mod tests {
    use super::{Console, Language};

    #[test]
    fn chinese_locales_speak_chinese_and_all_others_english() {
        for name in ["zh-CN", "zh_CN.UTF-8", "zh-Hans-CN", "zh"] {
            assert_eq!(Language::named(Some(name)), Language::Zh, "{name}");
        }
        for name in [Some("en-US"), Some("C"), Some("de_DE.UTF-8"), Some(""), None] {
            assert_eq!(Language::named(name), Language::En, "{name:?}");
        }
    }

    #[test]
    fn a_message_is_said_in_the_consoles_language() {
        assert_eq!(Console::new(Language::Zh).pick("one", "一"), "一");
        assert_eq!(Console::new(Language::En).pick("one", "一"), "one");
    }
}

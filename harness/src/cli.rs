//! The command line: which subcommands and options there are, and their help in the chosen language.
//! It must not act, and it prints nothing: it answers what is to be printed.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Args, Command, CommandFactory, FromArgMatches, Parser};

use crate::language::Language;
use crate::list;
use crate::messages::{BadUsage, Words};

/// The command line as it was understood.
pub enum Parsed {
    /// Run this.
    Run(Subcommand),
    /// Print this as the result: help or version, asked for.
    Help(String),
    /// The command line is wrong, and this is why.
    Wrong(String),
}

/// What `ukeyhub` can be asked to do. Help texts stand in `messages`, by language.
#[derive(Parser)]
#[command(name = "ukeyhub", version, disable_help_subcommand = true, arg_required_else_help = true)]
struct CommandLine {
    #[command(flatten)]
    _everywhere: Everywhere,
    #[command(subcommand)]
    subcommand: Subcommand,
}

#[derive(Args)]
struct Everywhere {
    /// Read by `Language::chosen` before; here it is only checked.
    #[arg(long, global = true, value_enum, value_name = "LANG", hide_possible_values = true)]
    lang: Option<Language>,
}

/// One subcommand with its options.
#[derive(clap::Subcommand)]
pub enum Subcommand {
    /// `ukeyhub list`.
    List(list::Arguments),
}

/// Reads the command line.
pub fn parse(arguments: &[OsString], language: Language) -> Parsed {
    let words = language.words();
    let read = localized(CommandLine::command(), words)
        .try_get_matches_from(arguments)
        .and_then(|matches| CommandLine::from_arg_matches(&matches));
    match read {
        Ok(line) => Parsed::Run(line.subcommand),
        Err(error) => {
            let text = error.render().ansi().to_string();
            match (error.kind(), words.bad_usage) {
                (ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, _) => Parsed::Help(text),
                (_, Some(bad_usage)) => Parsed::Wrong(explained(&error, words, bad_usage).unwrap_or(plain(&error))),
                _ => Parsed::Wrong(plain(&error)),
            }
        }
    }
}

fn plain(error: &clap::Error) -> String {
    error.render().to_string()
}

/// Gives every command and option its texts.
fn localized(command: Command, words: &'static Words) -> Command {
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help(words.help).global(true);
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version).help(words.version);
    command
        .about(words.about)
        .override_usage(words.root_usage)
        .after_help(words.exit_codes)
        .help_template(template(words, true))
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(help)
        .arg(version)
        .mut_arg("lang", |arg| arg.help(words.lang))
        .mut_subcommand("list", |list| {
            list.about(words.list_about)
                .override_usage(words.list_usage)
                .after_help(words.list_exit_codes)
                .help_template(template(words, false))
                .mut_arg("json", |arg| arg.help(words.json))
        })
}

fn template(words: &Words, has_commands: bool) -> String {
    let commands = if has_commands { format!("{}\n{{subcommands}}\n\n", words.commands) } else { String::new() };
    format!("{{about}}\n\n{}{{usage}}\n\n{commands}{}\n{{options}}{{after-help}}", words.usage, words.options)
}

/// What is wrong, in a language that clap does not speak. `None` for what has no text of ours.
fn explained(error: &clap::Error, words: &Words, bad: &BadUsage) -> Option<String> {
    let said = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join("、")),
        _ => None,
    };
    let argument = || said(ContextKind::InvalidArg);
    let what = match error.kind() {
        ErrorKind::UnknownArgument => (bad.unknown_argument)(&argument()?),
        ErrorKind::InvalidSubcommand => (bad.unknown_command)(&said(ContextKind::InvalidSubcommand)?),
        ErrorKind::InvalidValue => (bad.bad_value)(
            &argument()?,
            &said(ContextKind::InvalidValue).unwrap_or_default(),
            &said(ContextKind::ValidValue)?,
        ),
        ErrorKind::ArgumentConflict => (bad.repeated)(&argument()?),
        ErrorKind::TooManyValues => (bad.superfluous_value)(&argument()?),
        ErrorKind::MissingSubcommand => bad.no_command.to_owned(),
        _ => return None,
    };
    Some(format!("{}{what}\n{}", words.error, bad.see_help))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str, language: Language) -> Parsed {
        parse(&line.split(' ').map(OsString::from).collect::<Vec<_>>(), language)
    }

    fn complaint(line: &str, language: Language) -> String {
        match parsed(line, language) {
            Parsed::Wrong(text) => text,
            Parsed::Run(_) | Parsed::Help(_) => panic!("{line:?} is understood"),
        }
    }

    fn help(line: &str, language: Language) -> String {
        match parsed(line, language) {
            Parsed::Help(text) => anstream::adapter::strip_str(&text).to_string(),
            Parsed::Run(_) | Parsed::Wrong(_) => panic!("{line:?} is no call for help"),
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        for language in [Language::En, Language::Zh] {
            localized(CommandLine::command(), language.words()).debug_assert();
        }
    }

    #[test]
    fn every_command_and_option_has_its_text_in_both_languages() {
        for language in [Language::En, Language::Zh] {
            let mut root = localized(CommandLine::command(), language.words());
            root.build();
            for command in std::iter::once(&root).chain(root.get_subcommands()) {
                let name = command.get_name();
                assert!(command.get_about().is_some(), "{name}");
                assert!(command.get_after_help().is_some(), "{name} documents its exit codes");
                for option in command.get_arguments() {
                    assert!(option.get_help().is_some(), "{name} {} in {language:?}", option.get_id());
                }
            }
        }
    }

    #[test]
    fn help_is_in_the_chosen_language() {
        let english = help("ukeyhub list --help", Language::En);
        assert!(english.contains("Usage: ukeyhub list [OPTIONS]") && english.contains("--json"), "{english}");
        assert!(english.contains("Exit codes:\n  0  listed"), "{english}");
        let chinese = help("ukeyhub list -h", Language::Zh);
        assert!(
            chinese.contains("用法：ukeyhub list [选项]") && chinese.contains("退出码：\n  0  已列出"),
            "{chinese}"
        );
        assert!(!chinese.contains("Usage") && !chinese.contains("Print"), "{chinese}");
        assert!(help("ukeyhub --help", Language::Zh).contains("命令："));
        assert!(help("ukeyhub --version", Language::En).starts_with("ukeyhub "));
    }

    #[test]
    fn complaints_are_in_the_chosen_language() {
        let english = complaint("ukeyhub list --jsn", Language::En);
        assert!(english.contains("unexpected argument '--jsn'"), "{english}");
        for (line, expected) in [
            ("ukeyhub list --jsn", "错误：不认识的参数“--jsn”"),
            ("ukeyhub list extra", "错误：不认识的参数“extra”"),
            ("ukeyhub lst", "错误：不认识的命令“lst”"),
            ("ukeyhub list --lang fr", "的值“fr”无效，可用的值：zh、en"),
            ("ukeyhub list --json --json", "只能使用一次"),
            ("ukeyhub list --json=1", "不带值"),
            ("ukeyhub list --lang", "的值“”无效"),
            ("ukeyhub --lang zh", "没有指定命令"),
        ] {
            let chinese = complaint(line, Language::Zh);
            assert!(chinese.contains(expected), "{line:?}: {chinese}");
        }
    }

    #[test]
    fn no_subcommand_shows_the_help_but_is_wrong() {
        assert!(complaint("ukeyhub", Language::Zh).contains("用法："));
    }
}

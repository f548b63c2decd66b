//! Running other programs: always without standard input, so that nothing waits for an answer in CI; a program that
//! cannot be started or ends badly is a failure that names it. Nothing here knows what the programs are for.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Why a task ends with a non-zero exit code: a sentence for the person who ran it.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this sentence.
    pub fn new(text: impl fmt::Display) -> Self {
        Self(text.to_string())
    }
}

/// Turns any error into a failure that first says what was being done: for `map_err`.
pub fn during<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Failure {
    move |error| Failure(format!("{what}: {error}"))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a program that ran to its end left behind.
pub struct Ended {
    /// Whether it ended with exit code 0
    pub success: bool,
    /// What it wrote to standard output
    pub output: String,
    /// What it wrote to standard error
    pub errors: String,
}

/// Prints the command line, runs the program with its output shown, and fails unless it ends with exit code 0.
pub fn show(command: &mut Command) -> Result<(), Failure> {
    println!("  $ {}", command_line(command));
    let status = command.stdin(Stdio::null()).status().map_err(not_started(command))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format_args!("`{}` failed: {status}", command_line(command))))
}

/// Runs the program with its output captured; only a program that cannot be started is a failure.
pub fn capture(command: &mut Command) -> Result<Ended, Failure> {
    let output = command.stdin(Stdio::null()).output().map_err(not_started(command))?;
    Ok(Ended {
        success: output.status.success(),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Runs the program and returns its standard output; a bad end is a failure with what it wrote. The arguments are left
/// out of the failure: some tools take a PIN there.
pub fn output_of(command: &mut Command) -> Result<String, Failure> {
    let ended = capture(command)?;
    if ended.success {
        return Ok(ended.output);
    }
    let program = command.get_program().to_string_lossy();
    Err(Failure::new(format_args!("{program} failed:\n{}{}", ended.output, ended.errors)))
}

/// The program as `cargo` itself started us: the same toolchain.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A command as one would type it, with the variables set for it; PATH is left out, it is long and says little.
pub fn command_line(command: &Command) -> String {
    let variables = command
        .get_envs()
        .filter(|(name, _)| *name != "PATH")
        .filter_map(|(name, value)| value.map(|value| format!("{}={}", name.to_string_lossy(), quoted(value))));
    // cargo gives its whole path; people type its name.
    let program = match Path::new(command.get_program()).file_name() {
        Some(name) if name == "cargo" => name,
        _ => command.get_program(),
    };
    let words = std::iter::once(program).chain(command.get_args()).map(quoted);
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn not_started(command: &Command) -> impl FnOnce(std::io::Error) -> Failure + use<> {
    during(format!("cannot start {}", command.get_program().to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{capture, command_line, output_of, show};

    #[test]
    fn a_command_line_can_be_typed_as_it_is_shown() {
        let mut command = Command::new("apt-get");
        command.args(["install", "-o", "A::B=1", "two words", "it's", ""]).env("LANG", "C");
        assert_eq!(command_line(&command), r"LANG=C apt-get install -o A::B=1 'two words' 'it'\''s' ''");
        assert_eq!(command_line(Command::new("/rust/bin/cargo").arg("test")), "cargo test");
    }

    #[test]
    fn a_bad_end_is_a_failure_that_says_what_the_program_wrote_and_hides_its_arguments() {
        let failure = output_of(Command::new("sh").args(["-c", "echo seen >&2; exit 3", "--pin", "4711"]));
        let text = failure.unwrap_err().to_string();
        assert!(text.contains("sh failed") && text.contains("seen"), "{text}");
        assert!(!text.contains("4711"), "{text}");
        assert!(show(Command::new("sh").args(["-c", "exit 3"])).unwrap_err().to_string().contains("exit status: 3"));
    }

    #[test]
    fn a_program_that_is_not_there_is_a_failure_that_names_it() {
        let failure = capture(&mut Command::new("no-such-program")).err().unwrap().to_string();
        assert!(failure.starts_with("cannot start no-such-program"), "{failure}");
    }

    #[test]
    fn nothing_waits_for_standard_input() {
        assert_eq!(output_of(&mut Command::new("cat")).unwrap(), "");
    }
}

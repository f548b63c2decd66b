//! The texts in English. It must not hold logic beyond grammar.

use super::{TokenState, Words};

/// English.
pub static EN: Words = Words {
    about: "Shows what the ukeyhub module sees: key libraries, slots, tokens, and why something is not usable.",
    list_about: "List libraries, slots and tokens as programs see them through the module",
    json: "Print JSON for programs (format \"ukeyhub.list\", version 1) instead of tables",
    lang: "Language of texts for people: zh or en; the locale decides when absent",
    help: "Print this help",
    version: "Print the version",
    usage: "Usage: ",
    commands: "Commands:",
    options: "Options:",
    root_usage: "ukeyhub [OPTIONS] <COMMAND>",
    list_usage: "ukeyhub list [OPTIONS]",
    exit_codes: "\
Exit codes:
  0  done, also when there was nothing to show
  1  the command itself failed, for example its output could not be written
  2  the command line is wrong
  3  the configuration cannot be used; the reason is on standard error
  4  all configured libraries were skipped",
    list_exit_codes: "\
The result goes to standard output, everything else to standard error. Nothing is asked, no PIN is used, and nothing on \
a token is changed. Libraries run inside this process: if one crashes, so does this command.

Exit codes:
  0  listed, also when nothing is configured or only some libraries were skipped
  1  the result could not be written
  2  the command line is wrong
  3  the configuration cannot be used; the reason is on standard error
  4  all configured libraries were skipped; the list is printed all the same",

    error: "error: ",
    bad_configuration: "the configuration cannot be used: ",
    bad_output: "the result cannot be written: ",
    bad_usage: None,

    configuration: "Configuration",
    built_in: "built-in (no configuration file was found)",
    log_file: "Log file",
    no_log: "none",
    libraries: "Libraries",
    no_libraries: "none: the configuration names no library",
    library_headings: ["NAME", "STATE", "PROFILE", "INTERFACE", "MANUFACTURER", "VERSION", "FILE"],
    ready: "ready",
    skipped: "skipped",
    answered: |function, value| format!("{function} answered {value}"),
    slots: "Slots",
    no_slots: "none",
    slot_headings: ["ID", "DECIMAL", "LIBRARY", "TOKEN", "DESCRIPTION"],
    present: "present",
    absent: "absent",
    tokens: "Tokens",
    token_headings: ["SLOT", "LABEL", "MANUFACTURER", "MODEL", "SERIAL", "STATE"],
    state: TokenState {
        initialised: "initialised",
        not_initialised: "not initialised",
        pin_set: "PIN set",
        no_pin: "no PIN set",
        login_required: "login required",
        protected_path: "PIN entered on the device",
        write_protected: "write protected",
        pin_count_low: "a wrong PIN was entered",
        pin_final_try: "last PIN try",
        pin_locked: "PIN locked",
        pin_to_be_changed: "PIN must be changed",
        so_pin_count_low: "a wrong SO PIN was entered",
        so_pin_final_try: "last SO PIN try",
        so_pin_locked: "SO PIN locked",
        so_pin_to_be_changed: "SO PIN must be changed",
        error_state: "out of order",
    },
    separator: ", ",
    profiles_skipped: "Profiles skipped",
    profile_headings: ["FILE", "REASON"],
    summary: |libraries, skipped, slots, tokens| {
        format!(
            "{}, {skipped} skipped; {}, {tokens} with a token",
            counted(libraries, "library", "libraries"),
            counted(slots, "slot", "slots")
        )
    },
};

fn counted(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

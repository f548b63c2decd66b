//! Everything the command says to people. One field per text, so that a text missing in one language does not compile.
//! Chinese terms are fixed for the whole project. It must not decide anything.

mod en;
mod zh;

pub use en::EN;
pub use zh::ZH;

/// The texts of one language. Where a text ends in a colon, what it introduces follows at once.
pub struct Words {
    // Help
    pub about: &'static str,
    pub list_about: &'static str,
    pub json: &'static str,
    pub lang: &'static str,
    pub help: &'static str,
    pub version: &'static str,
    pub usage: &'static str,
    pub commands: &'static str,
    pub options: &'static str,
    pub root_usage: &'static str,
    pub list_usage: &'static str,
    pub exit_codes: &'static str,
    pub list_exit_codes: &'static str,

    // Faults
    pub error: &'static str,
    pub bad_configuration: &'static str,
    pub bad_output: &'static str,
    /// `None` where clap's own English is what people shall read.
    pub bad_usage: Option<&'static BadUsage>,

    // ukeyhub list
    pub configuration: &'static str,
    pub built_in: &'static str,
    pub log_file: &'static str,
    pub no_log: &'static str,
    pub libraries: &'static str,
    pub no_libraries: &'static str,
    pub library_headings: [&'static str; 7],
    pub ready: &'static str,
    pub skipped: &'static str,
    /// Function, return value.
    pub answered: fn(&str, &str) -> String,
    pub slots: &'static str,
    pub no_slots: &'static str,
    pub slot_headings: [&'static str; 5],
    pub present: &'static str,
    pub absent: &'static str,
    pub tokens: &'static str,
    pub token_headings: [&'static str; 6],
    pub state: TokenState,
    pub separator: &'static str,
    pub profiles_skipped: &'static str,
    pub profile_headings: [&'static str; 2],
    /// Libraries, of these skipped, slots, of these with a token.
    pub summary: fn(usize, usize, usize, usize) -> String,
}

/// Complaints about the command line, each with the argument or value in it.
pub struct BadUsage {
    pub unknown_argument: fn(&str) -> String,
    pub unknown_command: fn(&str) -> String,
    /// Argument, value, what would be valid.
    pub bad_value: fn(&str, &str, &str) -> String,
    pub repeated: fn(&str) -> String,
    pub superfluous_value: fn(&str) -> String,
    pub no_command: &'static str,
    pub see_help: &'static str,
}

/// What the flags of a token mean to people (PKCS#11 3.0, CK_TOKEN_INFO).
pub struct TokenState {
    pub initialised: &'static str,
    pub not_initialised: &'static str,
    pub pin_set: &'static str,
    pub no_pin: &'static str,
    pub login_required: &'static str,
    pub protected_path: &'static str,
    pub write_protected: &'static str,
    pub pin_count_low: &'static str,
    pub pin_final_try: &'static str,
    pub pin_locked: &'static str,
    pub pin_to_be_changed: &'static str,
    pub so_pin_count_low: &'static str,
    pub so_pin_final_try: &'static str,
    pub so_pin_locked: &'static str,
    pub so_pin_to_be_changed: &'static str,
    pub error_state: &'static str,
}

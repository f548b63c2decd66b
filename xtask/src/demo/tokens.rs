//! The two throw-away tokens and the configuration that puts both libraries behind the module. Everything lives in one
//! temporary folder that only the caller can enter; neither the system's nor the user's own tokens are touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::packages::{Machine, SOFTHSM, SOFTOKN};
use crate::run::{self, Failure, during};
use crate::words::Console;

/// Opens tokens that exist for a few seconds and hold nothing: not a secret.
const PIN: &str = "20481024";

/// A native library with one token of ours.
pub struct Library {
    /// The name in the configuration
    pub name: &'static str,
    /// The profile in the configuration
    pub profile: &'static str,
    /// The shared library
    pub path: PathBuf,
    /// The label of the token
    pub token: &'static str,
    /// What the library's C_Initialize is given in pReserved
    pub init_string: Option<String>,
}

/// Where both libraries are, and how their tokens are called.
pub fn libraries(console: &Console, machine: &Machine, folder: &Path) -> Result<[Library; 2], Failure> {
    let find = |names: &[&str]| {
        machine.library(names).ok_or_else(|| {
            Failure::new(console.pick(
                format_args!("{} is not in the folders for libraries", names[0]),
                format_args!("系统库目录中没有 {}", names[0]),
            ))
        })
    };
    let nss = folder.join("nss");
    let parameters = format!("configdir='sql:{}' certPrefix='' keyPrefix='' secmod='secmod.db' flags=", nss.display());
    Ok([
        Library { name: "soft", profile: "softhsm", path: find(SOFTHSM)?, token: "ukeyhub demo", init_string: None },
        Library {
            name: "nss",
            profile: "nss",
            path: find(SOFTOKN)?,
            // NSS gives the token of every database this name.
            token: "NSS Certificate DB",
            init_string: Some(parameters),
        },
    ])
}

/// Makes both tokens and the configuration in `folder`.
pub fn make(console: &Console, machine: &Machine, folder: &Path) -> Result<[Library; 2], Failure> {
    let libraries = libraries(console, machine, folder)?;
    let [softhsm, nss] = &libraries;
    write(&pin_file(folder), PIN)?;
    make_softhsm(softhsm, folder)?;
    make_nss(&folder.join("nss"), &pin_file(folder))?;
    write(&configuration_file(folder), &configuration(&libraries))?;
    for library in [softhsm, nss] {
        console.line(
            format_args!("  \"{}\" in {}", library.token, library.path.display()),
            format_args!("  令牌“{}”，原生库 {}", library.token, library.path.display()),
        );
    }
    Ok(libraries)
}

/// The file with the PIN of both tokens.
pub fn pin_file(folder: &Path) -> PathBuf {
    folder.join("pin")
}

/// Sets what the module and the libraries read from the environment: this configuration and these tokens only.
pub fn environment<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command
        .env("UKEYHUB_CONFIG", configuration_file(folder))
        .env("UKEYHUB_LOG_FILE", folder.join("ukeyhub.log"))
        .env("SOFTHSM2_CONF", softhsm_file(folder))
}

fn configuration_file(folder: &Path) -> PathBuf {
    folder.join("ukeyhub.toml")
}

fn softhsm_file(folder: &Path) -> PathBuf {
    folder.join("softhsm2.conf")
}

fn make_softhsm(library: &Library, folder: &Path) -> Result<(), Failure> {
    let tokens = folder.join("softhsm");
    fs::create_dir(&tokens).map_err(during(tokens.display()))?;
    let settings =
        format!("directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n", tokens.display());
    write(&softhsm_file(folder), &settings)?;
    let mut tool = Command::new("softhsm2-util");
    tool.env("SOFTHSM2_CONF", softhsm_file(folder)).arg("--module").arg(&library.path);
    // The tool takes PINs on its command line or from a terminal only.
    tool.args(["--init-token", "--free", "--label", library.token, "--so-pin", PIN, "--pin", PIN]);
    run::output_of(&mut tool).map(drop)
}

fn make_nss(database: &Path, pin: &Path) -> Result<(), Failure> {
    fs::create_dir(database).map_err(during(database.display()))?;
    let mut tool = Command::new("certutil");
    tool.arg("-N").arg("-d").arg(format!("sql:{}", database.display())).arg("-f").arg(pin);
    run::output_of(&mut tool).map(drop)
}

fn configuration(libraries: &[Library]) -> String {
    let mut text = String::from("discover = false\n");
    for Library { name, profile, path, init_string, .. } in libraries {
        let path = quoted(&path.to_string_lossy());
        text += &format!("\n[[library]]\nname = \"{name}\"\nprofile = \"{profile}\"\npath = {path}\n");
        if let Some(parameters) = init_string {
            text += &format!("init-string = {}\n", quoted(parameters));
        }
    }
    text
}

/// A TOML basic string. TOML knows every escape that JSON writes.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(during(path.display()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Library, configuration};

    #[test]
    fn the_configuration_names_both_libraries_and_quotes_what_needs_it() {
        let library = |name, init_string| Library {
            name,
            profile: "nss",
            path: Path::new("/a \"b\"\\c.so").into(),
            token: "t",
            init_string,
        };
        let text = configuration(&[library("x", None), library("y", Some("configdir='sql:/d'".into()))]);
        let expected = r#"discover = false

[[library]]
name = "x"
profile = "nss"
path = "/a \"b\"\\c.so"

[[library]]
name = "y"
profile = "nss"
path = "/a \"b\"\\c.so"
init-string = "configdir='sql:/d'"
"#;
        assert_eq!(text, expected);
    }
}

//! What programs run on: a token with keys, a configuration that names SoftHSM2, a private home, and an environment that
//! holds nothing else of the developer's.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use ukeyhub_artefacts::softhsm::{self, LABEL, Store, USER_PIN};
use ukeyhub_artefacts::{ConfigFile, config, module};

/// A token and the two ways to it. The PIN is in the variables `PIN` and `GNUTLS_PIN` of every program.
pub struct Fixture {
    store: Store,
    /// The file that names SoftHSM2 for the module.
    pub config: ConfigFile,
    /// SoftHSM2.
    pub bare: PathBuf,
    /// The module over it.
    pub module: PathBuf,
}

/// What a program left behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Fixture {
    /// A token with an RSA key pair (`rsa`, id 01), an EC key pair (`ec`, id 02) and an AES key (`aes`, id 03).
    pub fn new() -> Self {
        Self::with_keys(&[("rsa", "01", "rsa:2048"), ("ec", "02", "EC:prime256v1"), ("aes", "03", "AES:32")])
    }

    /// A token with keys made by pkcs11-tool on the bare library: label, id, type.
    pub fn with_keys(keys: &[(&str, &str, &str)]) -> Self {
        let bare = softhsm::library();
        let config = config(&format!(
            "discover = false\n[[library]]\nname = \"soft\"\nprofile = \"softhsm\"\npath = \"{}\"\n",
            bare.display()
        ));
        let fixture = Self { store: Store::new(), config, bare, module: module() };
        for (label, id, kind) in keys {
            let make = if kind.starts_with("AES") { "--keygen" } else { "--keypairgen" };
            let mut tool = fixture.pkcs11_tool(&fixture.bare);
            run(tool.args(["--login", "--pin", "env:PIN", make, "--key-type", kind, "--label", label, "--id", id]));
        }
        fixture
    }

    /// A folder for a test's files, the home of the programs.
    pub fn folder(&self) -> &Path {
        self.store.folder()
    }

    /// A file of this text in the folder.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        path
    }

    /// A program that answers questions for a PIN on behalf of OpenSSH.
    pub fn askpass(&self) -> PathBuf {
        let path = self.file("askpass", "#!/bin/sh\nprintf '%s\\n' \"$PIN\"\n");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("the file is ours");
        path
    }

    /// An OpenSSL configuration whose engine `pkcs11` loads this library.
    pub fn openssl_config(&self, name: &str, library: &Path) -> PathBuf {
        let engines = run(self.program("openssl", "openssl").args(["version", "-e"])).out;
        let folder = engines.split('"').nth(1).expect("openssl names its folder of engines");
        let engine = Path::new(folder).join("pkcs11.so");
        assert!(
            engine.is_file(),
            "{} is missing: install the package libengine-pkcs11-openssl (apt install libengine-pkcs11-openssl)",
            engine.display()
        );
        let text = format!(
            "openssl_conf = all\n[all]\nengines = engines\n[engines]\npkcs11 = pkcs11\n[pkcs11]\n\
             engine_id = pkcs11\ndynamic_path = {}\nMODULE_PATH = {}\nPIN = {USER_PIN}\ninit = 0\n\
             [req]\ndistinguished_name = dn\n[dn]\n",
            engine.display(),
            library.display()
        );
        self.file(&format!("openssl-{name}.cnf"), &text)
    }

    /// A program that ends by itself, in a clean environment and for at most a minute.
    pub fn program(&self, program: &str, package: &str) -> Command {
        let mut command = Command::new("timeout");
        command.args(["60", &found(program, package)]);
        self.environment(&mut command);
        command
    }

    /// A program that stays until it is stopped.
    pub fn server(&self, program: &str, package: &str) -> Command {
        let mut command = Command::new(found(program, package));
        self.environment(&mut command);
        command
    }

    /// pkcs11-tool on one of the two libraries.
    pub fn pkcs11_tool(&self, library: &Path) -> Command {
        let mut command = self.program("pkcs11-tool", "opensc");
        command.arg("--module").arg(library);
        command
    }

    fn environment(&self, command: &mut Command) {
        command.env_clear().env("PATH", SEARCH).env("LC_ALL", "C").env("HOME", self.folder());
        command.env("SOFTHSM2_CONF", self.store.config()).env("UKEYHUB_CONFIG", self.config.path());
        command.env("PIN", USER_PIN).env("GNUTLS_PIN", USER_PIN).current_dir(self.folder());
    }
}

/// The URI of a private key of the token.
pub fn key_uri(label: &str) -> String {
    format!("pkcs11:token={LABEL};object={label};type=private")
}

const SEARCH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The path of a program, or a failure that names its package.
fn found(program: &str, package: &str) -> String {
    // After the system's folders those of the caller: a server may be unpacked instead of installed.
    let path = std::env::var("PATH").unwrap_or_default();
    SEARCH
        .split(':')
        .chain(path.split(':').filter(|folder| !folder.is_empty()))
        .map(|folder| format!("{folder}/{program}"))
        .find(|path| Path::new(path).is_file())
        .unwrap_or_else(|| panic!("{program} is missing: install the package {package} (apt install {package})"))
}

/// Runs a program to its end, whatever the end is.
pub fn say(command: &mut Command) -> Said {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not run: {error}"));
    assert_ne!(output.status.code(), Some(124), "{command:?} did not end");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// Runs a program that must end with success.
pub fn run(command: &mut Command) -> Said {
    let said = say(command);
    let name: Vec<&OsStr> = command.get_args().collect();
    assert_eq!(said.code, Some(0), "{name:?}:\n{}{}", said.out, said.err);
    said
}

/// The text with its objects in order. An object is a line that begins one and those that follow, up to the next.
/// SoftHSM2 lists a token's objects by their addresses in memory, so two processes may see two orders.
pub fn sorted(text: &str, begins: impl Fn(&str) -> bool) -> String {
    let mut objects: Vec<String> = vec![String::new()];
    for line in text.lines() {
        if begins(line) {
            objects.push(String::new());
        }
        if let Some(object) = objects.last_mut() {
            object.push_str(line);
            object.push('\n');
        }
    }
    objects[1..].sort();
    objects.concat()
}

/// Lines that differ, for a message of a failed test; `None` when the texts are equal.
pub fn difference(bare: &str, module: &str) -> Option<String> {
    if bare == module {
        return None;
    }
    let (left, right): (Vec<_>, Vec<_>) = (bare.lines().collect(), module.lines().collect());
    let mut lines = vec![format!("{} lines bare, {} through the module", left.len(), right.len())];
    for at in 0..left.len().max(right.len()) {
        let (here, there) = (left.get(at), right.get(at));
        if here != there {
            lines.push(format!("line {}\n    bare:   {here:?}\n    module: {there:?}", at + 1));
        }
    }
    Some(lines.join("\n"))
}

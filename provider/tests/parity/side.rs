//! The two sides of the comparison: bare SoftHSM2 and the module over it, each in a process and with a store of its own.
//! Both stores are copies of one, so that keys, serial numbers and labels are the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use ukeyhub_artefacts::softhsm::{self, LABEL, Store, USER_PIN};
use ukeyhub_artefacts::{ConfigFile, Isolation, config, is_isolated, module};

use crate::Answers;
use crate::record::Record;

/// In the child: which side it is.
const SIDE: &str = "TEST_SIDE";
/// In the child: the library it loads.
const LIBRARY: &str = "TEST_LIBRARY";
/// In the child: the file that its results go to.
const RESULTS: &str = "TEST_RESULTS";

/// A token with two key pairs made by OpenSSL: `rsa` (id 01) and `ec` (id 02). Empty in a child, which has its side's.
pub struct Tokens(Option<Store>);

impl Tokens {
    pub fn new() -> Self {
        if is_isolated() {
            return Self(None);
        }
        let store = Store::new();
        for (label, id, arguments) in [
            ("rsa", "01", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
            ("ec", "02", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ] {
            let file = store.folder().join(label);
            let made = Command::new("openssl").arg("genpkey").args(arguments).arg("-out").arg(&file).output();
            let made = made.expect("openssl runs (apt install openssl)");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            let file = file.to_str().expect("a temporary folder with a plain name");
            store.util(&["--import", file, "--token", LABEL, "--label", label, "--id", id, "--pin", USER_PIN]);
        }
        Self(Some(store))
    }

    /// A store of its own with the same tokens.
    fn copy(&self) -> Option<Store> {
        let from = self.0.as_ref()?;
        let to = Store::with_tokens(&[]);
        copy_folder(&from.folder().join("tokens"), &to.folder().join("tokens"));
        Some(to)
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("its entries can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).expect("a folder can be made");
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a file can be copied");
        }
    }
}

/// One side, seen from the test (which starts its process) or from that process.
pub struct Side {
    name: String,
    library: PathBuf,
    results: PathBuf,
    variables: Vec<(String, PathBuf)>,
    // Removed when the side is dropped.
    _files: (Option<Store>, Option<ConfigFile>, Option<TempDir>),
}

impl Side {
    /// SoftHSM2 itself.
    pub fn bare(tokens: &Tokens) -> Self {
        Self::new("bare", tokens, || (softhsm::library(), None))
    }

    /// The module, configured with that library alone.
    pub fn module(tokens: &Tokens) -> Self {
        Self::new("module", tokens, || {
            let path = softhsm::library();
            let library = format!("name = \"soft\"\nprofile = \"softhsm\"\npath = \"{}\"\n", path.display());
            (module(), Some(config(&format!("discover = false\n[[library]]\n{library}"))))
        })
    }

    /// In a child the side is only a name: what it needs was made before, and stands in the environment.
    fn new(name: &str, tokens: &Tokens, make: impl FnOnce() -> (PathBuf, Option<ConfigFile>)) -> Self {
        let mut side = Self {
            name: name.to_owned(),
            library: PathBuf::new(),
            results: PathBuf::new(),
            variables: Vec::new(),
            _files: (None, None, None),
        };
        if is_isolated() {
            return side;
        }
        let (library, file) = make();
        let store = tokens.copy();
        let folder = tempfile::tempdir().expect("a folder for the results");
        let results = folder.path().join("results");
        let mut variables = vec![(LIBRARY.to_owned(), library.clone()), (RESULTS.to_owned(), results.clone())];
        variables.extend(store.iter().map(|store| ("SOFTHSM2_CONF".to_owned(), store.config().to_owned())));
        variables.extend(file.iter().map(|file| ("UKEYHUB_CONFIG".to_owned(), file.path().to_owned())));
        (side.library, side.results, side.variables) = (library, results, variables);
        side._files = (store, file, Some(folder));
        side
    }

    /// The dynamic loader puts the library into the process before it begins.
    pub fn preloaded(mut self) -> Self {
        self.variables.push(("LD_PRELOAD".to_owned(), self.library.clone()));
        self
    }

    /// Runs `body` in a process of its own and reads what it wrote. In the child of one side the other does nothing.
    ///
    /// The body is a closure of the test function itself, by which the child finds its test.
    pub fn run<F: FnOnce()>(self, body: F) -> Answers {
        if is_isolated() && std::env::var(SIDE).as_deref() != Ok(&self.name) {
            return Answers::new();
        }
        let isolation = Isolation::new().env(SIDE, &self.name);
        self.variables.iter().fold(isolation, |isolation, (name, value)| isolation.env(name, value)).run(body);
        if is_isolated() {
            return Answers::new();
        }
        let text = fs::read_to_string(&self.results).expect("the child wrote its results");
        let answers: Answers = text.lines().map(read_line).collect();
        assert!(!answers.is_empty(), "the {} side gave no result", self.name);
        answers
    }

    /// The side of this child.
    pub fn of_child() -> Self {
        let variable = |name| std::env::var_os(name).unwrap_or_else(|| panic!("{name} is set in a child"));
        Self {
            name: variable(SIDE).to_string_lossy().into_owned(),
            library: variable(LIBRARY).into(),
            results: variable(RESULTS).into(),
            variables: Vec::new(),
            _files: (None, None, None),
        }
    }

    /// An empty record.
    pub fn record(&self) -> Record {
        Record::default()
    }

    /// The file that the host loads.
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// Hands the results to the test.
    pub fn write(&self, record: &Record) {
        let line = |(name, text): (&String, &String)| format!("{name}\t{}\n", text.trim_end().replace('\n', "; "));
        let text: String = record.answers().iter().map(line).collect();
        fs::write(&self.results, text).expect("the results can be written");
    }
}

fn read_line(line: &str) -> (String, String) {
    let (name, text) = line.split_once('\t').expect("a line is a name, a tab and a text");
    (name.to_owned(), text.to_owned())
}

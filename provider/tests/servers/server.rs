//! A web server in the foreground, on a free port, with its key in the token; and a client that verifies its certificate.

use std::collections::BTreeSet;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::fixture::{Fixture, key_uri, run};

const PATIENCE: Duration = Duration::from_secs(20);

/// A running server. Ended when dropped; `stop` ends it as an administrator would.
pub struct Server {
    child: Child,
    /// What it writes.
    log: PathBuf,
    port: u16,
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// A certificate for localhost over one key of the token, signed by that key.
pub fn certificate(fixture: &Fixture, openssl_config: &Path) -> PathBuf {
    let certificate = fixture.folder().join("certificate.pem");
    let mut command = fixture.program("openssl", "openssl");
    command
        .env("OPENSSL_CONF", openssl_config)
        .args(["req", "-new", "-x509", "-engine", "pkcs11", "-keyform", "engine"]);
    let uri = key_uri("rsa");
    command.args(["-key", &uri, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "10"]);
    run(command.arg("-out").arg(&certificate));
    certificate
}

impl Server {
    /// Starts a server in a process group of its own (Apache signals its group) and waits until it listens.
    pub fn start(fixture: &Fixture, mut command: Command, port: u16) -> Self {
        let log = fixture.folder().join("server.log");
        let file = fs::File::create(&log).expect("a file for the log");
        command.stdout(file.try_clone().expect("a second handle")).stderr(file).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not run: {error}"));
        let mut server = Self { child, log, port };
        server.wait("it listens", |server| {
            let ended = server.child.try_wait().expect("the server can be waited for");
            assert!(ended.is_none(), "the server ended ({ended:?}):\n{}", server.log());
            TcpStream::connect(("127.0.0.1", server.port)).is_ok()
        });
        server
    }

    /// What the server wrote, and what it wrote into `error.log` beside.
    pub fn log(&self) -> String {
        let text = |path: &Path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let more = text(&self.log.with_file_name("error.log")).unwrap_or_default();
        text(&self.log).expect("the log can be read") + &more
    }

    /// `count` new connections, each with a full handshake that verifies the certificate; gives the pages.
    pub fn serve(&self, fixture: &Fixture, certificate: &Path, count: usize) -> Vec<String> {
        let page = |_| {
            let mut curl = fixture.program("curl", "curl");
            curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*", "--no-sessionid", "--cacert"]);
            curl.arg(certificate).args(["--resolve", &format!("localhost:{}:127.0.0.1", self.port)]);
            let said = crate::fixture::say(curl.arg(format!("https://localhost:{}/page", self.port)));
            assert_eq!(said.code, Some(0), "curl: {}\nserver:\n{}", said.err, self.log());
            said.out
        };
        (0..count).map(page).collect()
    }

    /// The process ids of its workers.
    pub fn workers(&self) -> BTreeSet<u32> {
        let parent = self.child.id();
        let entries = fs::read_dir("/proc").expect("/proc can be read");
        let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        numbers.filter(|process| parent_of(*process) == Some(parent)).collect()
    }

    /// Sends a signal that means "reload" and waits until none of the workers is an old one.
    pub fn reload(&mut self, signal: i32) {
        let old = self.workers();
        assert!(!old.is_empty(), "the server has no worker");
        self.signal(signal);
        self.wait("all workers are new", |server| {
            let now = server.workers();
            !now.is_empty() && now.is_disjoint(&old)
        });
    }

    /// Sends a signal that means "end" and waits for the end.
    pub fn stop(mut self, signal: i32) -> ExitStatus {
        self.signal(signal);
        let mut ended = None;
        self.wait("it ends", |server| {
            ended = server.child.try_wait().expect("the server can be waited for");
            ended.is_some()
        });
        ended.expect("it has ended")
    }

    fn signal(&self, signal: i32) {
        let process = i32::try_from(self.child.id()).expect("a process id");
        // SAFETY: the process is our child and has not been waited for, so the number is still its own.
        let answer = unsafe { libc::kill(process, signal) };
        assert_eq!(answer, 0, "the server can be signalled");
    }

    /// Asserts that the server's processes have this file mapped: they use it, not another.
    pub fn assert_mapped(&self, library: &Path) {
        let wanted = library.canonicalize().expect("the library is there");
        let workers = self.workers();
        assert!(!workers.is_empty(), "the server has no worker");
        for process in workers {
            let maps = fs::read_to_string(format!("/proc/{process}/maps")).expect("a worker's maps can be read");
            let mapped = maps.lines().any(|line| line.ends_with(&*wanted.to_string_lossy()));
            assert!(mapped, "worker {process} has not mapped {}", wanted.display());
        }
    }

    fn wait(&mut self, until: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let start = Instant::now();
        while !done(self) {
            assert!(start.elapsed() < PATIENCE, "waited in vain until {until}:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let group = i32::try_from(self.child.id()).expect("a process id");
            // SAFETY: the group is the one that `start` made for this child, which still runs.
            unsafe { libc::kill(-group, libc::SIGKILL) };
            self.child.wait().expect("the server can be waited for");
        }
    }
}

/// From `/proc/<id>/stat`: the field behind the state, which stands behind the name in brackets.
fn parent_of(process: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    text.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}

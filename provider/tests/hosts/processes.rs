//! Processes: forked children, C programs compiled for a test, another user.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Exit(i32),
    Signal(i32),
    /// It was killed because it did not end.
    Hung,
}

/// Forks; the child runs `body` and ends at once with its answer, without exit handlers. A panic in it is status 101.
pub fn fork(body: impl FnOnce() -> i32) -> Ending {
    wait(start_fork(body), Duration::from_secs(20))
}

/// As `fork`, without waiting: answers the child's id.
pub fn start_fork(body: impl FnOnce() -> i32) -> libc::pid_t {
    // SAFETY: the child runs Rust code in one thread and ends with _exit; glibc makes malloc usable there.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork: {}", std::io::Error::last_os_error());
    if child == 0 {
        let status = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or(101);
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(status) };
    }
    child
}

/// Waits for a child; past the limit it is killed.
pub fn wait(child: libc::pid_t, limit: Duration) -> Ending {
    let start = Instant::now();
    loop {
        let mut status = 0;
        // SAFETY: writes one number.
        let answer = unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) };
        assert!(answer >= 0, "waitpid: {}", std::io::Error::last_os_error());
        if answer == child {
            return if libc::WIFEXITED(status) {
                Ending::Exit(libc::WEXITSTATUS(status))
            } else {
                Ending::Signal(libc::WTERMSIG(status))
            };
        }
        if start.elapsed() > limit {
            // SAFETY: our own child, not yet waited for.
            unsafe { libc::kill(child, libc::SIGKILL) };
            let mut status = 0;
            // SAFETY: as above.
            unsafe { libc::waitpid(child, &raw mut status, 0) };
            return Ending::Hung;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A C program of `tests/hosts`, compiled for this test.
pub struct Program {
    path: PathBuf,
    _folder: TempDir,
}

impl Program {
    pub fn compile(source: &str, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts").join(source);
        let output = Command::new("cc")
            .args(["-Wall", "-Wextra", "-Werror", "-O1", "-g", "-o"])
            .arg(&path)
            .arg(&source)
            .args(options)
            .args(["-ldl", "-lpthread"])
            .output()
            .unwrap_or_else(|error| panic!("cc does not run ({error}): install a C compiler (apt install gcc)"));
        assert!(output.status.success(), "{}:\n{}", source.display(), String::from_utf8_lossy(&output.stderr));
        Self { path, _folder: folder }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs the program with variables; what it says on stderr is part of a failure's message.
    pub fn run<V: AsRef<OsStr>>(&self, arguments: &[&OsStr], variables: &[(&str, V)]) -> Output {
        let mut command = Command::new("timeout");
        command.arg("30").arg(&self.path).args(arguments);
        for (name, value) in variables {
            command.env(name, value);
        }
        command.output().unwrap()
    }

    /// Runs the program, which must end with success.
    pub fn succeed<V: AsRef<OsStr>>(&self, arguments: &[&OsStr], variables: &[(&str, V)]) -> String {
        let output = self.run(arguments, variables);
        let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{}\n{said}{complaint}", output.status);
        said.into_owned()
    }
}

/// Makes this process one of an ordinary user, if it is root's: root has no profiles of its own.
pub fn become_ordinary() {
    const NOBODY: u32 = 65534;
    // SAFETY: no arguments.
    if unsafe { libc::geteuid() } != 0 {
        return;
    }
    // SAFETY: numbers only; the libc forms change all threads.
    let changed = unsafe {
        libc::setgroups(0, std::ptr::null()) == 0
            && libc::setresgid(NOBODY, NOBODY, NOBODY) == 0
            && libc::setresuid(NOBODY, NOBODY, NOBODY) == 0
    };
    assert!(changed, "changing the user: {}", std::io::Error::last_os_error());
}

/// Gives a path away to the user that `become_ordinary` becomes.
pub fn give_to_ordinary(path: &Path) {
    // SAFETY: no arguments.
    if unsafe { libc::geteuid() } == 0 {
        std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap();
    }
}

/// Bytes of memory in use, from /proc.
pub fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Open file descriptors.
pub fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Whether a file is mapped into this process.
pub fn is_mapped(path: &Path) -> bool {
    let path = path.to_str().unwrap();
    std::fs::read_to_string("/proc/self/maps").unwrap().lines().any(|line| line.ends_with(path))
}

//! The system packages that the tasks need, in one table, and how missing ones are installed. Presence is checked by
//! the file or program that is used, not by the package database, so a self-built tool counts. No service is ever
//! started or enabled: a package that carries one is unpacked into the target folder instead of being installed.

mod install;

use std::path::{Path, PathBuf};

pub use install::ensure;

/// What a package is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// `cargo xtask demo`
    Demo,
    /// `cargo xtask test`
    Test,
    /// `cargo xtask check`: the linkers of the other targets
    Check,
    /// `cargo xtask bench`
    Bench,
}

/// What shows that a package is there. `{triplet}` stands for Debian's name of this machine's architecture, `{gcc}` for
/// the compiler's major version.
#[derive(Clone, Copy, Debug)]
enum Probe {
    /// A program in PATH or in one of the folders for administrators
    Program(&'static str),
    /// One of these files in a folder for libraries
    Library(&'static [&'static str]),
    /// This file, from the root
    File(&'static str),
}

/// How a package gets on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// apt-get install
    Install,
    /// apt-get download and dpkg-deb -x: the package would start a server
    Unpack,
}

/// One row of the table.
#[derive(Debug)]
struct Package {
    name: &'static str,
    purpose: &'static str,
    purpose_zh: &'static str,
    needs: &'static [Need],
    probe: Probe,
    way: Way,
}

use Need::{Bench, Check, Demo, Test};
use Probe::{File, Library, Program};

const fn installed(
    name: &'static str,
    purpose: &'static str,
    purpose_zh: &'static str,
    needs: &'static [Need],
    probe: Probe,
) -> Package {
    Package { name, purpose, purpose_zh, needs, probe, way: Way::Install }
}

const PACKAGES: &[Package] = &[
    installed("gcc", "links programs, compiles test hosts", "链接程序、编译测试程序", &[Test, Check], Program("gcc")),
    installed("softhsm2", "a software token", "软件令牌", &[Demo, Test, Bench], Program("softhsm2-util")),
    installed(
        "libnss3",
        "NSS softokn, a second native library",
        "NSS softokn，第二个原生库",
        &[Demo, Test],
        Library(SOFTOKN),
    ),
    installed(
        "libnss3-tools",
        "certutil and modutil make NSS tokens",
        "certutil、modutil：建立 NSS 令牌",
        &[Demo, Test],
        Program("certutil"),
    ),
    installed("openssl", "verifies signatures independently", "独立验证签名", &[Demo, Test], Program("openssl")),
    installed("opensc", "pkcs11-tool, a host", "宿主程序 pkcs11-tool", &[Test], Program("pkcs11-tool")),
    installed("p11-kit", "the p11-kit command, a host", "宿主程序 p11-kit", &[Test, Bench], Program("p11-kit")),
    installed(
        "p11-kit-modules",
        "p11-kit-proxy, for comparison",
        "p11-kit-proxy，用于对照",
        &[Test, Bench],
        Library(&["p11-kit-proxy.so"]),
    ),
    installed("gnutls-bin", "p11tool, a host", "宿主程序 p11tool", &[Test], Program("p11tool")),
    installed(
        "libengine-pkcs11-openssl",
        "OpenSSL as a host",
        "OpenSSL 作为宿主程序",
        &[Test],
        Library(OPENSSL_ENGINE),
    ),
    installed("openssh-client", "ssh-keygen, a host", "宿主程序 ssh-keygen", &[Test], Program("ssh-keygen")),
    installed(
        "binutils",
        "readelf, shows what the module links to",
        "readelf：查看模块的依赖",
        &[Test],
        Program("readelf"),
    ),
    installed("curl", "a client of the web servers", "访问网站服务器的客户端", &[Test], Program("curl")),
    // The Apache server without its service, which is in package apache2.
    installed("apache2-bin", "Apache, a host that forks", "会派生子进程的宿主程序 Apache", &[Test], Program("apache2")),
    Package {
        name: "nginx",
        purpose: "a host that forks",
        purpose_zh: "会派生子进程的宿主程序",
        needs: &[Test],
        probe: Program("nginx"),
        way: Way::Unpack,
    },
    installed(
        "gcc-mingw-w64-x86-64",
        "compiles and links for 64-bit Windows",
        "编译、链接 64 位 Windows 程序",
        &[Check, Test],
        Program("x86_64-w64-mingw32-gcc"),
    ),
    installed(
        "gcc-mingw-w64-i686",
        "compiles and links for 32-bit Windows",
        "编译、链接 32 位 Windows 程序",
        &[Check, Test],
        Program("i686-w64-mingw32-gcc"),
    ),
    // Not gcc-multilib: it conflicts with every cross compiler.
    installed(
        "libc6-dev-i386",
        "compiles and links for 32-bit Linux",
        "编译、链接 32 位 Linux 程序",
        &[Check, Test],
        File("usr/lib32/libc.so"),
    ),
    installed(
        "lib32gcc-{gcc}-dev",
        "compiles and links for 32-bit Linux",
        "编译、链接 32 位 Linux 程序",
        &[Check, Test],
        File("usr/lib/gcc/{triplet}/{gcc}/32/crtbeginS.o"),
    ),
    installed(
        "gcc-aarch64-linux-gnu",
        "compiles and links for 64-bit ARM Linux",
        "编译、链接 64 位 ARM Linux 程序",
        &[Check],
        Program("aarch64-linux-gnu-gcc"),
    ),
    installed(
        "libc6-dev-arm64-cross",
        "links for 64-bit ARM Linux",
        "链接 64 位 ARM Linux 程序",
        &[Check],
        File("usr/aarch64-linux-gnu/lib/Scrt1.o"),
    ),
];

/// NSS softokn, relative to a folder for libraries; Debian 12 and later, then earlier releases and Ubuntu.
pub const SOFTOKN: &[&str] = &["libsoftokn3.so", "nss/libsoftokn3.so"];
/// SoftHSM2's library.
pub const SOFTHSM: &[&str] = &["softhsm/libsofthsm2.so"];
const OPENSSL_ENGINE: &[&str] = &["engines-3/pkcs11.so", "engines-1.1/pkcs11.so"];

/// The machine as far as looking for files goes. Tests look at a folder of their own.
pub struct Machine {
    root: PathBuf,
    /// Folders with programs, in the order they are searched
    program_folders: Vec<PathBuf>,
    triplet: &'static str,
    gcc: String,
}

impl Machine {
    /// This machine. Programs unpacked below `target` count as present.
    pub fn this(target: &Path) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut program_folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        // Servers live in folders that only root has in PATH.
        program_folders.extend(["/usr/sbin".into(), "/sbin".into(), unpacked_programs(target)]);
        Self { root: "/".into(), program_folders, triplet: triplet(std::env::consts::ARCH), gcc: gcc_version() }
    }

    /// The value of PATH with which children find everything that counts as present.
    pub fn path(&self) -> Result<std::ffi::OsString, crate::run::Failure> {
        std::env::join_paths(&self.program_folders).map_err(crate::run::during("PATH"))
    }

    /// The first of `names` that exists in a folder for libraries.
    pub fn library(&self, names: &[&str]) -> Option<PathBuf> {
        let folders = [format!("usr/lib/{}", self.triplet), "usr/lib".into(), "usr/lib64".into()];
        let candidates = names.iter().flat_map(|name| folders.iter().map(move |folder| format!("{folder}/{name}")));
        candidates.map(|path| self.root.join(path)).find(|path| path.is_file())
    }

    fn has(&self, probe: Probe) -> bool {
        match probe {
            Program(name) => self.program_folders.iter().any(|folder| folder.join(name).is_file()),
            Library(names) => self.library(names).is_some(),
            File(path) => self.root.join(self.expand(path)).is_file(),
        }
    }

    /// What `need` calls for and is not there; packages named after the compiler's version only once there is one.
    fn missing(&self, need: Need) -> Vec<&'static Package> {
        let nameable = |package: &&Package| !(self.gcc.is_empty() && package.name.contains("{gcc}"));
        let needed = PACKAGES.iter().filter(|package| package.needs.contains(&need));
        needed.filter(nameable).filter(|package| !self.has(package.probe)).collect()
    }

    fn expand(&self, text: &str) -> String {
        text.replace("{triplet}", self.triplet).replace("{gcc}", &self.gcc)
    }
}

/// Where the programs of unpacked packages are.
fn unpacked_programs(target: &Path) -> PathBuf {
    target.join("unpacked/root/usr/sbin")
}

/// Debian's name for an architecture that Rust calls `architecture`.
fn triplet(architecture: &str) -> &'static str {
    match architecture {
        "x86" => "i386-linux-gnu",
        "aarch64" => "aarch64-linux-gnu",
        "loongarch64" => "loongarch64-linux-gnu",
        "riscv64" => "riscv64-linux-gnu",
        _ => "x86_64-linux-gnu",
    }
}

/// The major version of the system's gcc; empty when there is none.
fn gcc_version() -> String {
    let version = crate::run::output_of(std::process::Command::new("gcc").arg("-dumpversion")).unwrap_or_default();
    version.trim().split('.').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs;
    use std::path::Path;

    use super::{Machine, Need, PACKAGES, SOFTOKN};

    fn bare(root: &Path) -> Machine {
        Machine {
            root: root.into(),
            program_folders: vec![root.join("usr/bin")],
            triplet: "x86_64-linux-gnu",
            gcc: "12".into(),
        }
    }

    fn put(root: &Path, file: &str) {
        fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
        fs::write(root.join(file), "").unwrap();
    }

    fn names(machine: &Machine, need: Need) -> Vec<String> {
        machine.missing(need).iter().map(|package| machine.expand(package.name)).collect()
    }

    #[test]
    fn a_bare_machine_misses_everything_and_the_names_are_complete() {
        let root = tempfile::tempdir().unwrap();
        let machine = bare(root.path());
        assert_eq!(names(&machine, Need::Demo), ["softhsm2", "libnss3", "libnss3-tools", "openssl"]);
        assert!(names(&machine, Need::Check).contains(&"lib32gcc-12-dev".to_owned()));
    }

    #[test]
    fn a_package_is_present_when_the_file_that_is_used_is() {
        let root = tempfile::tempdir().unwrap();
        for file in ["usr/bin/softhsm2-util", "usr/lib/x86_64-linux-gnu/nss/libsoftokn3.so", "usr/bin/openssl"] {
            put(root.path(), file);
        }
        let machine = bare(root.path());
        assert_eq!(names(&machine, Need::Demo), ["libnss3-tools"]);
        put(root.path(), "usr/lib/gcc/x86_64-linux-gnu/12/32/crtbeginS.o");
        assert!(!names(&machine, Need::Check).contains(&"lib32gcc-12-dev".to_owned()));
        let softokn = root.path().join("usr/lib/x86_64-linux-gnu/nss/libsoftokn3.so");
        assert_eq!(machine.library(SOFTOKN), Some(softokn));
    }

    #[test]
    fn each_package_is_in_the_table_once_and_says_what_it_is_for() {
        let mut seen = HashSet::new();
        for package in PACKAGES {
            assert!(seen.insert(package.name), "{} is there twice", package.name);
            assert!(!package.purpose.is_empty() && !package.purpose_zh.is_empty() && !package.needs.is_empty());
        }
    }
}

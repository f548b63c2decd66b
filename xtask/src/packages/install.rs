//! Installing what is missing: as root directly, else through sudo, else not at all but with the exact command to type.
//! The package lists are fetched only when there are none or when the first try fails.

use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::Command;

use super::{Machine, Need, Package, Way, unpacked_programs};
use crate::run::{self, Failure, during};
use crate::words::{Console, Language};

/// Makes sure that everything `need` calls for is there, and returns the machine as it is then.
pub fn ensure(console: &Console, need: Need, target: &Path) -> Result<Machine, Failure> {
    let machine = Machine::this(target);
    let missing = machine.missing(need);
    if missing.is_empty() {
        console.line("  Nothing is missing.", "  所需系统软件已齐备。");
        return Ok(machine);
    }
    for package in &missing {
        let name = machine.expand(package.name);
        let purpose = if console.language() == Language::Zh { package.purpose_zh } else { package.purpose };
        console.line(format_args!("  missing: {name} ({purpose})"), format_args!("  缺少：{name}（{purpose}）"));
    }
    let named = |way| -> Vec<String> {
        missing.iter().filter(|package| package.way == way).map(|package| machine.expand(package.name)).collect()
    };
    let (installed, unpacked) = (named(Way::Install), named(Way::Unpack));
    if !Path::new("/usr/bin/apt-get").exists() {
        return Err(Failure::new(console.pick(
            format_args!("there is no apt-get here; please install these yourself: {}", list(&missing)),
            format_args!("本机没有 apt-get，请自行安装：{}", list(&missing)),
        )));
    }
    if !installed.is_empty() || !has_lists() {
        let root = Root::obtain(console, &installed)?;
        if !has_lists() {
            root.update()?;
        }
        if !installed.is_empty() && root.install(&installed).is_err() {
            // The lists may name versions that the archive no longer has.
            console.line("  Once more, with new package lists.", "  更新软件包列表后重试。");
            root.update()?;
            root.install(&installed)?;
        }
    }
    for name in &unpacked {
        unpack(name, target)?;
    }
    let machine = Machine::this(target);
    let still = machine.missing(need);
    if still.iter().any(|package| !missing.iter().any(|tried| tried.name == package.name)) {
        // With the compiler, the names of its packages are now known.
        return ensure(console, need, target);
    }
    if still.is_empty() {
        return Ok(machine);
    }
    let found: Vec<String> =
        still.iter().map(|package| format!("{} ({:?})", machine.expand(package.name), package.probe)).collect();
    Err(Failure::new(console.pick(
        format_args!("still not found after installing: {}", found.join(", ")),
        format_args!("安装后仍未找到：{}", found.join(", ")),
    )))
}

fn list(packages: &[&Package]) -> String {
    packages.iter().map(|package| package.name).collect::<Vec<_>>().join(" ")
}

/// Whether package lists have ever been fetched: a fresh container has none.
fn has_lists() -> bool {
    let entries = fs::read_dir("/var/lib/apt/lists").into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| is_list(&name.to_string_lossy()))
}

fn is_list(name: &str) -> bool {
    name.contains("_Packages")
}

/// The right to install: the words that go before apt-get.
struct Root {
    prefix: &'static [&'static str],
}

impl Root {
    fn obtain(console: &Console, names: &[String]) -> Result<Self, Failure> {
        if run::output_of(Command::new("id").arg("-u"))?.trim() == "0" {
            return Ok(Self { prefix: &[] });
        }
        // A failure to start sudo and a refusal mean the same here: it does not work without a question.
        if run::capture(Command::new("sudo").args(["-n", "true"])).is_ok_and(|ended| ended.success) {
            console.line("  Installing through sudo.", "  通过 sudo 安装。");
            return Ok(Self { prefix: &["sudo", "-n"] });
        }
        let has_sudo = run::capture(Command::new("sudo").arg("--version")).is_ok();
        if has_sudo && io::stdin().is_terminal() && io::stderr().is_terminal() {
            console.line(
                "  Installing needs root; sudo may ask for your password.",
                "  安装需要 root 权限，sudo 可能会询问您的密码。",
            );
            return Ok(Self { prefix: &["sudo"] });
        }
        let command = format!("apt-get install --no-install-recommends {}", names.join(" "));
        Err(Failure::new(console.pick(
            format_args!("installing needs root, and sudo cannot be used here. As root, run:\n    {command}"),
            format_args!("安装需要 root 权限，而此处无法使用 sudo。请以 root 身份运行：\n    {command}"),
        )))
    }

    fn update(&self) -> Result<(), Failure> {
        run::show(&mut self.apt_get(&["update", "-q"]))
    }

    fn install(&self, names: &[String]) -> Result<(), Failure> {
        let mut command = self.apt_get(&["install", "-q", "-y", "--no-install-recommends"]);
        run::show(command.args(names))
    }

    /// apt-get that asks nothing and waits up to five minutes for another one to finish.
    fn apt_get(&self, arguments: &[&str]) -> Command {
        let words = [
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-o",
            "DPkg::Lock::Timeout=300",
            "-o",
            "Dpkg::Use-Pty=0",
        ];
        let mut all = self.prefix.iter().chain(&words).chain(arguments);
        let mut command = Command::new(all.next().map_or(OsString::from("env"), OsString::from));
        command.args(all);
        command
    }
}

/// Fetches a package and lays its files below the target folder: nothing is installed, no root is needed.
fn unpack(name: &str, target: &Path) -> Result<(), Failure> {
    let downloads = target.join("unpacked/downloads");
    let root = target.join("unpacked/root");
    for folder in [&downloads, &root] {
        fs::create_dir_all(folder).map_err(during(folder.display()))?;
    }
    run::show(Command::new("apt-get").args(["download", "-q", name]).current_dir(&downloads))?;
    let entries = fs::read_dir(&downloads).map_err(during(downloads.display()))?;
    let packages = entries.flatten().map(|entry| entry.path());
    for package in packages.filter(|path| is_package_of(name, path)) {
        run::show(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&root))?;
    }
    run::show(Command::new(unpacked_programs(target).join(name)).arg("-v"))
}

fn is_package_of(name: &str, file: &Path) -> bool {
    let file = file.file_name().unwrap_or_default().to_string_lossy();
    file.starts_with(&format!("{name}_")) && file.ends_with(".deb")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Root, is_list, is_package_of};
    use crate::run::command_line;

    #[test]
    fn apt_get_asks_nothing_with_and_without_sudo() {
        let direct = command_line(&Root { prefix: &[] }.apt_get(&["update"]));
        assert_eq!(
            direct,
            "env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 update"
        );
        let through_sudo = command_line(&Root { prefix: &["sudo", "-n"] }.apt_get(&["update"]));
        assert_eq!(through_sudo, format!("sudo -n {direct}"));
    }

    #[test]
    fn package_files_and_lists_are_told_by_their_names() {
        assert!(is_package_of("nginx", Path::new("/t/nginx_1.22.1-9_amd64.deb")));
        assert!(!is_package_of("nginx", Path::new("/t/nginx-common_1.22.1-9_all.deb")));
        assert!(is_list("archive_dists_stable_main_binary-amd64_Packages.lz4"));
        assert!(!is_list("lock") && !is_list("partial"));
    }
}

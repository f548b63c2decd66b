//! `cargo xtask test`: every test of the workspace, with the programs they use installed and the artefacts they load
//! built once. It decides nothing about the tests themselves; their result lines are cargo's own.

use std::time::Instant;

use crate::artefacts::{Profile, Workspace};
use crate::packages::{self, Machine, Need};
use crate::run::{self, Failure};
use crate::words::Console;

/// proptest's own default is 256.
const MANY_CASES: &str = "2560";

/// Runs every test; with `all` also the release build, with ten times the random cases.
pub fn test(console: &Console, all: bool) -> Result<(), Failure> {
    let start = Instant::now();
    let workspace = Workspace::find()?;
    console.step("System packages for the tests", "测试所需的系统软件包");
    let machine = packages::ensure(console, Need::Test, &workspace.target)?;
    run_tests(console, &workspace, &machine, Profile::Dev)?;
    if all {
        run_tests(console, &workspace, &machine, Profile::Release)?;
    }
    let seconds = start.elapsed().as_secs();
    console.line(format_args!("All tests passed, in {seconds} s."), format_args!("全部测试通过，用时 {seconds} 秒。"));
    Ok(())
}

fn run_tests(console: &Console, workspace: &Workspace, machine: &Machine, profile: Profile) -> Result<(), Failure> {
    console.step("Building what the tests load", "编译测试要加载的文件");
    let artefacts = workspace.gather(profile)?;
    console.step("Running the tests", "运行测试");
    let mut tests = run::cargo();
    tests.args(["test", "--workspace", "--no-fail-fast"]).args(profile.flags()).current_dir(&workspace.root);
    tests.env("UKEYHUB_ARTEFACTS", artefacts).env("PATH", machine.path()?);
    if profile == Profile::Release {
        tests.env("PROPTEST_CASES", MANY_CASES);
    }
    run::show(&mut tests)
}

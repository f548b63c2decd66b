//! `cargo xtask bench`: the benches, with the libraries they compare installed and the module built as it ships.
//! What is measured, and how it is recorded, is up to `benches/`.

use crate::artefacts::{Profile, Workspace};
use crate::packages::{self, Need};
use crate::run::{self, Failure};
use crate::words::Console;

/// Runs every bench.
pub fn bench(console: &Console) -> Result<(), Failure> {
    let workspace = Workspace::find()?;
    console.step("System packages for the benches", "性能测试所需的系统软件包");
    let machine = packages::ensure(console, Need::Bench, &workspace.target)?;
    console.step("Building what the benches load", "编译性能测试要加载的文件");
    let artefacts = workspace.gather(Profile::Release)?;
    console.step("Running the benches", "运行性能测试");
    let mut benches = run::cargo();
    benches.args(["bench", "-p", "ukeyhub-benches"]).current_dir(&workspace.root);
    run::show(benches.env("UKEYHUB_ARTEFACTS", artefacts).env("PATH", machine.path()?))
}

//! `cargo xtask demo`: two throw-away tokens of two different native libraries behind the one module, shown, used and
//! checked by a third party. Any step that does not work ends the demonstration with its reason.

mod public_key;
mod sign;
mod tokens;
mod verify;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::artefacts::{Profile, Workspace};
use crate::packages::{self, Need};
use crate::run::{self, Failure, during};
use crate::words::Console;
use tokens::Library;

/// What the signing process is told.
#[derive(Args)]
pub struct SignArguments {
    /// The module to load
    #[arg(long)]
    module: PathBuf,
    /// The folder of the throw-away tokens
    #[arg(long)]
    folder: PathBuf,
}

/// Does everything from installing to the last proof.
pub fn demo(console: &Console) -> Result<(), Failure> {
    let workspace = Workspace::find()?;
    console.step("1/5 System packages", "1/5 系统软件包");
    let machine = packages::ensure(console, Need::Demo, &workspace.target)?;

    console.step("2/5 Building the module and the command", "2/5 编译模块和命令");
    let built = workspace.build(&["ukeyhub-pkcs11", "ukeyhub"], Profile::Release)?;
    let (module, command) = (built.library("ukeyhub_pkcs11")?, built.program("ukeyhub")?);

    console
        .step("3/5 Making two throw-away tokens of two native libraries", "3/5 用两个原生库各建立一个一次性测试令牌");
    let folder = tempfile::Builder::new().prefix("ukeyhub-demo-").tempdir();
    let folder = folder.map_err(during("cannot make a temporary folder"))?;
    let result = tokens::make(console, &machine, folder.path()).and_then(|libraries| {
        show_list(console, &command, folder.path(), &libraries)?;
        sign_in_child(console, &module, folder.path())
    });
    if result.is_err() {
        let kept = folder.keep();
        console.line(
            format_args!("The tokens, the configuration and the module's log are kept in {}", kept.display()),
            format_args!("测试令牌、配置和模块日志保留在 {}", kept.display()),
        );
    }
    result
}

/// The signing process: everything that goes through the module.
pub fn sign(console: &Console, arguments: &SignArguments) -> Result<(), Failure> {
    let workspace = Workspace::find()?;
    let libraries = tokens::libraries(console, &packages::Machine::this(&workspace.target), &arguments.folder)?;
    sign::through_the_module(console, &arguments.module, &arguments.folder, &libraries)
}

/// Shows what the command lists, and checks that both tokens are on it.
fn show_list(console: &Console, command: &Path, folder: &Path, libraries: &[Library]) -> Result<(), Failure> {
    console.step("4/5 What the module shows: `ukeyhub list`", "4/5 模块所见：`ukeyhub list`");
    let mut list = Command::new(command);
    list.args(["list", "--lang", console.language().code()]);
    let shown = run::output_of(tokens::environment(&mut list, folder))?;
    console.plain(shown.trim_end());
    match libraries.iter().find(|library| !shown.contains(library.token)) {
        None => Ok(()),
        Some(Library { token, .. }) => Err(Failure::new(console.pick(
            format_args!("the list does not show the token {token:?}"),
            format_args!("列表中没有令牌 {token:?}"),
        ))),
    }
}

/// Starts this program again with the environment that the libraries read.
fn sign_in_child(console: &Console, module: &Path, folder: &Path) -> Result<(), Failure> {
    console.step(
        "5/5 Signing and verifying with each token, through the one module",
        "5/5 经同一个模块用每个令牌签名并验签",
    );
    let this = std::env::current_exe().map_err(during("cannot find this program"))?;
    let mut child = Command::new(this);
    child.args(["demo-sign", "--lang", console.language().code(), "--module"]).arg(module);
    child.arg("--folder").arg(folder);
    let status = tokens::environment(&mut child, folder).status();
    let status = status.map_err(during("cannot start the signing process"))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(console.pick(
        format_args!("signing through the module failed ({status})"),
        format_args!("经模块签名失败（{status}）"),
    )))
}

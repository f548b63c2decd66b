//! The reasons that the layers below give in English, said in Chinese. Each row below is an English text with holes and
//! its translation; what fills a hole is translated in turn where it is a reason too. A text without a row stays English:
//! it must never be hidden. The tests compare the rows with the errors themselves.

use crate::language::Language;

/// A reason in the language of people.
pub fn said_in(language: Language, reason: &str) -> String {
    match language {
        Language::En => reason.to_owned(),
        Language::Zh => in_chinese(reason),
    }
}

/// English and Chinese; `{}` are holes, in the same order in both. The first row that fits counts.
const CHINESE: &[(&str, &str)] = &[
    // Where a library runs, and its profile
    ("isolation \"worker\" is not available in this version", "本版本不支持 isolation \"worker\"（隔离进程）"),
    ("its profile \"{}\" cannot be used: {}", "其厂商适配文件“{}”不可用：{}"),
    ("there is no profile \"{}\"", "没有名为“{}”的厂商适配文件"),
    ("its SHA-256 is not the one that the configuration demands", "文件的 SHA-256 与配置中要求的不一致"),
    // Whether a file is trusted
    ("{}: not an absolute path", "{}：不是绝对路径"),
    ("{}: not a regular file", "{}：不是普通文件"),
    ("{}: too many symbolic links", "{}：符号链接过多"),
    (
        "{}: everyone may write this file; remedy: chmod o-w '{}'",
        "{}：任何用户都可以改写此文件；解决办法：chmod o-w '{}'",
    ),
    (
        "{}: everyone may replace files in the folder {}; remedy: chmod o-w '{}'",
        "{}：任何用户都可以替换文件夹 {} 中的文件；解决办法：chmod o-w '{}'",
    ),
    (
        "{}: belongs to user {}, who is neither root nor the caller (user {}); remedy: chown {} '{}'",
        "{}：属于用户 {}，既不是 root 也不是调用者（用户 {}）；解决办法：chown {} '{}'",
    ),
    // What kind of file it is
    ("cannot be read: {}", "无法读取：{}"),
    ("not a native library", "不是动态库文件"),
    ("a damaged {} library: its header is cut short or contradicts itself", "{} 动态库已损坏：文件头不完整或自相矛盾"),
    ("the file is cut short: an interrupted download or update?", "文件不完整：下载或更新可能中断过"),
    ("not a library, but another kind of {} file", "是 {} 文件，但不是动态库"),
    ("a {}-bit {} library cannot be loaded by this {}-bit process", "{} 位 {} 动态库不能由 {} 位进程加载"),
    ("a library for {} cannot be loaded by this {} process", "{} 的动态库不能由 {} 进程加载"),
    ("a {} library cannot be loaded by this {} process", "{} 的动态库不能由 {} 进程加载"),
    // Loading and starting it
    ("cannot be loaded: {}", "无法加载：{}"),
    (
        "is not a PKCS#11 library: it exports neither C_GetFunctionList nor C_GetInterface",
        "不是 PKCS#11 库：既没有导出 C_GetFunctionList，也没有导出 C_GetInterface",
    ),
    ("gave no function table: {}", "没有给出函数表：{}"),
    (
        "its function table points outside the library itself at {}; a profile may say `allow-foreign-entries = true`",
        "函数表中的 {} 指向库自身之外；厂商适配文件可写 `allow-foreign-entries = true` 予以允许",
    ),
    ("is this module itself", "就是本模块自身"),
    ("its place in memory is unknown", "无法确定其在内存中的位置"),
    ("the init-string must not contain a NUL byte", "init-string 不能包含零字节"),
    ("its C_Initialize answered {}", "其 C_Initialize 返回 {}"),
    // The configuration file
    ("UKEYHUB_CONFIG: \"{}\" is not an absolute path", "UKEYHUB_CONFIG：“{}”不是绝对路径"),
    ("UKEYHUB_CONFIG: {} does not exist", "UKEYHUB_CONFIG：{} 不存在"),
    ("{}: unknown key \"{}\" {}", "{}：不认识的键“{}”（{}）"),
    ("{}: double key \"{}\"", "{}：键“{}”重复"),
    ("{}: key \"{}\" is missing {}", "{}：缺少键“{}”（{}）"),
    ("{}: not valid TOML: {}", "{}：不是有效的 TOML：{}"),
    (
        "{}: key \"env\" in [[library]]: variables cannot be set for a library in the host's process (isolation \"none\"){}",
        "{}：[[library]] 中的键“env”：不能为在宿主进程内运行的库（isolation \"none\"）设置环境变量{}",
    ),
    // What the system says
    ("{}: No such file or directory (os error {})", "{}：文件或文件夹不存在（os error {}）"),
    ("No such file or directory (os error {})", "文件或文件夹不存在（os error {}）"),
    ("{}: Permission denied (os error {})", "{}：权限不足（os error {}）"),
    ("Permission denied (os error {})", "权限不足（os error {}）"),
    ("No space left on device (os error {})", "磁盘空间不足（os error {}）"),
];

fn in_chinese(reason: &str) -> String {
    let translated = CHINESE.iter().find_map(|(english, chinese)| Some((chinese, holes(english, reason)?)));
    let Some((chinese, holes)) = translated else { return reason.to_owned() };
    let mut said = String::new();
    let mut holes = holes.into_iter();
    for (at, piece) in chinese.split("{}").enumerate() {
        if at > 0 {
            said.push_str(&in_chinese(holes.next().unwrap_or_default()));
        }
        said.push_str(piece);
    }
    said
}

/// What stands in the holes of `pattern` when `text` fits it. A hole before a literal is as short as possible.
fn holes<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut found = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let is_last = pieces.peek().is_none();
        let (hole, after) = if is_last { (rest.strip_suffix(piece)?, "") } else { rest.split_once(piece)? };
        found.push(hole);
        rest = after;
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests;

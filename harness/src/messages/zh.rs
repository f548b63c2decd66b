//! The texts in Chinese. It must not hold logic.

use super::{BadUsage, TokenState, Words};

/// Chinese.
pub static ZH: Words = Words {
    about: "显示 ukeyhub 模块看到的密码库、插槽和 UKey（CA 锁），并说明某一项为什么不可用。",
    list_about: "列出应用程序通过本模块看到的密码库、插槽和 UKey",
    json: "输出供程序读取的 JSON（格式 \"ukeyhub.list\"，版本 1），不输出表格",
    lang: "界面语言：zh 或 en；不指定时由系统区域设置决定",
    help: "显示本帮助",
    version: "显示版本号",
    usage: "用法：",
    commands: "命令：",
    options: "选项：",
    root_usage: "ukeyhub [选项] <命令>",
    list_usage: "ukeyhub list [选项]",
    exit_codes: "\
退出码：
  0  已完成，没有可显示的内容时也是 0
  1  命令本身失败，例如输出无法写入
  2  命令行有误
  3  配置文件不可用，原因见标准错误输出
  4  配置了密码库，但全部被跳过",
    list_exit_codes: "\
结果写到标准输出，其他信息写到标准错误输出。本命令不提问，不使用 PIN 码，不改动 UKey 上的任何内容。
密码库在本进程内运行：密码库崩溃时，本命令也随之崩溃。

退出码：
  0  已列出；没有配置密码库、只有部分密码库被跳过时也是 0
  1  结果无法写入
  2  命令行有误
  3  配置文件不可用，原因见标准错误输出
  4  配置了密码库，但全部被跳过；列表照常输出",

    error: "错误：",
    bad_configuration: "配置文件不可用：",
    bad_output: "结果无法写入：",
    bad_usage: Some(&BadUsage {
        unknown_argument: |argument| format!("不认识的参数“{argument}”"),
        unknown_command: |command| format!("不认识的命令“{command}”"),
        bad_value: |argument, value, valid| format!("参数“{argument}”的值“{value}”无效，可用的值：{valid}"),
        repeated: |argument| format!("参数“{argument}”只能使用一次"),
        superfluous_value: |argument| format!("参数“{argument}”不带值"),
        no_command: "没有指定命令",
        see_help: "更多信息请使用“--help”。",
    }),

    configuration: "配置文件",
    built_in: "内置配置（没有找到配置文件）",
    log_file: "日志文件",
    no_log: "无",
    libraries: "密码库",
    no_libraries: "无：配置中没有指定密码库",
    library_headings: ["名称", "状态", "厂商适配文件", "接口版本", "制造商", "库版本", "文件"],
    ready: "可用",
    skipped: "已跳过",
    answered: |function, value| format!("{function} 返回 {value}"),
    slots: "插槽",
    no_slots: "无",
    slot_headings: ["编号", "十进制", "密码库", "UKey", "说明"],
    present: "有",
    absent: "无",
    tokens: "UKey（CA 锁）",
    token_headings: ["插槽", "标签", "制造商", "型号", "序列号", "状态"],
    state: TokenState {
        initialised: "已初始化",
        not_initialised: "未初始化",
        pin_set: "已设置 PIN 码",
        no_pin: "未设置 PIN 码",
        login_required: "需要登录",
        protected_path: "在设备上输入 PIN 码",
        write_protected: "写保护",
        pin_count_low: "PIN 码曾输错",
        pin_final_try: "PIN 码剩余验证次数 1 次",
        pin_locked: "PIN 码已锁定",
        pin_to_be_changed: "必须修改 PIN 码",
        so_pin_count_low: "管理员 PIN 码曾输错",
        so_pin_final_try: "管理员 PIN 码剩余验证次数 1 次",
        so_pin_locked: "管理员 PIN 码已锁定",
        so_pin_to_be_changed: "必须修改管理员 PIN 码",
        error_state: "设备故障",
    },
    separator: "，",
    profiles_skipped: "已跳过的厂商适配文件",
    profile_headings: ["文件", "原因"],
    summary: |libraries, skipped, slots, tokens| {
        format!("共 {libraries} 个密码库，跳过 {skipped} 个；{slots} 个插槽，其中 {tokens} 个有 UKey")
    },
};

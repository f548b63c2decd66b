//! Link options of the library. On 32-bit Windows functions are stdcall, and vendors' libraries export them under their
//! plain names: `SKF_EnumDev`, not `SKF_EnumDev@12`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "windows" && target("ARCH") == "x86" && target("ENV") == "gnu" {
        println!("cargo::rustc-cdylib-link-arg=-Wl,--kill-at");
    }
}

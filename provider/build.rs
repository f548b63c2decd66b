//! Link arguments of the module. It must not build or probe anything.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Our own calls to C_* names bind to ourselves, even in a host that exports C_* names of its own (design D10).
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-Bsymbolic");
    }
}

//! Tells the crate when it is compiled for another target than the machine's. It must not build or probe anything.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let (Ok(target), Ok(host)) = (std::env::var("TARGET"), std::env::var("HOST"))
        && target != host
    {
        println!("cargo::rustc-env=UKEYHUB_CROSS_TARGET={target}");
    }
}

//! Sets the linker flags that a Node addon needs (a build of the pure core needs none), and
//! `cfg(fork_mode)` where captures by a forked child are possible.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(fork_mode)");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && matches!(target("ARCH").as_str(), "x86_64" | "aarch64") {
        println!("cargo::rustc-cfg=fork_mode");
    }
    if std::env::var_os("CARGO_FEATURE_NODE").is_some() {
        napi_build::setup();
    }
}

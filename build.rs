//! Sets the linker flags that a Node addon needs. A build of the pure core needs none.
fn main() {
    if std::env::var_os("CARGO_FEATURE_NODE").is_some() {
        napi_build::setup();
    }
}

//! Rebuilds when a scenario or sample that is built in changes, is added or goes.

fn main() {
    for folder in ["../../scenarios", "../../samples/matrix", "../../samples/tcp-echo", "../../samples/sleep"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}

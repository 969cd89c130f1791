//! The rendered inputs in `samples/` are what a run renders; they are there to be looked at.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use dualproof_driver::cluster::{KindSettings, kind_config};
use dualproof_driver::mesh::render_operator;
use dualproof_model::family::FamilyOrder;

#[test]
fn samples_are_what_a_run_renders() {
    let kind = |order| {
        let settings = KindSettings {
            name: "dualproof-sample".to_owned(),
            kubernetes: "1.36.1".to_owned(),
            node_image: None,
            order,
            nodes: 1,
            keep: false,
            stock: false,
        };
        kind_config(&settings, "sample")
    };
    let rendered = [
        ("kind/v4-v6.yaml", kind(FamilyOrder::V4First)),
        ("kind/v6-v4.yaml", kind(FamilyOrder::V6First)),
        ("istio/dual-stack.yaml", render_operator(&"1.31.0".parse().unwrap())),
    ];
    for (name, text) in rendered {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name);
        let sample = std::fs::read_to_string(&path).unwrap();
        assert_eq!(sample, text, "samples/{name} is not what a run renders; write it anew:\n{text}");
    }
}

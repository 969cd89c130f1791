//! Images that do not get into the nodes.

use std::os::unix::fs::symlink;
use std::path::Path;

use axum::routing::get;
use axum::{Json, Router};
use dualproof_driver::cluster::{Kind, KindSettings, KindTools, Provider};
use dualproof_driver::context::RunContext;
use dualproof_driver::trouble::Trouble;
use dualproof_model::evidence::FailureKind;
use dualproof_model::family::FamilyOrder;
use dualproof_model::plan::Timeouts;
use serde_json::json;

use super::pods::{cluster, list};
use crate::fake::{Checked, context, serve};

/// Loads two images, `a/fails:1` first, with scripts for docker and kind; returns notes, or the trouble, and what was called.
async fn loaded(
    docker: &str,
    kind: &str,
) -> Result<(Result<Vec<String>, Trouble>, String), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake/tool.sh");
    for (name, case) in [("docker", docker), ("kind", kind)] {
        symlink(&script, folder.path().join(name))?;
        std::fs::write(folder.path().join(format!("{name}.case")), case)?;
    }
    let tool = |name| folder.path().join(name).into_os_string();
    let settings = KindSettings {
        name: "dualproof-r1".to_owned(),
        kubernetes: "1.36.1".to_owned(),
        node_image: None,
        order: FamilyOrder::V6First,
        nodes: 1,
        keep: false,
        stock: false,
    };
    let provider = Kind::new(settings).with_tools(KindTools { docker: tool("docker"), kind: tool("kind") });
    let node = json!({"metadata": {"name": "n"}, "status": {"images": []}});
    let nodes = Router::new().route("/api/v1/nodes", get(move || async move { Json(list("Node", &[node])) }));
    let (client, _) = serve(nodes).await?;
    let context = RunContext {
        folder: folder.path().to_owned(),
        timeouts: Timeouts { image_load: 1, tool: 1, ..Timeouts::default() },
        ..context()
    };
    let images = ["a/fails:1".to_owned(), "b/works:1".to_owned()];
    let notes = provider.load_images(&context, &cluster(client), &images).await.map_err(Trouble::from);
    Ok((notes, std::fs::read_to_string(folder.path().join("calls")).unwrap_or_default()))
}

#[tokio::test]
async fn an_image_whose_load_fails_or_hangs_is_noted_and_the_other_is_loaded() -> Checked {
    let cases = [
        (
            "case \"$*\" in *a/fails:1*) echo 'ERROR: command \"ctr images import\" failed: no space left on device' >&2; exit 1;; esac",
            "ended with exit status 1; it last said: ERROR: command \"ctr images import\" failed: no space left on device",
        ),
        (
            "case \"$*\" in *a/fails:1*) echo 'Loading image' >&2; exec tail -f /dev/null;; esac",
            "did not end within 1 s; it last said: Loading image",
        ),
    ];
    for (kind, words) in cases {
        let (notes, calls) = loaded("", kind).await?;
        let notes = notes.map_err(|trouble| trouble.what)?;
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(
            notes[0].starts_with("a/fails:1: left to the kubelet's pull, because ") && notes[0].contains(words),
            "{notes:?}"
        );
        assert!(calls.contains("kind load docker-image b/works:1"), "{calls}");
    }
    Ok(())
}

#[tokio::test]
async fn a_docker_that_no_longer_answers_is_the_machines_trouble() -> Checked {
    let (notes, calls) = loaded("exec tail -f /dev/null", "").await?;
    let trouble = notes.err().ok_or("nothing can be loaded")?;
    assert_eq!(trouble.kind, FailureKind::InvalidEnvironment);
    let what = "cannot look for the image a/fails:1: `";
    assert!(trouble.what.starts_with(what) && trouble.what.contains("did not end within 1 s"), "{}", trouble.what);
    assert!(!calls.contains("kind load"), "{calls}");
    Ok(())
}

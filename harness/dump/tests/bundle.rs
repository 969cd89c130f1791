//! Writing a bundle, reading it back, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "a bundle is files")]

use std::fs;
use std::path::Path;

use dualproof_dump::DumpError;
use dualproof_dump::bundle::{self, Writer, layout};
use dualproof_model::evidence::{
    AddressKind, BUNDLE_SCHEMA, Call, CallOutcome, CallStage, Manifest, PodRef, StageTiming, Target, Timings,
};
use dualproof_model::plan::{Cell, MeshKind};
use tempfile::TempDir;

const NODES: &[u8] = br#"{"kind":"NodeList","items":[{"metadata":{"name":"w"}}]}"#;
const SERVER_INFO: &[u8] = br#"{"version":"x/1.39.3"}"#;

fn pod() -> PodRef {
    PodRef { namespace: "client".to_owned(), name: "curl-1".to_owned() }
}

fn call(id: &str) -> Call {
    Call {
        id: id.to_owned(),
        scenario: "s".to_owned(),
        stage: CallStage::Mesh,
        client: pod(),
        container: "curl".to_owned(),
        target: Target { namespace: "n".to_owned(), name: "s".to_owned(), port: 9000 },
        address_kind: AddressKind::Name,
        address: "s.n".to_owned(),
        family: None,
        argv: vec!["nc".to_owned()],
        reply: None,
        outcome: CallOutcome::Timeout,
        stdout: "a\nb\u{2028}".to_owned(),
        stderr: String::new(),
        millis: 7,
    }
}

/// Writes a small bundle: nodes, one file of one proxy, an input, one call.
fn small() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let writer = Writer::create(dir.path()).unwrap();
    writer.add(layout::NODES, NODES).unwrap();
    writer.add(&layout::proxy_file(&pod(), layout::SERVER_INFO), SERVER_INFO).unwrap();
    writer.add(&layout::input("scenarios/seed/a.yaml"), "title: a\n").unwrap();
    writer.add(&layout::log(&pod(), "istio-init"), "DUAL_STACK=true\n").unwrap();
    writer.append_line(layout::CALLS, &call("a")).unwrap();
    writer.missing(layout::SERVICES, "forbidden");
    writer.save(Manifest::default()).unwrap();
    dir
}

fn read_error(dir: &Path) -> DumpError {
    let error = bundle::read(dir).unwrap_err();
    assert!(!error.hint().is_empty(), "{error}");
    error
}

fn edit_manifest(dir: &Path, from: &str, to: &str) {
    let path = dir.join(layout::MANIFEST);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn what_is_written_is_read_back() {
    let dir = small();
    let bundle = bundle::read(dir.path()).unwrap();
    let evidence = &bundle.evidence;
    assert_eq!(evidence.objects.nodes[0].meta.place, "objects/nodes.json#/items/0");
    assert_eq!(evidence.calls, [call("a")]);
    assert_eq!(evidence.proxies.len(), 1);
    let proxy = &evidence.proxies[0];
    assert_eq!((&proxy.pod, proxy.place.as_str()), (&pod(), "proxies/client/curl-1"));
    assert_eq!(proxy.info.envoy, "x/1.39.3");
    let redirect = proxy.redirect.as_ref().unwrap();
    assert_eq!((redirect.dual_stack, redirect.place.as_str()), (Some(true), "logs/client/curl-1/istio-init.log"));
    assert_eq!(bundle.input("inputs/scenarios/seed/a.yaml"), Some(&b"title: a\n"[..]));
    assert_eq!(bundle.inputs().map(|(path, _)| path).collect::<Vec<_>>(), ["inputs/scenarios/seed/a.yaml"]);
    assert_eq!(bundle.input("inputs/other"), None);
    assert_eq!(evidence.manifest.schema, BUNDLE_SCHEMA);
}

#[test]
fn what_is_not_there_is_named_once() {
    let dir = small();
    let missing = bundle::read(dir.path()).unwrap().evidence.manifest.missing;
    let mut named: Vec<&str> = missing.iter().map(|missing| missing.what.as_str()).collect();
    named.sort_unstable();
    assert_eq!(
        named,
        [
            "mesh/syncz.json",
            "objects/endpointslices.json",
            "objects/namespaces.json",
            "objects/pods.json",
            "objects/services.json",
            "proxies/client/curl-1/clusters.json",
            "proxies/client/curl-1/config_dump.json",
            "proxies/client/curl-1/listeners.json",
            "proxies/client/curl-1/stats.txt",
        ]
    );
    assert_eq!(missing.iter().find(|missing| missing.what == layout::SERVICES).unwrap().why, "forbidden");
    // Without a mesh nobody asks for its sync state.
    let writer_dir = tempfile::tempdir().unwrap();
    let writer = Writer::create(writer_dir.path()).unwrap();
    let cell = Cell { mesh: MeshKind::None, ..Cell::default() };
    writer.save(Manifest { cell, ..Manifest::default() }).unwrap();
    let missing = bundle::read(writer_dir.path()).unwrap().evidence.manifest.missing;
    assert!(missing.iter().all(|missing| missing.what != layout::SYNCZ), "{missing:?}");
}

#[test]
fn save_may_be_called_again_and_again() {
    let dir = tempfile::tempdir().unwrap();
    let writer = Writer::create(&dir.path().join("a/b")).unwrap();
    let manifest = Manifest { run: "r".to_owned(), ..Manifest::default() };
    writer.save(manifest.clone()).unwrap();
    assert!(bundle::read(writer.dir()).unwrap().evidence.calls.is_empty());
    for id in ["a", "b"] {
        writer.append_line(layout::CALLS, &call(id)).unwrap();
        let timings = Timings { stages: vec![StageTiming { stage: id.to_owned(), ..StageTiming::default() }] };
        writer.add_json(layout::TIMINGS, &timings).unwrap();
        writer.redacted("x", "y");
        writer.save(manifest.clone()).unwrap();
        let evidence = bundle::read(writer.dir()).unwrap().evidence;
        assert_eq!(evidence.calls.last().unwrap().id, id);
        assert_eq!(evidence.timings.stages[0].stage, id);
        assert_eq!((evidence.manifest.run.as_str(), evidence.manifest.redacted.len()), ("r", 1));
    }
}

#[test]
fn many_tasks_write_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let writer = Writer::create(dir.path()).unwrap();
    std::thread::scope(|scope| {
        for task in 0..8 {
            let writer = &writer;
            scope.spawn(move || {
                for index in 0..20 {
                    writer.append_line(layout::CALLS, &call(&format!("{task}/{index}"))).unwrap();
                    writer.add(&layout::input(&format!("{task}/{index}")), index.to_string()).unwrap();
                    writer.add(&layout::input("shared"), format!("{task} {index}")).unwrap();
                    writer.save(Manifest::default()).unwrap();
                }
            });
        }
    });
    let bundle = bundle::read(dir.path()).unwrap();
    assert_eq!((bundle.evidence.calls.len(), bundle.inputs().count()), (160, 161));
}

#[test]
fn the_writer_removes_only_bundles_of_ours() {
    let dir = small();
    fs::write(dir.path().join(".dualproof-draft-x"), "half").unwrap();
    let writer = Writer::create(dir.path()).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    writer.add(layout::NODES, NODES).unwrap();
    // Killed before its first `save`: nothing says that the folder is ours.
    let error = Writer::create(dir.path()).unwrap_err();
    assert!(matches!(&error, DumpError::NotOurs { found, .. } if found == "objects"), "{error}");
    writer.save(Manifest::default()).unwrap();
    fs::write(dir.path().join("thesis.txt"), "mine").unwrap();
    let error = Writer::create(dir.path()).unwrap_err();
    assert!(matches!(&error, DumpError::NotOurs { found, .. } if found == "thesis.txt"), "{error}");
    assert!(dir.path().join("thesis.txt").exists() && dir.path().join("bundle.yaml").exists());
    fs::remove_file(dir.path().join("thesis.txt")).unwrap();
    fs::write(dir.path().join("bundle.yaml"), "schema: somebody/else/v1\n").unwrap();
    assert!(matches!(Writer::create(dir.path()), Err(DumpError::NotOurs { .. })));
    // A bundle of a later version is ours, too.
    fs::write(dir.path().join("bundle.yaml"), "schema: dualproof.dev/bundle/v7\nnew: true\n").unwrap();
    Writer::create(dir.path()).unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(Writer::create(&file), Err(DumpError::Io { .. })));
}

#[test]
fn paths_that_lead_elsewhere_are_refused_by_both() {
    let parts = "a/".repeat(20);
    for path in [
        "",
        "/etc/passwd",
        "../x",
        "inputs/../../x",
        "inputs//x",
        "inputs/./x",
        "inputs/x/",
        "inputs\\x",
        "inputs/a\nb",
        "inputs/.hidden",
        &format!("inputs/{parts}x"),
    ] {
        let dir = small();
        let writer = Writer::create(&dir.path().join("inputs/new")).unwrap();
        assert!(matches!(writer.add(path, "x"), Err(DumpError::UnsafePath { .. })), "{path:?}");
        let dir = small();
        let key = serde_json::to_string(path).unwrap();
        edit_manifest(dir.path(), "files:\n", &format!("files:\n  {key}: ab\n"));
        let error = read_error(dir.path());
        assert!(matches!(&error, DumpError::UnsafePath { .. }), "{path:?}: {error}");
        assert!(error.to_string().contains(&path.escape_debug().to_string()), "{error}");
    }
    let writer = Writer::create(&small().path().join("new")).unwrap();
    assert!(matches!(writer.add("bundle.yaml", "x"), Err(DumpError::UnsafePath { .. })));
    assert!(matches!(writer.add("thesis.txt", "x"), Err(DumpError::UnsafePath { .. })));
}

#[test]
fn a_changed_file_is_told_with_both_digests() {
    let dir = small();
    for (path, parsed) in [("objects/nodes.json", true), ("logs/client/curl-1/istio-init.log", false)] {
        let file = dir.path().join(path);
        let before = fs::read(&file).unwrap();
        fs::write(&file, [&before[..], b" "].concat()).unwrap();
        let error = read_error(dir.path());
        assert!(matches!(&error, DumpError::Digest { place, .. } if place == path), "{parsed}: {error}");
        fs::write(&file, before).unwrap();
    }
    bundle::read(dir.path()).unwrap();
}

#[test]
fn a_folder_that_does_not_match_its_manifest_is_refused() {
    let dir = small();
    let there = dir.path().join("objects/nodes.json");
    fs::remove_file(&there).unwrap();
    assert!(matches!(read_error(dir.path()), DumpError::Gone { place } if place == "objects/nodes.json"));
    fs::write(&there, NODES).unwrap();

    let extra = dir.path().join("objects/secrets.json");
    fs::write(&extra, "{}").unwrap();
    assert!(matches!(read_error(dir.path()), DumpError::Unlisted { place } if place == "objects/secrets.json"));
    fs::remove_file(&extra).unwrap();
    let nested = dir.path().join("logs/bundle.yaml");
    fs::write(&nested, "").unwrap();
    assert!(matches!(read_error(dir.path()), DumpError::Unlisted { place } if place == "logs/bundle.yaml"));
    fs::remove_file(&nested).unwrap();

    // Left by a file system or by a killed run; never read.
    fs::write(dir.path().join(".DS_Store"), "x").unwrap();
    fs::create_dir(dir.path().join("objects/empty")).unwrap();
    bundle::read(dir.path()).unwrap();

    let endless = dir.path().join("x/".repeat(40));
    fs::create_dir_all(endless).unwrap();
    assert!(matches!(read_error(dir.path()), DumpError::UnsafePath { .. }));
}

#[cfg(unix)]
#[test]
fn links_and_other_odd_files_are_refused() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("nodes.json"), NODES).unwrap();
    let dir = small();
    let nodes = dir.path().join("objects/nodes.json");
    fs::remove_file(&nodes).unwrap();
    symlink(outside.path().join("nodes.json"), &nodes).unwrap();
    let error = read_error(dir.path());
    assert_eq!(error.to_string(), "objects/nodes.json is a symbolic link; a bundle holds plain files and folders only");
    fs::remove_file(&nodes).unwrap();
    fs::remove_dir(dir.path().join("objects")).unwrap();
    symlink(outside.path(), dir.path().join("objects")).unwrap();
    assert!(matches!(read_error(dir.path()), DumpError::NotPlain { place, .. } if place == "objects"));
    fs::remove_file(dir.path().join("objects")).unwrap();
    let _socket = UnixListener::bind(dir.path().join("socket")).unwrap();
    assert!(matches!(read_error(dir.path()), DumpError::NotPlain { place, .. } if place == "socket"));

    let dir = small();
    let manifest = dir.path().join("bundle.yaml");
    fs::rename(&manifest, outside.path().join("bundle.yaml")).unwrap();
    symlink(outside.path().join("bundle.yaml"), &manifest).unwrap();
    assert!(matches!(read_error(dir.path()), DumpError::NotPlain { .. }));
}

#[test]
fn a_manifest_that_is_none_is_told_with_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let nowhere = dir.path().join("nowhere");
    assert!(matches!(read_error(&nowhere), DumpError::NoFolder { place } if place.ends_with("nowhere")));
    fs::create_dir(dir.path().join("objects")).unwrap();
    let error = read_error(dir.path());
    assert!(matches!(&error, DumpError::NoManifest { place } if place.ends_with("bundle.yaml")), "{error}");
    assert!(error.hint().contains("killed before it wrote one"), "{}", error.hint());
    let path = dir.path().join("bundle.yaml");
    for (text, expected) in [
        ("", "is not a manifest"),
        ("schema: dualproof.dev/bundle/v1\n", "is not a manifest"),
        ("schema: [", "is not a manifest"),
        ("<html>", "is not a manifest"),
        ("run: a\n", "is not a manifest"),
        ("schema: dualproof.dev/bundle/v2\nnew: 1\n", "has schema `dualproof.dev/bundle/v2`"),
        ("apiVersion: v1\nkind: Pod\nschema: x\n", "has schema `x`"),
    ] {
        fs::write(&path, text).unwrap();
        let error = read_error(dir.path()).to_string();
        assert!(error.contains("bundle.yaml ") && error.contains(expected), "{text:?}: {error}");
    }
    fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(matches!(read_error(dir.path()), DumpError::Io { .. }));
    fs::write(&path, vec![b'#'; (16 << 20) + 1]).unwrap();
    assert!(matches!(read_error(dir.path()), DumpError::TooLarge { size, limit, .. } if size == limit + 1));
}

#[test]
fn a_huge_file_is_refused_by_its_size_and_not_read() {
    let dir = small();
    for (path, expected) in [("objects/nodes.json", 2 << 30), ("inputs/scenarios/seed/a.yaml", 64 << 20)] {
        let before = fs::read(dir.path().join(path)).unwrap();
        // A sparse file: it takes no room on disk.
        fs::OpenOptions::new().write(true).open(dir.path().join(path)).unwrap().set_len(3 << 30).unwrap();
        let error = read_error(dir.path());
        assert!(
            matches!(&error, DumpError::TooLarge { place, limit, .. } if place == path && *limit == expected),
            "{error}"
        );
        fs::write(dir.path().join(path), before).unwrap();
    }
}

#[test]
fn a_file_that_cannot_be_parsed_is_told_with_its_path() {
    for (path, bytes, words) in [
        (layout::PODS, &b"{\"kind\":\"PodList\",\"items\":["[..], "objects/pods.json breaks off at line 1"),
        (layout::CALLS, b"{}\n", "calls.jsonl line 1 column 2: missing field `id`"),
        (layout::DNS, b"not json\n", "dns.jsonl line 1"),
        (layout::TIMINGS, b"[]", "timings.json holds a JSON array"),
        ("proxies/a/b/stats.txt", b"<html>", "proxies/a/b/stats.txt holds an HTML or XML page"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let writer = Writer::create(dir.path()).unwrap();
        writer.add(path, bytes).unwrap();
        writer.save(Manifest::default()).unwrap();
        let error = read_error(dir.path()).to_string();
        assert!(error.starts_with(words), "{error}");
    }
}

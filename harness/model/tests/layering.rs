//! The order of modules inside this crate, and of the crates of the workspace.
#![expect(clippy::disallowed_methods, reason = "the test reads the sources that it is about")]

use std::fs;
use std::path::{Path, PathBuf};

/// Every module that comes later in the data's way than the one that imports it, as `path:line`.
fn imports_of_later(modules: &[String], module: &str, path: &str, source: &str) -> Vec<String> {
    let Some(own) = modules.iter().position(|known| known == module) else {
        return vec![format!("{path}:1: {module} is not declared in lib.rs")];
    };
    crate_paths(source)
        .into_iter()
        .filter(|(_, name)| modules.iter().position(|known| known == name).is_some_and(|other| other > own))
        .map(|(line, name)| format!("{path}:{line}: {module} imports {name}, which comes after it"))
        .collect()
}

/// Lists the modules named after `crate::`, alone or in braces, with their lines. Comments do not count.
fn crate_paths(source: &str) -> Vec<(usize, String)> {
    let code: String =
        source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (start, prefix) in code.match_indices("crate::") {
        let rest = &code[start + prefix.len()..];
        let line_at = |offset: usize| code[..start + prefix.len() + offset].matches('\n').count() + 1;
        let Some(group) = rest.strip_prefix('{') else {
            found.push((line_at(0), word(rest)));
            continue;
        };
        let mut depth = 0;
        let mut at_start = true;
        for (offset, mark) in group.char_indices() {
            match mark {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => at_start = true,
                mark if at_start && mark.is_alphabetic() => {
                    found.push((line_at(offset + 1), word(&group[offset..])));
                    at_start = false;
                }
                _ => {}
            }
        }
    }
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|mark| mark.is_alphanumeric() || *mark == '_').collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap_or_else(|error| panic!("{error}")).path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn declared(lib: &str) -> Vec<String> {
    lib.lines().filter_map(|line| line.strip_prefix("pub mod ")).map(word).collect()
}

#[test]
fn each_module_imports_only_earlier_ones() {
    let source = root().join("src");
    let modules = declared(&read(&source.join("lib.rs")));
    assert!(modules.len() > 4, "lib.rs declares {modules:?}");
    let mut wrong = Vec::new();
    for path in rust_files(&source) {
        let inside = path.strip_prefix(&source).unwrap_or(&path);
        let name = inside.to_string_lossy().replace('\\', "/");
        if name == "lib.rs" {
            continue;
        }
        let module = name.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        wrong.extend(imports_of_later(&modules, &module, &format!("src/{name}"), &read(&path)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_import_is_named_with_path_and_line() {
    let modules = ["family", "evidence", "check"].map(str::to_owned);
    let source = "//! crate::check is only mentioned.\nuse crate::family::IpFamily;\nuse crate::{\n    family::{A, B},\n    check::Case,\n};\n\
                  fn f() { crate::check::all(); }\n";
    assert_eq!(
        imports_of_later(&modules, "evidence", "src/evidence/a.rs", source),
        [
            "src/evidence/a.rs:5: evidence imports check, which comes after it",
            "src/evidence/a.rs:7: evidence imports check, which comes after it",
        ]
    );
    assert!(imports_of_later(&modules, "check", "src/check/a.rs", source).is_empty());
    assert_eq!(imports_of_later(&modules, "stray", "src/stray.rs", "").len(), 1);
}

/// The crates from the last to the first: each may depend on those after it alone.
const CRATES: [(&str, &str); 6] = [
    ("dualproof-scenarios", "scenarios"),
    ("dualproof-runner", "harness/runner"),
    ("dualproof-driver", "harness/driver"),
    ("dualproof-dump", "harness/dump"),
    ("dualproof-model", "harness/model"),
    ("dualproof-wire", "harness/wire"),
];

/// What goes into the image of the servers and probers: of ours it may know the wire alone, and nobody may depend on it.
const AGENT: (&str, &str) = ("dualproof-agent", "samples/agent");

/// Lists the names in a manifest's dependency tables, of every kind.
fn dependencies(manifest: &str) -> Vec<(usize, String)> {
    let mut in_table = false;
    let mut names = Vec::new();
    for (number, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            in_table = table.ends_with("dependencies");
            if let Some((_, name)) = table.split_once("dependencies.") {
                names.push((number + 1, name.to_owned()));
            }
            continue;
        }
        if in_table && !line.starts_with('#') {
            let name: String = line.chars().take_while(|mark| mark.is_alphanumeric() || "-_".contains(*mark)).collect();
            if !name.is_empty() {
                names.push((number + 1, name));
            }
        }
    }
    names
}

fn arrows_that_point_back(position: usize, path: &str, manifest: &str) -> Vec<String> {
    dependencies(manifest)
        .into_iter()
        .filter(|(_, name)| CRATES[..=position].iter().any(|(later, _)| later == name))
        .map(|(line, name)| format!("{path}:{line}: {} depends on {name}", CRATES[position].0))
        .collect()
}

#[test]
fn the_crates_depend_one_way() {
    let mut wrong = Vec::new();
    for (position, (name, folder)) in CRATES.iter().enumerate() {
        let manifest = read(&root().join("../..").join(folder).join("Cargo.toml"));
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{folder} is not {name}");
        wrong.extend(arrows_that_point_back(position, &format!("{folder}/Cargo.toml"), &manifest));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_agent_knows_the_wire_alone() {
    let (agent, folder) = AGENT;
    let manifest = read(&root().join("../..").join(folder).join("Cargo.toml"));
    assert!(manifest.contains(&format!("name = \"{agent}\"")), "{folder} is not {agent}");
    let ours: Vec<String> = dependencies(&manifest)
        .into_iter()
        .map(|(_, name)| name)
        .filter(|name| name.starts_with("dualproof-"))
        .collect();
    assert_eq!(ours, ["dualproof-wire"]);
    for (name, folder) in CRATES {
        let manifest = read(&root().join("../..").join(folder).join("Cargo.toml"));
        assert!(dependencies(&manifest).iter().all(|(_, known)| known != agent), "{name} depends on {agent}");
    }
}

#[test]
fn an_arrow_that_points_back_is_named_with_path_and_line() {
    let manifest = "[package]\nname = \"dualproof-dump\"\n[dependencies]\n# dualproof-runner is only mentioned\n\
                    dualproof-model.workspace = true\n[dev-dependencies]\ndualproof-driver = { path = \"../driver\" }\n\
                    [dependencies.dualproof-runner]\npath = \"../runner\"\n";
    assert_eq!(
        arrows_that_point_back(3, "harness/dump/Cargo.toml", manifest),
        [
            "harness/dump/Cargo.toml:7: dualproof-dump depends on dualproof-driver",
            "harness/dump/Cargo.toml:8: dualproof-dump depends on dualproof-runner",
        ]
    );
}

#[test]
fn the_model_knows_no_runtime_no_cluster_and_no_processes() {
    let manifest = read(&root().join("Cargo.toml"));
    let known = dependencies(&manifest);
    assert!(known.iter().any(|(_, name)| name == "serde"), "{known:?}");
    for refused in ["tokio", "kube", "duct"] {
        assert!(!known.iter().any(|(_, name)| name == refused), "model depends on {refused}");
    }
}

//! The scenarios and samples of this version, inside the program: it needs no checkout to run.

use include_dir::{Dir, DirEntry, include_dir};

static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../scenarios");
static TCP_ECHO: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../samples/tcp-echo");
static MATRIX: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../samples/matrix");
static SLEEP: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../samples/sleep");

/// Lists every built-in YAML file as (path from the project's root, text).
pub(super) fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let folders = [
        ("scenarios", &SCENARIOS),
        ("samples/matrix", &MATRIX),
        ("samples/tcp-echo", &TCP_ECHO),
        ("samples/sleep", &SLEEP),
    ];
    for (prefix, folder) in folders {
        collect(prefix, folder, &mut files);
    }
    files.sort();
    files
}

fn collect(prefix: &str, folder: &Dir<'_>, files: &mut Vec<(String, String)>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(inner) => collect(prefix, inner, files),
            DirEntry::File(file) => {
                let path = file.path().to_string_lossy();
                if let Some(text) = file.contents_utf8().filter(|_| path.ends_with(".yaml")) {
                    files.push((format!("{prefix}/{path}"), text.to_owned()));
                }
            }
        }
    }
}

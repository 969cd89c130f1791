//! Builds the agent as a static binary, by a cargo of its own.
//!
//! The build goes into a folder of its own below the target folder, so that clippy, tests and both profiles share one build
//! and none of them waits for the lock that the outer cargo holds. It is the profile `agent` of the workspace.

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

#[expect(unreachable_pub, reason = "it is public in the library, which shares it")]
#[path = "src/elf.rs"]
mod elf;

/// A static binary that was built elsewhere, to be taken as it is.
const GIVEN: &str = "DUALPROOF_AGENT_BINARY";

/// What the agent is made of, from the workspace's root.
const SOURCES: [&str; 4] = ["samples/agent", "harness/wire", "Cargo.lock", "Cargo.toml"];

/// What the outer cargo, clippy and the user set for the outer build, and what must not reach the agent's.
const NOT_FOR_THE_AGENT: [&str; 8] = [
    "RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_DIR",
];

const HINT: &str = "give one that was built elsewhere with DUALPROOF_AGENT_BINARY=FILE in the environment of the build";

fn main() -> ExitCode {
    match put() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("cargo::error={}", why.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

/// Puts the agent's binary where `lib.rs` includes it.
fn put() -> Result<(), String> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={GIVEN}");
    let binary = match env::var_os(GIVEN).filter(|given| !given.is_empty()) {
        Some(given) => {
            let given = PathBuf::from(given);
            // Cargo runs this in the crate's folder, which is not where the user is.
            if given.is_relative() {
                return Err(format!("{GIVEN} is {}, and an absolute path is needed", given.display()));
            }
            println!("cargo::rerun-if-changed={}", given.display());
            given
        }
        None => built(&out)?,
    };
    let bytes = std::fs::read(&binary).map_err(|error| format!("cannot read {}: {error}", binary.display()))?;
    elf::architecture(&bytes).map_err(|error| format!("{} cannot be the agent: {error}; {HINT}", binary.display()))?;
    let path = out.join("agent");
    std::fs::write(&path, bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Builds the agent and returns its path.
fn built(out: &Path) -> Result<PathBuf, String> {
    let root = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../..");
    let root = root.canonicalize().map_err(|error| format!("cannot find the workspace: {error}"))?;
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    let target = text(variable("TARGET")?)?;
    if !target.contains("-linux-") {
        return Err(format!("the agent runs in Linux containers and cannot be built for {target}; {HINT}"));
    }
    let folder = folder(out);
    let mut cargo = Command::new(variable("CARGO")?);
    for name in NOT_FOR_THE_AGENT {
        cargo.env_remove(name);
    }
    let built = cargo
        .current_dir(&root)
        .args(["build", "--locked", "--package", "dualproof-agent", "--bin", "agent", "--profile", "agent"])
        .args(["--target", &target])
        .arg("--target-dir")
        .arg(&folder)
        // Newer cargos can keep what they build apart from what they deliver; both belong into our folder.
        .env("CARGO_BUILD_BUILD_DIR", &folder)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(&root)?)
        .output()
        .map_err(|error| format!("cannot start cargo for the agent: {error}"))?;
    if !built.status.success() {
        // Cargo shows what a build script says when the script fails.
        std::io::stderr().write_all(&built.stderr).map_err(|error| format!("cannot say why: {error}"))?;
        return Err(why(&String::from_utf8_lossy(&built.stderr), &target));
    }
    Ok(folder.join(target).join("agent/agent"))
}

/// The flags for a static binary that says nothing of the machine it was built on, so that everybody's is the same.
fn flags(root: &Path) -> Result<String, String> {
    let mut flags = vec!["-Ctarget-feature=+crt-static".to_owned()];
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    for (folder, name) in [(Some(root.to_owned()), "dualproof"), (home, "cargo")] {
        if let Some(folder) = folder {
            flags.push(format!("--remap-path-prefix={}=/{name}", text(folder.into_os_string())?));
        }
    }
    Ok(flags.join("\x1f"))
}

/// Names the folder of the agent's build: below the target folder of the outer one, which has a `CACHEDIR.TAG` where cargo itself made it. Without
/// one, a folder of this script's own will do, whose name is not that of the binary beside it.
fn folder(out: &Path) -> PathBuf {
    let target = out.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    target.map_or_else(|| out.join("build"), |target| target.join("agent"))
}

/// Says why cargo failed, as far as its words are known.
fn why(said: &str, target: &str) -> String {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let reason = if has(&["cannot find -lc", "unable to find library -lc", "have you installed the static version"]) {
        "there is no static C library here; install it (Debian, Ubuntu: libc6-dev; Fedora: glibc-static)"
    } else if has(&["can't find crate for `std`", "target may not be installed"]) {
        "the standard library for the target is missing; install it with `rustup target add`"
    } else if has(&["failed to download", "Could not resolve host", "--offline was specified"]) {
        "a crate of the agent is not on this machine; get them all once with `cargo fetch --locked`"
    } else {
        "cargo says above why"
    };
    format!("the agent cannot be built as a static binary for {target}: {reason}; or {HINT}")
}

fn variable(name: &str) -> Result<OsString, String> {
    env::var_os(name).ok_or_else(|| format!("cargo did not set {name}"))
}

fn text(value: OsString) -> Result<String, String> {
    value.into_string().map_err(|value| format!("{} is not UTF-8", Path::new(&value).display()))
}

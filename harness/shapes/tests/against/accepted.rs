//! A real Envoy takes everything that is computed: `envoy --mode validate` with all listeners and clusters as static resources.
//!
//! Envoy is `$DUALPROOF_ENVOY`, else that on PATH, else one in the harness's cache; without any, the test says so and stops.

use std::path::{Path, PathBuf};
use std::process::Command;

use dualproof_model::evidence::PodRef;
use dualproof_shapes::files::{Certificates, Delivery, Files, Layout, Readiness};
use dualproof_shapes::settings::{DualStack, Settings};
use dualproof_shapes::sidecar::Sidecar;
use dualproof_shapes::world::World;
use serde_json::Value;

use crate::comparing::load::{Outcome, version_profiles, world};

/// One of each set of shapes, and one with a bug.
const VERSIONS: [&str; 5] = ["1.17.0", "1.22.0", "1.23.0", "1.24.5", "1.31.0"];

fn envoy() -> Option<PathBuf> {
    let given = std::env::var_os("DUALPROOF_ENVOY").map(PathBuf::from);
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join("envoy")).find(|file| file.is_file())
    };
    let cached = || {
        let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or(home)?;
        let versions = std::fs::read_dir(cache.join("dualproof/envoy")).ok()?;
        versions.flatten().map(|version| version.path().join("envoy")).find(|file| file.is_file())
    };
    given.or_else(on_path).or_else(cached)
}

/// The same pod in a cluster of another order or with one family only.
fn turned(world: &World, pod: &PodRef, turn: impl Fn(&mut Vec<std::net::IpAddr>)) -> World {
    let mut world = world.clone();
    world.pods.values_mut().filter(|found| found.id == *pod).for_each(|found| turn(&mut found.ips));
    world
}

fn as_static(mut files: Files) -> Option<Value> {
    let mut bootstrap = files.files.remove("envoy.json")?;
    bootstrap.as_object_mut()?.remove("dynamic_resources");
    for (file, place) in [("lds.json", "listeners"), ("cds.json", "clusters")] {
        let mut parts = files.files.remove(file)?["resources"].as_array()?.clone();
        for part in &mut parts {
            part.as_object_mut()?.remove("@type");
        }
        bootstrap["static_resources"][place].as_array_mut()?.extend(parts);
    }
    Some(bootstrap)
}

fn check(envoy: &Path, folder: &Path, name: &str, world: &World, settings: &Settings, pod: &PodRef) -> Outcome {
    let path = |file: &str| folder.join(file).to_string_lossy().into_owned();
    let layout = Layout {
        folder: folder.to_string_lossy().into_owned(),
        certificates: Certificates { chain: path("chain.pem"), key: path("key.pem"), roots: path("roots.pem") },
        mark: Some(1337),
        delivery: Delivery::Inline,
        readiness: Readiness::Proxy,
    };
    let files = Files::of(Sidecar::of(world, settings, pod)?, &layout, "1");
    // Envoy wants the secrets' files to be there, and reads them later.
    std::fs::create_dir_all(folder.join("sds"))?;
    for (file, content) in files.files.iter().filter(|(file, _)| file.starts_with("sds/")) {
        std::fs::write(folder.join(file), content.to_string())?;
    }
    let bootstrap = as_static(files).ok_or("the files have another form")?;
    let file = folder.join(format!("{name}.json"));
    std::fs::write(&file, bootstrap.to_string())?;
    let output = Command::new(envoy)
        .args(["--mode", "validate", "-l", "error", "-c"])
        .arg(&file)
        .args(["--allow-unknown-static-fields", "--skip-deprecated-logs"])
        .output()?;
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "Envoy refuses {name}: {words}");
    Ok(())
}

#[test]
fn a_real_envoy_takes_every_version_switch_and_family() -> Outcome {
    let Some(envoy) = envoy() else {
        #[expect(clippy::print_stderr, reason = "a test that did nothing says so")]
        {
            eprintln!("no Envoy here: set DUALPROOF_ENVOY to one");
        }
        return Ok(());
    };
    let profiles = version_profiles()?;
    let world = world()?;
    let folder = tempfile::tempdir()?;
    let strict = world.pods.values().find(|pod| pod.id.namespace == "extra").ok_or("no pod")?.id.clone();
    for version in VERSIONS {
        let settings = Settings::of(&version.parse()?, &profiles).ok_or("no profile")?;
        check(&envoy, folder.path(), version, &world, &settings, &strict)?;
    }
    let newest = Settings::of(&"1.31.0".parse()?, &profiles).ok_or("no profile")?;
    let off = Settings { dual_stack: DualStack::OFF, ..newest.clone() };
    check(&envoy, folder.path(), "off", &world, &off, &strict)?;
    let reversed = turned(&world, &strict, |ips| ips.reverse());
    check(&envoy, folder.path(), "v6-first", &reversed, &newest, &strict)?;
    for (name, keep) in [("v4-only", 0), ("v6-only", 1)] {
        let single = turned(&world, &strict, |ips| *ips = vec![ips[keep]]);
        check(&envoy, folder.path(), name, &single, &newest, &strict)?;
    }
    Ok(())
}

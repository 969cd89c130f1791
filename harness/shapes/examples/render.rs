//! Renders the files of one pod's sidecar: `cargo run -p dualproof-shapes --example render -- OBJECTS POD CERTIFICATES TO VERSION DELIVERY`.
//!
//! OBJECTS holds `services.json`, `endpointslices.json`, `pods.json` (a bundle's `objects`) and perhaps `peerauthentications.json`; POD
//! is `namespace/name`; CERTIFICATES holds `chain.pem`, `key.pem` and `roots.pem`; DELIVERY is
//! `inline` or `watched`. Then `envoy -c TO/envoy.json`.
#![expect(clippy::print_stderr, reason = "an example speaks for itself")]
#![expect(clippy::disallowed_methods, reason = "it reads and writes files")]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use dualproof_model::evidence::PodRef;
use dualproof_model::spec::profiles;
use dualproof_shapes::files::{Certificates, Delivery, Files, Layout, Readiness};
use dualproof_shapes::settings::Settings;
use dualproof_shapes::sidecar::Sidecar;
use dualproof_shapes::world::{Objects, World, items};
use serde_json::Value;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, objects, pod, certificates, to, version, delivery] = arguments.as_slice() else {
        eprintln!("usage: render OBJECTS NAMESPACE/POD CERTIFICATES TO VERSION inline|watched");
        return ExitCode::from(2);
    };
    let delivery = if delivery == "watched" { Delivery::Watched } else { Delivery::Inline };
    let layout = Layout {
        folder: to.clone(),
        certificates: Certificates {
            chain: format!("{certificates}/chain.pem"),
            key: format!("{certificates}/key.pem"),
            roots: format!("{certificates}/roots.pem"),
        },
        mark: Some(1337),
        delivery,
        readiness: Readiness::Proxy,
    };
    match render(Path::new(objects), pod, version, &layout) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn render(objects: &Path, pod: &str, version: &str, layout: &Layout) -> Result<(), Box<dyn Error>> {
    let list = |kind: &str| -> Result<Value, Box<dyn Error>> {
        Ok(serde_json::from_slice(&std::fs::read(objects.join(format!("{kind}.json")))?)?)
    };
    let (services, slices, pods) = (list("services")?, list("endpointslices")?, list("pods")?);
    let none = || Value::Array(Vec::new());
    let (policies, scopes) =
        (list("peerauthentications").unwrap_or_else(|_| none()), list("sidecars").unwrap_or_else(|_| none()));
    let world = World::read(&Objects {
        services: items(&services, "services")?,
        endpoint_slices: items(&slices, "endpointslices")?,
        pods: items(&pods, "pods")?,
        peer_authentications: items(&policies, "peerauthentications")?,
        sidecars: items(&scopes, "sidecars")?,
    })?;
    let text = include_str!("../../../scenarios/profiles.yaml");
    let settings = Settings::of(&version.parse()?, &profiles("profiles.yaml", text)?).ok_or("a version before 1.17")?;
    let (namespace, name) = pod.split_once('/').ok_or("POD is namespace/name")?;
    let id = PodRef { namespace: namespace.to_owned(), name: name.to_owned() };
    for (file, content) in Files::of(Sidecar::of(&world, &settings, &id)?, layout, "1").files {
        let path = Path::new(&layout.folder).join(file);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, content.to_string())?;
    }
    Ok(())
}

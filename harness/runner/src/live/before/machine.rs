//! What this machine has, asked before anything is made.

use std::time::Duration;

use dualproof_driver::context::{RunContext, WaitLog};
use dualproof_driver::doctor::{self, Machine, Seen};
use dualproof_driver::mesh;
use dualproof_driver::tool::{self, Invocation};
use dualproof_model::spec::MeshVersion;
use tokio_util::sync::CancellationToken;

use super::settings::{mesh_settings, subject};
use crate::settings::Settings;

/// How long Docker may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(10);

/// Says what keeps kind from working here; `None` when Docker answers and kind is on PATH.
#[must_use]
pub fn missing_for_kind() -> Option<String> {
    if let Err(error) = tool::find("kind") {
        return Some(error.to_string());
    }
    let ask = Invocation::new("docker", PATIENCE).args(["version", "--format", "{{.Server.Version}}"]);
    asked(async { tool::run(&ask, &CancellationToken::new()).await })?.err().map(|error| error.to_string())
}

/// Looks for every trap that a run with these settings would step into.
#[must_use]
pub fn examine(settings: &Settings) -> Vec<Seen> {
    let context = nobodys(settings);
    let subject = subject(settings, "doctor", false);
    asked(doctor::examine(&context, &Machine::default(), &subject)).unwrap_or_default()
}

/// Asks the installer of the mesh that is at hand for its version; `None` when there is none. Fetches nothing.
#[must_use]
pub fn installed_mesh_version(settings: &Settings) -> Option<MeshVersion> {
    asked(mesh::choose(settings.mesh, &mesh_settings(settings)).version_at_hand(&nobodys(settings)))?
}

/// A context that belongs to no run: nothing is made with it.
fn nobodys(settings: &Settings) -> RunContext {
    RunContext {
        run: String::new(),
        cancel: CancellationToken::new(),
        timeouts: settings.timeouts,
        waits: WaitLog::default(),
        folder: std::env::temp_dir(),
    }
}

/// Runs a question to its end; `None` when this machine cannot even do that.
fn asked<T>(question: impl Future<Output = T>) -> Option<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    Some(runtime.block_on(question))
}

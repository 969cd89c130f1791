//! The run, as the driver's rooms see it.

use dualproof_driver::context::{RunContext, WaitLog};
use tokio_util::sync::CancellationToken;

use crate::lease::RunFolder;
use crate::settings::Settings;

/// Says to the driver's rooms which run they work for.
pub(super) fn run_context(settings: &Settings, folder: &RunFolder, cancel: CancellationToken) -> RunContext {
    RunContext {
        run: folder.id().to_owned(),
        cancel,
        timeouts: settings.timeouts,
        waits: WaitLog::default(),
        folder: folder.path().to_owned(),
    }
}

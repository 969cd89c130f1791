//! A clock that jumps changes what a record says of the day, and nothing that is measured or waited for.

use std::path::{Path, PathBuf};

/// Where the time of day is asked for, and for what.
const TIME_OF_DAY: [(&str, &str); 9] = [
    ("driver/src/collect/access_log.rs", "how long ago the first call was made, for logs that are read by the second"),
    ("driver/src/probe/ask.rs", "when the matrix was called, beside the proxies' own times"),
    ("driver/src/probe/share.rs", "at which port probers begin: a clock that jumps back may repeat some"),
    ("driver/src/wait/clock.rs", "whether it was set while a run went on"),
    ("runner/src/command/run/mod.rs", "the date of a report without a bundle"),
    ("runner/src/lease/journal.rs", "when a run began, for those who look at what it left"),
    ("runner/src/live/before/foretell.rs", "when a cluster was asked for"),
    ("runner/src/session/record.rs", "when a run began"),
    ("runner/src/sweep/age.rs", "how old a dead run is, which no clock of a living process knows"),
];

/// Ways to ask for the time of day.
const WAYS: [&str; 4] = ["Timestamp::now", "SystemTime", "Zoned::now", "UNIX_EPOCH"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
    let rust = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}

#[test]
fn the_time_of_day_is_asked_for_only_where_it_is_written_down() {
    let harness = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for part in ["model", "dump", "driver", "runner"] {
        for path in sources(&harness.join(part).join("src")) {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
            if code.into_iter().any(|line| WAYS.iter().any(|way| line.contains(way))) {
                found.push(path.strip_prefix(&harness).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    assert_eq!(found, TIME_OF_DAY.map(|(path, _)| path.to_owned()));
}

#[test]
fn the_record_measures_by_a_clock_that_cannot_jump() {
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/session/record.rs");
    let code = std::fs::read_to_string(record).unwrap();
    assert!(
        code.contains("use std::time::Instant;") && code.contains("self.begun.elapsed()"),
        "timings come from an Instant"
    );
    assert_eq!(code.matches("Timestamp::now").count(), 1, "the time of day is written down once");
}

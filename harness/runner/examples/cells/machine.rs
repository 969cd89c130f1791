//! What `/proc` says of this process and its children.

use std::fs;
use std::time::Duration;

use super::Failed;

/// Clock ticks of a second in `/proc` (proc(5), sysconf(_SC_CLK_TCK)), which Linux fixes on all its platforms but Alpha and IA-64.
const TICKS: u64 = 100;

/// What may be left behind.
pub(super) struct Machine {
    processes: usize,
    files: usize,
    namespaces: usize,
}

impl Machine {
    /// Counts.
    pub(super) fn read() -> Result<Self, Failed> {
        let mut namespaces: Vec<_> = fs::read_dir("/proc/self/task")?
            .flatten()
            .filter_map(|task| fs::read_link(task.path().join("ns/net")).ok())
            .collect();
        namespaces.sort();
        namespaces.dedup();
        Ok(Self {
            processes: processes()?.len(),
            files: fs::read_dir("/proc/self/fd")?.count(),
            namespaces: namespaces.len(),
        })
    }

    /// Says what there is more of than before; nothing when there is not.
    pub(super) fn beyond(&self, before: &Self) -> String {
        let all = [
            ("processes", self.processes, before.processes),
            ("open files", self.files, before.files),
            ("network namespaces", self.namespaces, before.namespaces),
        ];
        let more = all.into_iter().filter(|(_, now, before)| now > before);
        more.map(|(what, now, before)| format!("{} {what}", now - before)).collect::<Vec<_>>().join(", ")
    }
}

/// The processor's time of this process, and of all children that have been waited for.
pub(super) fn cpu() -> Result<[Duration; 2], Failed> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = stat.rsplit_once(')').ok_or("no stat")?;
    // utime, stime, cutime and cstime are the fields 14 to 17, of which two are before this.
    let mut fields = rest.split_ascii_whitespace().skip(11).map(str::parse::<u64>);
    let mut two = || -> Result<Duration, Failed> {
        let ticks = fields.next().ok_or("no time")?? + fields.next().ok_or("no time")??;
        Ok(Duration::from_millis(ticks * 1000 / TICKS))
    };
    Ok([two()?, two()?])
}

/// The proportional share of memory of every Envoy, in KiB.
pub(super) fn envoys() -> Result<Vec<u64>, Failed> {
    let mut sizes = Vec::new();
    for number in processes()? {
        let Ok(name) = fs::read_to_string(format!("/proc/{number}/comm")) else { continue };
        if name.trim() != "envoy" {
            continue;
        }
        let rollup = fs::read_to_string(format!("/proc/{number}/smaps_rollup"))?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).ok_or("no Pss")?;
        sizes.push(line.trim().trim_end_matches(" kB").parse()?);
    }
    Ok(sizes)
}

/// The numbers of all processes that are seen.
pub(super) fn processes() -> Result<Vec<u32>, Failed> {
    let entries = fs::read_dir("/proc")?.flatten();
    Ok(entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}

//! Logs of containers, read.

use std::io::Cursor;

use jiff::{SignedDuration, Timestamp};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, SeekFrom, simplex};

use crate::api::{LogRequest, Output, RuntimeError};
use crate::node::container::{Log, Place};

/// The pipe to whoever follows.
const PIPE: usize = 64 * 1024;

/// Reads a log as a request wants it.
pub(super) async fn log(place: &Place, request: LogRequest) -> Result<Output, RuntimeError> {
    let mut logs = place.logs(&request.container);
    let pod = &place.key.name;
    let container = &request.container;
    let log = match (logs.pop(), request.previous) {
        (Some(log), false) => log,
        (Some(_), true) => logs.pop().ok_or_else(|| {
            let words = format!("previous terminated container \"{container}\" in pod \"{pod}\" not found");
            RuntimeError::NotRunning(words)
        })?,
        (None, _) => {
            let words = format!("container \"{container}\" in pod \"{pod}\" is waiting to start: ContainerCreating");
            return Err(RuntimeError::NotRunning(words));
        }
    };
    let failed = |source| RuntimeError::Failed { what: format!("the log of {container} cannot be read"), source };
    let mut reader = Reader::open(&log).await.map_err(failed)?;
    let text = reader.read().await.map_err(failed)?;
    let lines = Wanted::of(&request).choose(&text);
    if !request.follow {
        return Ok(Box::new(Cursor::new(lines)));
    }
    let (from, to) = simplex(PIPE);
    tokio::spawn(follow(reader, log, request, lines, to));
    Ok(Box::new(from))
}

async fn follow(
    mut reader: Reader,
    log: Log,
    request: LogRequest,
    first: Vec<u8>,
    mut to: tokio::io::WriteHalf<tokio::io::SimplexStream>,
) {
    let wanted = Wanted { tail: None, since: None, ..Wanted::of(&request) };
    let mut left = request.limit_bytes.map(|most| most.saturating_sub(first.len() as u64));
    let mut size = log.size();
    let mut piece = first;
    loop {
        // Whoever follows may be gone.
        if to.write_all(&piece).await.is_err() || left == Some(0) {
            return;
        }
        let known = *size.borrow_and_update();
        if known.bytes <= reader.at && (known.is_closed || size.changed().await.is_err()) {
            break;
        }
        let Ok(text) = reader.read().await else { break };
        piece = Wanted { most: left, ..wanted.clone() }.choose(&text);
        left = left.map(|most| most.saturating_sub(piece.len() as u64));
    }
    drop(to.shutdown().await);
}

/// Reads whole lines of a log's file, from where it stopped.
struct Reader {
    file: File,
    at: u64,
}

impl Reader {
    async fn open(log: &Log) -> std::io::Result<Self> {
        Ok(Self { file: File::open(log.path()).await?, at: 0 })
    }

    async fn read(&mut self) -> std::io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(self.at)).await?;
        let mut text = Vec::new();
        self.file.read_to_end(&mut text).await?;
        text.truncate(text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        self.at += text.len() as u64;
        Ok(text)
    }
}

/// Which lines are wanted, and how.
#[derive(Clone, Debug, Default)]
struct Wanted {
    tail: Option<usize>,
    since: Option<Timestamp>,
    timestamps: bool,
    most: Option<u64>,
}

impl Wanted {
    fn of(request: &LogRequest) -> Self {
        let since = |seconds: i64| Timestamp::now().checked_sub(SignedDuration::from_secs(seconds)).ok();
        Self {
            tail: request.tail,
            since: request.since_seconds.and_then(since),
            timestamps: request.timestamps,
            most: request.limit_bytes,
        }
    }

    /// Chooses lines out of the file's text, and writes them as they were said.
    fn choose(&self, text: &[u8]) -> Vec<u8> {
        let mut lines: Vec<Line<'_>> = text.split(|byte| *byte == b'\n').filter_map(Line::read).collect();
        if let Some(since) = self.since {
            lines.retain(|line| line.time.parse::<Timestamp>().is_ok_and(|time| time >= since));
        }
        if let Some(tail) = self.tail {
            // A line in pieces is one line.
            let ends: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].is_whole || at + 1 == lines.len()).collect();
            let before = ends.len().checked_sub(tail + 1).and_then(|last| ends.get(last));
            if let Some(before) = before {
                lines.drain(..=*before);
            }
        }
        let mut chosen = Vec::new();
        let mut is_start = true;
        for line in lines {
            if self.timestamps && is_start {
                chosen.extend_from_slice(line.time.as_bytes());
                chosen.push(b' ');
            }
            chosen.extend_from_slice(line.text);
            if line.is_whole {
                chosen.push(b'\n');
            }
            is_start = line.is_whole;
        }
        if let Some(most) = self.most.and_then(|most| usize::try_from(most).ok()) {
            chosen.truncate(most);
        }
        chosen
    }
}

struct Line<'a> {
    time: &'a str,
    is_whole: bool,
    text: &'a [u8],
}

impl<'a> Line<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let end = line.iter().position(|byte| *byte == b' ')?;
        let time = std::str::from_utf8(line.get(..end)?).ok()?;
        let is_whole = line.get(end + 1)? == &b'F';
        Some(Self { time, is_whole, text: line.get(end + 3..)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"2026-01-01T00:00:01.000000000Z F one\n2026-01-01T00:00:02.000000000Z P t\n\
        2026-01-01T00:00:03.000000000Z F wo\n2026-01-01T00:00:04.000000000Z F \n2026-01-01T00:00:05.000000000Z P end";

    fn chosen(wanted: &Wanted) -> String {
        String::from_utf8_lossy(&wanted.choose(TEXT)).into_owned()
    }

    #[test]
    fn lines_come_as_they_were_written() {
        assert_eq!(chosen(&Wanted::default()), "one\ntwo\n\nend");
        for (tail, expected) in
            [(0, ""), (1, "end"), (2, "\nend"), (3, "two\n\nend"), (4, "one\ntwo\n\nend"), (9, "one\ntwo\n\nend")]
        {
            assert_eq!(chosen(&Wanted { tail: Some(tail), ..Wanted::default() }), expected, "{tail}");
        }
        assert_eq!(chosen(&Wanted { most: Some(5), ..Wanted::default() }), "one\nt");
    }

    #[test]
    fn times_stand_before_lines_and_choose_them() -> Result<(), jiff::Error> {
        let wanted = Wanted { since: Some("2026-01-01T00:00:03Z".parse()?), timestamps: true, ..Wanted::default() };
        let expected =
            "2026-01-01T00:00:03.000000000Z wo\n2026-01-01T00:00:04.000000000Z \n2026-01-01T00:00:05.000000000Z end";
        assert_eq!(chosen(&wanted), expected);
        Ok(())
    }
}

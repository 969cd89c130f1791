//! Writes reports so that only whole lines are ever seen.

use std::io::Write;

use tokio::sync::mpsc::Receiver;

use super::ProbeError;

/// What one write to a pipe takes or leaves as a whole: PIPE_BUF on Linux (pipe(7)).
const WHOLE: usize = 4096;

/// Writes each line as soon as it is there, with those that wait already, until no more can come. Lines that fit into a whole write go
/// out as one, so that a prober that is killed leaves whole lines in a pipe; a longer one is a write of its own.
///
/// # Errors
///
/// [`ProbeError::Write`].
pub(super) fn write(mut lines: Receiver<Vec<u8>>, mut out: impl Write) -> Result<(), ProbeError> {
    let mut batch = Vec::with_capacity(WHOLE);
    let mut waiting = None;
    while let Some(line) = waiting.take().or_else(|| lines.blocking_recv()) {
        batch.clear();
        batch.extend_from_slice(&line);
        while let Ok(next) = lines.try_recv() {
            if batch.len() + next.len() > WHOLE {
                waiting = Some(next);
                break;
            }
            batch.extend_from_slice(&next);
        }
        out.write_all(&batch).and_then(|()| out.flush()).map_err(|source| ProbeError::Write { source })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io;

    use tokio::sync::mpsc;

    use super::*;

    struct Writes(Vec<Vec<u8>>);

    impl Write for &mut Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn each_write_is_whole_lines_and_none_is_larger_than_a_pipe_takes_at_once() -> Result<(), Box<dyn std::error::Error>>
    {
        let (sender, receiver) = mpsc::channel(100);
        let lines: Vec<Vec<u8>> = (0..100).map(|n| format!("{}\n", "x".repeat(n * 7)).into_bytes()).collect();
        for line in &lines {
            sender.try_send(line.clone())?;
        }
        drop(sender);
        let mut writes = Writes(Vec::new());
        write(receiver, &mut writes)?;
        assert_eq!(writes.0.concat(), lines.concat());
        assert!(writes.0.iter().all(|write| write.len() <= WHOLE && write.ends_with(b"\n")));
        assert!(writes.0.len() < lines.len() / 2, "{} writes", writes.0.len());
        Ok(())
    }
}

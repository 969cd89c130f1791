//! Running a tool to its end, its deadline, or the end of the run.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio_util::sync::CancellationToken;

use super::{Invocation, Output, ToolError};

/// The most that an error repeats of what a tool said.
const TAIL_BYTES: usize = 2000;

/// How long a killed child may take to disappear before it is left to itself.
const REAP: Duration = Duration::from_secs(5);

/// Finds a program on PATH.
///
/// # Errors
/// [`ToolError::NotFound`], with the hint to install it.
pub fn find(program: &str) -> Result<PathBuf, ToolError> {
    which::which(program).map_err(|_| ToolError::NotFound { program: program.to_owned() })
}

/// Runs a tool and returns what it wrote.
///
/// # Errors
/// When it is not there, does not start, does not end within its deadline, is stopped by `cancel`, or ends with another
/// status than 0. Text on standard error is no error; neither is a grandchild that stays behind after a normal end.
pub async fn run(invocation: &Invocation, cancel: &CancellationToken) -> Result<Output, ToolError> {
    let (output, ending) = transcript(invocation, cancel).await;
    ending.map(|()| output)
}

/// Does the same and keeps what a tool had written that did not end: half an answer is evidence, too.
pub async fn transcript(invocation: &Invocation, cancel: &CancellationToken) -> (Output, Result<(), ToolError>) {
    let began = Instant::now();
    let mut output = Output { code: None, stdout: Vec::new(), stderr: Vec::new(), millis: 0 };
    let ending = into(&mut output, invocation, cancel, began).await;
    output.millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    (output, ending)
}

async fn into(
    output: &mut Output,
    invocation: &Invocation,
    cancel: &CancellationToken,
    began: Instant,
) -> Result<(), ToolError> {
    let command = invocation.command_line();
    if cancel.is_cancelled() {
        return Err(ToolError::Cancelled { command });
    }
    let program = find(&invocation.program.to_string_lossy())?;
    let mut files = Files::new(&invocation.input).map_err(files_failed(&command))?;
    let group = Group::start(invocation, program, &files)?;
    let end = tokio::select! {
        end = group.wait(began + invocation.limit) => Some(end.map_err(files_failed(&command))?),
        () = cancel.cancelled() => None,
    };
    if !matches!(end, Some(Some(_))) {
        group.kill();
    }
    (output.stdout, output.stderr) = files.read().map_err(files_failed(&command))?;
    let last = || tail(&output.stderr, &output.stdout);
    let Some(end) = end else { return Err(ToolError::Cancelled { command }) };
    let Some(status) = end else {
        return Err(ToolError::Deadline { command, limit: invocation.limit, tail: last() });
    };
    if !invocation.unchecked && !status.success() {
        return Err(ToolError::Failed { command, status: spelled(status), tail: last() });
    }
    output.code = status.code();
    Ok(())
}

/// Unnamed files for what the child reads and writes.
struct Files {
    input: File,
    stdout: File,
    stderr: File,
}

impl Files {
    fn new(input: &[u8]) -> std::io::Result<Self> {
        let mut file = tempfile::tempfile()?;
        file.write_all(input)?;
        file.rewind()?;
        Ok(Self { input: file, stdout: tempfile::tempfile()?, stderr: tempfile::tempfile()? })
    }

    fn read(&mut self) -> std::io::Result<(Vec<u8>, Vec<u8>)> {
        Ok((whole(&mut self.stdout)?, whole(&mut self.stderr)?))
    }
}

fn whole(file: &mut File) -> std::io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A child that leads its own process group; the group dies with the value.
struct Group {
    handle: Arc<duct::Handle>,
}

impl Group {
    fn start(invocation: &Invocation, program: PathBuf, files: &Files) -> Result<Self, ToolError> {
        let command = invocation.command_line();
        let clone = |file: &File| file.try_clone().map_err(files_failed(&command));
        #[expect(clippy::disallowed_methods, reason = "this is the one spawner")]
        let mut expression = duct::cmd(program, &invocation.arguments)
            .stdin_file(clone(&files.input)?)
            .stdout_file(clone(&files.stdout)?)
            .stderr_file(clone(&files.stderr)?)
            .unchecked()
            .before_spawn(|command| {
                command.process_group(0);
                Ok(())
            });
        for (name, value) in &invocation.environment {
            expression = expression.env(name, value);
        }
        if let Some(folder) = &invocation.folder {
            expression = expression.dir(folder);
        }
        match expression.start() {
            Ok(handle) => Ok(Self { handle: Arc::new(handle) }),
            Err(source) => Err(ToolError::Start { command, source }),
        }
    }

    /// Waits for the child itself, not for its children; `None` at the deadline.
    async fn wait(&self, deadline: Instant) -> std::io::Result<Option<ExitStatus>> {
        let handle = Arc::clone(&self.handle);
        tokio::task::spawn_blocking(move || {
            handle.wait_deadline(deadline).map(|output| output.map(|output| output.status))
        })
        .await
        .unwrap_or_else(|failed| Err(std::io::Error::other(failed)))
    }

    /// Kills the group, unless the child has been reaped: then its number may belong to somebody else.
    fn kill(&self) {
        if !matches!(self.handle.try_wait(), Ok(None)) {
            return;
        }
        for pid in self.handle.pids() {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                // An error means that the group is gone, which is what was wanted.
                let _ = kill_process_group(pid, Signal::KILL);
            }
        }
        // Reaps the child; a child in an uninterruptible state is left to itself.
        let _ = self.handle.wait_timeout(REAP);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

fn files_failed(command: &str) -> impl Fn(std::io::Error) -> ToolError {
    let command = command.to_owned();
    move |source| ToolError::Files { command: command.clone(), source }
}

fn spelled(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

fn tail(first: &[u8], second: &[u8]) -> String {
    let said = if first.trim_ascii().is_empty() { second } else { first };
    let start = said.len().saturating_sub(TAIL_BYTES);
    String::from_utf8_lossy(&said[start..]).trim().to_owned()
}

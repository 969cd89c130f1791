//! Tools, with real children of `/bin/sh`.

use std::path::Path;
use std::time::{Duration, Instant};

use dualproof_driver::tool::{self, Invocation, ToolError};
use dualproof_driver::trouble::{Explained, Trouble};
use dualproof_model::evidence::FailureKind;
use tokio_util::sync::CancellationToken;

type Checked = Result<(), Box<dyn std::error::Error>>;

const LONG: Duration = Duration::from_secs(60);

fn shell(script: &str, limit: Duration) -> Invocation {
    Invocation::new("/bin/sh", limit).arg("-c").arg(script)
}

/// Tells whether a process still runs; a zombie does not.
fn runs(pid: &str) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z')
}

/// Reads a file that another process writes, once it has written a line.
async fn first_line(path: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let began = Instant::now();
    while began.elapsed() < LONG {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if let Some((line, _)) = text.split_once('\n') {
            return Ok(line.to_owned());
        }
        tokio::task::yield_now().await;
    }
    Err("the child has written nothing".into())
}

#[tokio::test]
async fn input_environment_folder_and_arguments_reach_the_child() -> Checked {
    let folder = tempfile::tempdir()?;
    let call = shell(r#"cat; printf '%s|%s|%s' "$WORD" "$(pwd -P)" "$1"; echo words >&2"#, LONG)
        .args(["name", "an argument with ' and spaces"])
        .env("WORD", "value")
        .dir(folder.path())
        .stdin("fed ");
    let output = tool::run(&call, &CancellationToken::new()).await?;
    let real = folder.path().canonicalize()?;
    assert_eq!(output.text(), format!("fed value|{}|an argument with ' and spaces", real.display()));
    assert_eq!(output.error_text(), "words\n");
    assert_eq!(output.code, Some(0));
    Ok(())
}

#[tokio::test]
async fn big_output_on_both_streams_and_big_unread_input_are_no_deadlock() -> Checked {
    let script = "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2";
    let output = tool::run(&shell(script, LONG).stdin(vec![7; 3_000_000]), &CancellationToken::new()).await?;
    assert_eq!((output.stdout.len(), output.stderr.len()), (3_000_000, 3_000_000));
    Ok(())
}

#[tokio::test]
async fn a_failure_names_command_status_and_last_words() -> Checked {
    let call = shell("echo out; echo 'no such thing' >&2; exit 7", LONG);
    let error = tool::run(&call, &CancellationToken::new()).await.err().ok_or("it must fail")?;
    let text = error.to_string();
    assert!(text.contains("/bin/sh -c 'echo out;"), "{text}");
    assert!(text.contains("exit status 7; it last said: no such thing"), "{text}");

    let output = tool::run(&call.unchecked(), &CancellationToken::new()).await?;
    assert_eq!(output.code, Some(7));
    let output = tool::run(&shell("kill -9 $$", LONG).unchecked(), &CancellationToken::new()).await?;
    assert_eq!(output.code, None);
    Ok(())
}

#[tokio::test]
async fn a_missing_program_is_the_environment_and_has_a_hint() -> Checked {
    let call = Invocation::new("dualproof-no-such-tool", LONG);
    let error = tool::run(&call, &CancellationToken::new()).await.err().ok_or("it must fail")?;
    let trouble = Trouble::from(error);
    assert_eq!(trouble.kind, FailureKind::InvalidEnvironment);
    assert_eq!(trouble.what, "`dualproof-no-such-tool` was not found on PATH");
    assert_eq!(trouble.hint, "install `dualproof-no-such-tool` and put it on PATH");
    Ok(())
}

#[tokio::test]
async fn the_deadline_kills_grandchildren() -> Checked {
    let folder = tempfile::tempdir()?;
    let pids = folder.path().join("pids");
    let script = format!("sleep 300 & echo $! > {}; echo waiting >&2; wait", pids.display());
    let error =
        tool::run(&shell(&script, Duration::from_secs(2)), &CancellationToken::new()).await.err().ok_or("no end")?;
    assert!(matches!(&error, ToolError::Deadline { tail, .. } if tail == "waiting"), "{error}");
    let grandchild = first_line(&pids).await?;
    gone(&grandchild).await
}

#[tokio::test]
async fn cancellation_kills_grandchildren() -> Checked {
    let folder = tempfile::tempdir()?;
    let pids = folder.path().join("pids");
    let cancel = CancellationToken::new();
    let call = shell(&format!("sleep 300 & echo $! > {}; wait", pids.display()), LONG);
    let (result, grandchild) = tokio::join!(tool::run(&call, &cancel), async {
        let line = first_line(&pids).await;
        cancel.cancel();
        line
    });
    let error = result.err().ok_or("it must not end well")?;
    assert_eq!(error.kind(), FailureKind::Interrupted);
    gone(&grandchild?).await
}

#[tokio::test]
async fn a_run_that_is_stopped_already_starts_nothing() -> Checked {
    let folder = tempfile::tempdir()?;
    let cancel = CancellationToken::new();
    cancel.cancel();
    let result = tool::run(&shell("touch made", LONG).dir(folder.path()), &cancel).await;
    assert!(matches!(result, Err(ToolError::Cancelled { .. })));
    assert!(!folder.path().join("made").exists());
    Ok(())
}

#[tokio::test]
async fn a_dropped_future_kills_the_child() -> Checked {
    let folder = tempfile::tempdir()?;
    let pids = folder.path().join("pids");
    let call = shell(&format!("echo $$ > {}; exec sleep 300", pids.display()), LONG);
    let task = tokio::spawn(async move { tool::run(&call, &CancellationToken::new()).await });
    let child = first_line(&pids).await?;
    task.abort();
    gone(&child).await
}

#[tokio::test]
async fn a_grandchild_that_keeps_the_output_open_does_not_hang_us() -> Checked {
    let output = tool::run(&shell("sleep 300 & echo $!", LONG), &CancellationToken::new()).await?;
    let grandchild = output.text().trim().to_owned();
    assert!(output.millis < 30_000, "it took {} ms", output.millis);
    assert!(runs(&grandchild), "a tool that ends well may leave a child behind");
    tool::run(&Invocation::new("kill", LONG).arg(grandchild), &CancellationToken::new()).await?;
    Ok(())
}

async fn gone(pid: &str) -> Checked {
    let began = Instant::now();
    while runs(pid) {
        if began.elapsed() > Duration::from_secs(20) {
            return Err(format!("process {pid} still runs").into());
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}

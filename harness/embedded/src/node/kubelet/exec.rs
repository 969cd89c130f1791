//! Commands in containers.

use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy};

use crate::api::{ExecRequest, RuntimeError, Streams};
use crate::node::container::{Order, Place, find, spawn};

/// Runs a command in a container of a pod, as long as the pod is there.
pub(super) async fn exec(place: &Arc<Place>, request: ExecRequest, streams: Streams) -> Result<i32, RuntimeError> {
    let Some(surroundings) = place.surroundings(&request.container) else {
        let words = format!("container not found (\"{}\")", request.container);
        return Err(RuntimeError::NotRunning(words));
    };
    let Some((word, args)) = request.argv.split_first() else {
        return Err(RuntimeError::NotRunning(
            "attaching to a container is not supported by the embedded cluster".to_owned(),
        ));
    };
    let program =
        find(word, &place.tools.settings.programs(), &place.tools.search).map_err(RuntimeError::NoSuchProgram)?;
    let order = Order {
        program,
        args: args.iter().map(Into::into).collect(),
        environment: surroundings.environment.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
        folder: surroundings.folder,
    };
    let piped = |is_wanted: bool| if is_wanted { Stdio::piped() } else { Stdio::null() };
    let stdio = [piped(streams.stdin.is_some()), piped(streams.stdout.is_some()), piped(true)];
    let started = spawn(place.sandbox.namespace(), order, stdio).await;
    let mut group = started
        .map_err(|source| RuntimeError::Failed { what: format!("failed to exec in container: {word}"), source })?;
    let (stdin, stdout, stderr) = (group.child.stdin.take(), group.child.stdout.take(), group.child.stderr.take());
    let feed = async {
        if let (Some(mut from), Some(mut to)) = (streams.stdin, stdin) {
            // A command need not read what it is sent.
            drop(copy(&mut from, &mut to).await);
        }
    };
    let work = async {
        let is_tty = request.tty && streams.stderr.is_none();
        match (is_tty, streams.stdout) {
            (true, Some(to)) => {
                // One stream for both, as a terminal has.
                let to = tokio::sync::Mutex::new(to);
                let ((), (), code) = tokio::join!(share(stdout, &to), share(stderr, &to), group.wait());
                code
            }
            (_, to) => {
                let ((), (), code) = tokio::join!(pass(stdout, to), pass(stderr, streams.stderr), group.wait());
                code
            }
        }
    };
    let code = tokio::select! {
        code = async { tokio::select! { code = work => code, () = async { feed.await; std::future::pending().await } => 0 } } => code,
        () = place.closed() => return Err(RuntimeError::NotRunning("the pod has ended".to_owned())),
    };
    // What the command left behind runs on, as long as the pod is there.
    group.leave();
    Ok(code)
}

async fn pass(from: Option<impl AsyncRead + Unpin>, to: Option<Box<dyn AsyncWrite + Send + Unpin>>) {
    let Some(mut from) = from else { return };
    match to {
        Some(mut to) => {
            // A client that is gone ends all of this.
            drop(copy(&mut from, &mut to).await);
            drop(to.shutdown().await);
        }
        None => drop(copy(&mut from, &mut tokio::io::sink()).await),
    }
}

async fn share(from: Option<impl AsyncRead + Unpin>, to: &tokio::sync::Mutex<Box<dyn AsyncWrite + Send + Unpin>>) {
    use tokio::io::AsyncReadExt;

    let Some(mut from) = from else { return };
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        if to.lock().await.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

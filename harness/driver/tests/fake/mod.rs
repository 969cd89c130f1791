//! A fake API server: an axum router behind a real kube client, and a run context for tests.

use axum::Router;
use dualproof_driver::context::RunContext;
use dualproof_driver::context::WaitLog;
use dualproof_model::plan::Timeouts;
use kube::{Client, Config};
use tokio_util::sync::CancellationToken;

pub(crate) type Checked = Result<(), Box<dyn std::error::Error>>;

/// Serves a router on a free port of the loopback. Returns a client for it and its URL.
pub(crate) async fn serve(router: Router) -> Result<(Client, String), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((Client::try_from(Config::new(url.parse()?))?, url))
}

/// Makes a context of the run `r1` with short request timeouts.
pub(crate) fn context() -> RunContext {
    RunContext {
        run: "r1".to_owned(),
        cancel: CancellationToken::new(),
        timeouts: Timeouts { request: 5, cleanup: 10, ..Timeouts::default() },
        waits: WaitLog::default(),
        folder: std::env::temp_dir(),
    }
}

//! Asking a sidecar's Envoy.

use std::io;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;

use crate::api::{PodRef, Runtime};

/// Envoy's admin port, on the pod's loopback.
const ADMIN: u16 = 15000;
/// A sidecar that has not answered by then is told as not connected.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any page that is asked for.
const LONGEST: usize = 8 << 20;

/// What Envoy says of one type of what it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// The version that it took last; empty before it took any.
    pub(super) version: String,
    /// How often it refused.
    pub(super) refusals: u64,
}

/// Asks an Envoy what it took of clusters and of listeners.
///
/// # Errors
/// When it cannot be reached, or does not answer.
pub(super) async fn taken(runtime: &dyn Runtime, pod: &PodRef) -> io::Result<[Taken; 2]> {
    let page =
        "/stats?filter=%5E(cluster_manager%5C.cds%7Clistener_manager%5C.lds)%5C.(version_text%7Cupdate_rejected)$";
    Ok(read(&get(runtime, pod, page).await?))
}

/// Asks an Envoy which listeners it refuses, and why; empty where it does not say.
///
/// # Errors
/// As [`taken`].
pub(super) async fn refused_listeners(runtime: &dyn Runtime, pod: &PodRef) -> io::Result<String> {
    let page = get(runtime, pod, "/config_dump?resource=dynamic_listeners&mask=name,error_state").await?;
    let dump: Dump = serde_json::from_str(&page)?;
    let said = dump.configs.into_iter().filter_map(|listener| {
        let details = listener.error_state?.details;
        Some(format!("{}: {details}", listener.name))
    });
    Ok(said.collect::<Vec<_>>().join("; "))
}

#[derive(Deserialize)]
struct Dump {
    #[serde(default)]
    configs: Vec<Listener>,
}

#[derive(Deserialize)]
struct Listener {
    #[serde(default)]
    name: String,
    error_state: Option<ErrorState>,
}

#[derive(Deserialize)]
struct ErrorState {
    #[serde(default)]
    details: String,
}

/// Reads `name: value` lines; a text is in quotes.
fn read(page: &str) -> [Taken; 2] {
    let of = |prefix: &str| {
        let mut taken = Taken::default();
        for line in page.lines() {
            let Some((name, value)) = line.strip_prefix(prefix).and_then(|rest| rest.split_once(": ")) else {
                continue;
            };
            match name {
                ".version_text" => value.trim().trim_matches('"').clone_into(&mut taken.version),
                ".update_rejected" => taken.refusals = value.trim().parse().unwrap_or_default(),
                _ => {}
            }
        }
        taken
    };
    [of("cluster_manager.cds"), of("listener_manager.lds")]
}

async fn get(runtime: &dyn Runtime, pod: &PodRef, page: &str) -> io::Result<String> {
    let asked = async {
        let stream = runtime.port_forward(pod, ADMIN).await.map_err(io::Error::other)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let request =
            Request::get(page).header("host", "localhost").body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
        let answered = async {
            let response = sender.send_request(request).await.map_err(io::Error::other)?;
            let status = response.status();
            let body =
                Limited::new(response.into_body(), LONGEST).collect().await.map_err(io::Error::other)?.to_bytes();
            drop(sender);
            let text = String::from_utf8_lossy(&body).into_owned();
            if status == StatusCode::OK { Ok(text) } else { Err(io::Error::other(format!("{status}: {text}"))) }
        };
        // The answer's end is what counts; how the connection ends does not matter then.
        let (answer, _end) = tokio::join!(answered, connection);
        answer
    };
    tokio::time::timeout(PATIENCE, asked).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_refusals_are_read_off_the_statistics() {
        let page = "cluster_manager.cds.update_rejected: 0\nlistener_manager.lds.update_rejected: 2\n\
                    cluster_manager.cds.version_text: \"2026-11-24T21:31:24Z/7\"\nlistener_manager.lds.version_text: \"\"\n";
        let clusters = Taken { version: "2026-11-24T21:31:24Z/7".to_owned(), refusals: 0 };
        assert_eq!(read(page), [clusters, Taken { version: String::new(), refusals: 2 }]);
        assert_eq!(read(""), [Taken::default(), Taken::default()]);
    }
}

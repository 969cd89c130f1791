//! Logs.

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream;
use tokio::io::AsyncReadExt;

use super::{LogRequest, PodRef};
use crate::api::answer;
use crate::api::request::Query;
use crate::api::state::ApiServer;
use crate::store::Refusal;

/// The most that is read at once.
const PIECE: usize = 32 * 1024;

/// Answers with a log, as it comes.
pub(super) async fn log(
    server: &ApiServer,
    pod: PodRef,
    container: String,
    query: &Query,
) -> Result<Response, Refusal> {
    let request = LogRequest {
        pod,
        container,
        follow: query.is("follow"),
        previous: query.is("previous"),
        tail: query.number("tailLines")?,
        since_seconds: query.number("sinceSeconds")?,
        timestamps: query.is("timestamps"),
        limit_bytes: query.number("limitBytes")?,
    };
    let output = server.runtime.log(request).await;
    let output = output.map_err(|error| Refusal::BadRequest(error.to_string()))?;
    let pieces = stream::unfold((output, server.stop.clone()), async |(mut output, stop)| {
        let mut piece = vec![0; PIECE];
        let read = tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            read = output.read(&mut piece) => read,
        };
        match read {
            Ok(0) => None,
            Ok(length) => {
                piece.truncate(length);
                Some((Ok(Bytes::from(piece)), (output, stop)))
            }
            Err(error) => Some((Err(error), (output, stop))),
        }
    });
    Ok(answer::typed(StatusCode::OK, "text/plain; charset=utf-8", Body::from_stream(pieces)))
}

//! HTTP/1.1 and HTTP/2 without TLS on one port: any request is answered.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dualproof_wire::Protocol;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version, header};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::witness::{Ends, Witness, token};

/// The longest body that is read before the answer.
const LONGEST_BODY: usize = 1024 * 1024;

/// Where the client's token stands in the path.
const TOKEN_PATH: &str = "/t/";

/// Where the client's token stands in the headers; it goes before the path's.
const TOKEN_HEADER: &str = "x-dualproof-token";

/// Answers the requests of a connection, until the client ends it or asks nothing for `idle`.
pub(in crate::serve) async fn converse(witness: Witness, stream: TcpStream, ends: Ends, idle: Duration) {
    let witness = Arc::new(witness);
    let asked = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&asked);
    let service = service_fn(move |request| {
        counter.fetch_add(1, Ordering::Relaxed);
        answer(Arc::clone(&witness), ends, request)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut seen = 0;
    while timeout(idle, connection.as_mut()).await.is_err() {
        let now = asked.load(Ordering::Relaxed);
        if now == seen {
            return;
        }
        seen = now;
    }
}

async fn answer(
    witness: Arc<Witness>,
    ends: Ends,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let protocol = if request.version() == Version::HTTP_2 { Protocol::H2c } else { Protocol::Http1 };
    let (head, body) = request.into_parts();
    if Limited::new(body, LONGEST_BODY).collect().await.is_err() {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
    }
    let given = match head.headers.get(TOKEN_HEADER) {
        Some(value) => Some(value.as_bytes()),
        None => head.uri.path().strip_prefix(TOKEN_PATH).map(str::as_bytes),
    };
    let token = match given.map(token) {
        Some(None) => return Ok(plain(StatusCode::BAD_REQUEST)),
        Some(token) => token,
        None => None,
    };
    let mut response = Response::new(Full::from(witness.line(protocol, ends, token)));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    Ok(response)
}

/// A refusal ends the connection, as it does over TCP.
fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    response
}

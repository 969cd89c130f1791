//! HTTP/1.1, and HTTP/2 by prior knowledge: one request.

use std::io;

use dualproof_wire::{Ask, Attempt, Destination, Outcome, Protocol};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Method, Request, Response, header};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::Turn;
use super::connect::connect;
use super::noted::Noted;
use super::text::{MOST, ended, filling, replied};
use crate::elapsed::micros;

/// Asks once over a connection of its own.
///
/// # Errors
///
/// What the system says of connecting; what goes wrong later is the outcome.
pub(super) async fn exchange(turn: &Turn<'_>, attempt: &mut Attempt) -> io::Result<Outcome> {
    let request = request(turn.ask).map_err(io::Error::other)?;
    let (stream, end) = Noted::new(connect(turn, attempt).await?);
    let io = TokioIo::new(stream);
    let mut text = Vec::new();
    let answered = if turn.ask.protocol == Protocol::H2c {
        match http2::handshake(TokioExecutor::new(), io).await {
            Ok((mut sender, connection)) => {
                beside(connection, async { read(sender.send_request(request).await?, attempt, turn, &mut text).await })
                    .await
            }
            Err(error) => Err(error),
        }
    } else {
        match http1::handshake(io).await {
            Ok((mut sender, connection)) => {
                beside(connection, async { read(sender.send_request(request).await?, attempt, turn, &mut text).await })
                    .await
            }
            Err(error) => Err(error),
        }
    };
    Ok(match (answered, end.get()) {
        (Ok(()), _) => replied(&text),
        (Err(_), Some(Outcome::Closed)) => ended(&text),
        (Err(_), Some(end)) => end.clone(),
        // It answered something that is no HTTP.
        (Err(error), None) => Outcome::Failed(error.to_string()),
    })
}

/// Drives the connection while the exchange goes on. The connection may end first: what it has read is still to be taken.
async fn beside<T>(connection: impl Future, exchange: impl Future<Output = T>) -> T {
    let drive = async {
        connection.await;
        std::future::pending().await
    };
    tokio::select! {
        done = exchange => done,
        never = drive => never,
    }
}

async fn read(
    response: Response<Incoming>,
    attempt: &mut Attempt,
    turn: &Turn<'_>,
    text: &mut Vec<u8>,
) -> Result<(), hyper::Error> {
    attempt.first_byte_micros = Some(micros(turn.began));
    attempt.status = Some(response.status().as_u16());
    let mut body = response.into_body();
    while text.len() < MOST
        && let Some(frame) = body.frame().await
    {
        text.extend_from_slice(frame?.data_ref().map_or(&[], |data| data));
    }
    Ok(())
}

fn request(ask: &Ask) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let authority = match &ask.to {
        Destination::Address(address) => address.to_string(),
        Destination::Name { name, port, .. } => format!("{}:{port}", name.trim_end_matches('.')),
    };
    // In the path the token is seen in the proxies' access logs.
    let is_plain = ask.token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let path = if is_plain { format!("/t/{}", ask.token) } else { "/".to_owned() };
    let method = if ask.payload > 0 { Method::POST } else { Method::GET };
    let request = Request::builder().method(method).header("x-dualproof-token", &ask.token);
    let request = if ask.protocol == Protocol::H2c {
        request.uri(format!("http://{authority}{path}"))
    } else {
        request.uri(path).header(header::HOST, authority)
    };
    request.body(Full::from(filling(ask.payload)))
}

//! How streams over WebSocket end.

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::SinkExt;
use futures_util::stream::SplitSink;

/// Ends a socket as a normal ending: to kubectl any other is a broken connection. The client may be gone already.
pub(super) async fn close(sink: &mut SplitSink<WebSocket, Message>) {
    let normal = CloseFrame { code: close_code::NORMAL, reason: "".into() };
    drop(sink.send(Message::Close(Some(normal))).await);
    drop(sink.close().await);
}

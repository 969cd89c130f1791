//! As much of SPDY/3.1 as `kubectl port-forward` speaks inside a WebSocket
//! (moby/spdystream; the draft: <https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/>).

mod dictionary;
mod frame;
mod headers;
mod session;

pub(super) use session::serve;

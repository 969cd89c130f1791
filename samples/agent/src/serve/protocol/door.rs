//! Takes connections, counts them, and never more at a time than the machine has room for.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;

use super::witness::Ends;

/// How long to wait at most for a connection to end when the system has no room for another.
const ROOM: Duration = Duration::from_millis(100);

/// Accepts for ever, and gives each connection with its ends to `serve`, in a task of its own.
pub(in crate::serve) async fn keep<F, S>(listener: TcpListener, places: Arc<Semaphore>, serve: F)
where
    F: Fn(TcpStream, Ends) -> S,
    S: Future<Output = ()> + Send + 'static,
{
    let ended = Arc::new(Notify::new());
    let mut connection = 0;
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if is_of_the_connection(&error) => continue,
            Err(error) => {
                complain(&listener, &error);
                drop(place);
                // Out of descriptors or memory: a connection that ends makes room.
                let _ = timeout(ROOM, ended.notified()).await;
                continue;
            }
        };
        connection += 1;
        // A connection that is reset before it is looked at has no local address; it is counted all the same.
        let Ok(local) = stream.local_addr() else { continue };
        let served = serve(stream, Ends { local, peer, connection });
        let ended = Arc::clone(&ended);
        tokio::spawn(async move {
            served.await;
            drop(place);
            ended.notify_one();
        });
    }
}

/// Errors that accept(2) hands on from the connection itself.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

fn complain(listener: &TcpListener, error: &io::Error) {
    let place = listener.local_addr().map_or_else(|_| "a socket".to_owned(), |address: SocketAddr| address.to_string());
    // Nobody can be told when standard error is closed.
    let _ = writeln!(io::stderr(), "cannot accept on {place}: {error}");
}

//! The call matrix over a small cluster.

mod access_log;
mod corrupted;
mod expansion;
mod outcome;
mod path;
mod replies;
mod trail;
mod world;

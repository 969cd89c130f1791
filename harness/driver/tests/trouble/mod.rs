//! Trouble in mid-run, by what breaks.

mod front;
mod pods;

mod api_server;
mod changes;
mod dumps;
mod exec;
mod images;
mod injector;

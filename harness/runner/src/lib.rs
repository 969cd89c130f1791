//! When: settings, stages, output. The spine of a run is [`session::run`], on one screen of `session/spine.rs`.

pub mod command;
pub mod conformance;
pub mod lease;

pub mod embedded;
pub mod live;
pub mod output;
pub mod rules;
pub mod session;
pub mod settings;
pub mod stage;
pub mod sweep;

//! What the application answers.

mod seed_echo_reply;

pub(super) use seed_echo_reply::SEED_ECHO_REPLY;

//! What the application answers.

mod app_bind_family_matrix;
mod client_ip_canonical;
mod reply_identifies_server_and_family;
mod seed_echo_reply;

pub(super) use app_bind_family_matrix::APP_BIND_FAMILY_MATRIX;
pub(super) use client_ip_canonical::CLIENT_IP_CANONICAL;
pub(super) use reply_identifies_server_and_family::REPLY_IDENTIFIES_SERVER_AND_FAMILY;
pub(super) use seed_echo_reply::SEED_ECHO_REPLY;

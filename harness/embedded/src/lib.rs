//! A cluster of namespaces on this machine, without Docker.

use dualproof_model::trouble;

pub mod store;

pub mod controller;

pub mod api;

pub mod dns;

pub mod authority;

pub mod envoy;

pub mod node;

pub mod mesh;

pub mod supervisor;

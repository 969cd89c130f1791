//! A cluster of namespaces on this machine, without Docker.

pub mod store;

pub mod controller;

pub mod api;

pub mod dns;

pub mod authority;

pub mod envoy;

pub mod mesh;

pub mod supervisor;

pub mod node;

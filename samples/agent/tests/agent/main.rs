//! The agent's binary against itself and against peers that misbehave, over the loopback addresses of both families.

mod programs;

mod peers;
mod resolver;

mod binds;
mod bulk;
mod failures;
mod names;
mod service;
mod stand_in;

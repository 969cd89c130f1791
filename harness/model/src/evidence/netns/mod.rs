//! What the kernel holds in a pod's network namespace: redirect rules, addresses, routes, sockets.

mod namespace;
mod neutral;
mod rules;

pub use namespace::{Interface, ListeningSocket, Netns, NetnsSource, Route};
pub use neutral::{NeutralChain, NeutralRule};
pub use rules::{Chain, IdRange, Match, Matcher, PacketFilter, PortRange, Rule, RuleSet, RuleTarget, Table};

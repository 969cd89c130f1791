//! The redirect rules and addresses inside a pod's network namespace.

mod redirect_rules_parity;

pub(super) use redirect_rules_parity::REDIRECT_RULES_PARITY;

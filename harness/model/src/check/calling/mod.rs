//! The calls of a scenario's matrix, and what the checks say of them.
//!
//! Every check asks each call one question ([`judge`]). What is wrong with a call has one home, whichever check finds it:
//! who answered is K01's, the way through the proxies K04's, addresses in the form `::ffff:a.b.c.d` K31's, what a resolver said K19's
//! and K20's. That a call was not answered, or was and should not be, is the matter of the check whose kind of call it is ([`Reach`]).

mod calls;
mod departed;
mod reach;
mod say;
mod statement;
mod trace;
mod ways;

pub(super) use calls::{Call, Calls, Policy};
pub(super) use departed::{is_family, is_identity, is_peer};
pub(super) use reach::{Reach, judge_reach, reached, unless_lookup_failed};
pub(super) use say::judge;
pub(super) use statement::{Said, Statement};
pub(super) use trace::lost_at;

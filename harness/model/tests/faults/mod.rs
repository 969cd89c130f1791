//! Faults, each with the checks that it is meant for.

pub(crate) mod calls;
mod cluster;
mod listeners;
mod objects;
mod redirect;
mod surgery;
mod switches;
mod upstream;

use dualproof_model::evidence::Evidence;
use dualproof_model::family::IpFamily;

use crate::lab::{CLIENT, SERVERS, World};

const V4: IpFamily = IpFamily::IPv4;
const V6: IpFamily = IpFamily::IPv6;
const EVERYONE: [&str; 3] = [CLIENT, SERVERS[0], SERVERS[1]];

/// A fault over evidence that is green before it.
pub(crate) struct Mutant {
    /// What is wrong.
    pub(crate) what: &'static str,
    /// The checks that must turn red, and no others.
    pub(crate) red: &'static [&'static str],
    /// The families of the Service in the claim.
    pub(crate) service: &'static [IpFamily],
    /// Makes it wrong.
    pub(crate) mutate: fn(&mut Evidence, &World),
}

/// Lists all of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Mutant> {
    [cluster::FAULTS, objects::FAULTS, redirect::FAULTS, listeners::FAULTS, upstream::FAULTS, switches::FAULTS]
        .into_iter()
        .flatten()
}

/// A fault of a dual-stack Service, IPv6 first.
const fn dual(red: &'static [&'static str], what: &'static str, mutate: fn(&mut Evidence, &World)) -> Mutant {
    Mutant { what, red, service: &[V6, V4], mutate }
}

/// A fault of an IPv4 Service.
const fn single(red: &'static [&'static str], what: &'static str, mutate: fn(&mut Evidence, &World)) -> Mutant {
    Mutant { what, red, service: &[V4], mutate }
}

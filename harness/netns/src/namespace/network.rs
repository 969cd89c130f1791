//! What is done to a namespace's network as a whole.

use super::Namespace;
use crate::NetnsError;
use crate::link::{Change, Veth};
use crate::traffic::{Redirect, Services};

impl Namespace {
    /// Makes a pair of interfaces between this namespace and another, both up, without addresses.
    ///
    /// # Errors
    /// As [`crate::link::Links::veth`].
    pub fn join(&self, interface: &str, other: &Self, other_interface: &str) -> Result<Veth, NetnsError> {
        let pair = self.links().veth(interface, other.handle(), other_interface)?;
        other.apply(&[Change::up(other_interface)])?;
        Ok(pair)
    }

    /// Changes links, addresses, routes and neighbours, in their order.
    ///
    /// # Errors
    /// As [`crate::link::Links::apply`].
    pub fn apply(&self, changes: &[Change]) -> Result<(), NetnsError> {
        self.links().apply(changes)
    }

    /// Redirects the connections of the pod that this namespace is, and puts on `lo` what that needs.
    ///
    /// # Errors
    /// As [`crate::filter::Filter::replace`] and [`crate::link::Links::apply`]; also where `::6` is on `lo` already.
    pub fn redirect(&self, redirect: &Redirect) -> Result<(), NetnsError> {
        self.filter().replace(&redirect.tables())?;
        let changes: Vec<Change> =
            redirect.loopback_addresses().into_iter().map(|address| Change::address("lo", address)).collect();
        self.apply(&changes)
    }

    /// Serves virtual services on the node that this namespace is, instead of those it served before; packets see either the old or the new.
    ///
    /// # Errors
    /// As [`crate::filter::Filter::replace`].
    pub fn serve(&self, services: &Services) -> Result<(), NetnsError> {
        self.filter().replace(&services.tables())
    }
}

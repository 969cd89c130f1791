//! Calls to a clusterIP's port that no Service has: refused by the nodes.
//!
//! kube-proxy's default lets such a call go on to nowhere. A meshed client's proxy then waits for its own `connect_timeout` of 10 s, and writes
//! its line, which is evidence, only then. Nothing else is changed: what a Service has was translated before it is forwarded, and does not go to
//! a clusterIP any more. (kube-proxy with nftables refuses, too, by ICMP messages, of which the kernel sends each client one a second.)

use std::fmt::Write;

use dualproof_model::family::IpFamily;
use dualproof_model::plan::Timeouts;
use futures_util::future::try_join_all;

use super::{KindTools, settings};
use crate::cluster::ClusterError;
use crate::context::RunContext;

impl KindTools {
    /// Has every node refuse TCP to clusterIPs where it would be lost.
    ///
    /// # Errors
    /// [`ClusterError::Tool`] when a node does not take the rules.
    pub(super) async fn refuse_lost(&self, context: &RunContext, nodes: &[String]) -> Result<(), ClusterError> {
        let (rules, limit) = (rules(), Timeouts::of(context.timeouts.tool));
        let refuse = async |node: &String| {
            let failed =
                |source| ClusterError::Tool { what: format!("have {node} refuse calls that nobody takes"), source };
            self.docker(context, &["exec", node, "sh", "-ec", &rules], limit).await.map_err(failed)
        };
        try_join_all(nodes.iter().map(refuse)).await.map(drop)
    }
}

/// Renders the commands for a node's shell.
fn rules() -> String {
    let mut text = String::new();
    for (family, subnet) in settings::SERVICE_SUBNETS {
        let tool = match family {
            IpFamily::IPv4 => "iptables",
            IpFamily::IPv6 => "ip6tables",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{tool} --wait -A FORWARD -d {subnet} -p tcp -j REJECT --reject-with tcp-reset");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_has_a_rule_of_its_own_tool_for_its_own_subnet() {
        let rules = rules();
        let words: Vec<Vec<&str>> = rules.lines().map(|line| line.split(' ').collect()).collect();
        assert_eq!(words.len(), 2, "{rules}");
        for words in words {
            let subnet = words.iter().skip_while(|word| **word != "-d").nth(1);
            let is_v6 = subnet.is_some_and(|subnet| subnet.contains(':'));
            assert_eq!(words.first() == Some(&"ip6tables"), is_v6, "{rules}");
        }
    }
}

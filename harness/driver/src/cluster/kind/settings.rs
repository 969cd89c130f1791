//! What is asked of kind, and the configuration file that says so.

use std::fmt::Write;

use dualproof_model::family::{FamilyOrder, IpFamily};

use super::tuning;
use crate::cluster::{ClusterError, check_name};
use crate::context::{KEPT_LABEL, RUN_LABEL};

/// Subnets of pods and Services in each family. They are kind's own defaults, written out because their order is the order of
/// the families in the cluster (kind gives an IPv6-first cluster only when both subnets say so).
const POD_SUBNETS: [(IpFamily, &str); 2] = [(IpFamily::IPv4, "10.244.0.0/16"), (IpFamily::IPv6, "fd00:10:244::/56")];
pub(super) const SERVICE_SUBNETS: [(IpFamily, &str); 2] =
    [(IpFamily::IPv4, "10.96.0.0/16"), (IpFamily::IPv6, "fd00:10:96::/112")];

/// What is asked of kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindSettings {
    /// The cluster's name.
    pub name: String,
    /// The Kubernetes version, such as `1.36.1`; a leading `v` is allowed.
    pub kubernetes: String,
    /// A node image instead of `kindest/node:v<version>`.
    pub node_image: Option<String>,
    /// The order of the families.
    pub order: FamilyOrder,
    /// How many nodes: one control plane, the others workers.
    pub nodes: u8,
    /// Keep what was made when the creation fails, to look at it.
    pub keep: bool,
    /// Leave control plane and nodes as kind makes them.
    pub stock: bool,
}

impl KindSettings {
    /// Names the cluster of a run.
    #[must_use]
    pub fn default_name(run: &str) -> String {
        format!("dualproof-{run}")
    }

    /// Returns the version without a leading `v`.
    #[must_use]
    pub fn version(&self) -> &str {
        self.kubernetes.strip_prefix('v').unwrap_or(&self.kubernetes)
    }

    /// Returns the node image.
    #[must_use]
    pub fn image(&self) -> String {
        self.node_image.clone().unwrap_or_else(|| format!("kindest/node:v{}", self.version()))
    }

    /// Checks what kind would only refuse late, or not at all.
    ///
    /// # Errors
    /// [`ClusterError::Setting`] for a name that is no host name, a version that is no version, and for no nodes.
    pub fn validate(&self) -> Result<(), ClusterError> {
        let refuse = |setting, value: &str, rule| Err(ClusterError::Setting { setting, value: value.to_owned(), rule });
        check_name(&self.name)?;
        let numbers: Vec<&str> = self.version().split('.').collect();
        let number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if numbers.len() != 3 || !numbers.iter().all(number) {
            return refuse("the Kubernetes version", &self.kubernetes, "expected three numbers such as 1.36.1");
        }
        if self.nodes == 0 {
            return refuse("the number of nodes", "0", "a cluster has at least one");
        }
        Ok(())
    }
}

/// Renders the configuration file for kind: both families, both subnets in the order that was asked for, and the run's
/// label on every node.
#[must_use]
pub fn kind_config(settings: &KindSettings, run: &str) -> String {
    let mut text = format!(
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnetworking:\n  ipFamily: dual\n  podSubnet: \"{}\"\n  serviceSubnet: \"{}\"\nnodes:\n",
        in_order(settings.order, POD_SUBNETS),
        in_order(settings.order, SERVICE_SUBNETS),
    );
    for node in 0..settings.nodes {
        let role = if node == 0 { "control-plane" } else { "worker" };
        // Writing to a String cannot fail.
        let _ = write!(text, "  - role: {role}\n    labels:\n      {RUN_LABEL}: \"{run}\"\n");
        if settings.keep {
            let _ = writeln!(text, "      {KEPT_LABEL}: \"true\"");
        }
    }
    if !settings.stock {
        text.push_str(&tuning::patches());
    }
    text
}

fn in_order(order: FamilyOrder, subnets: [(IpFamily, &str); 2]) -> String {
    let subnet = |family| subnets.iter().find(|(of, _)| *of == family).map(|(_, subnet)| *subnet);
    order.families().iter().copied().filter_map(subnet).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(order: FamilyOrder, nodes: u8) -> KindSettings {
        let name = KindSettings::default_name("r1");
        KindSettings {
            name,
            kubernetes: "1.36.1".to_owned(),
            node_image: None,
            order,
            nodes,
            keep: false,
            stock: false,
        }
    }

    #[test]
    fn the_order_of_the_families_is_the_order_of_both_subnets() -> Result<(), Box<dyn std::error::Error>> {
        for (order, pods, services) in [
            (FamilyOrder::V4First, "10.244.0.0/16,fd00:10:244::/56", "10.96.0.0/16,fd00:10:96::/112"),
            (FamilyOrder::V6First, "fd00:10:244::/56,10.244.0.0/16", "fd00:10:96::/112,10.96.0.0/16"),
        ] {
            let read: serde_json::Value = serde_saphyr::from_str(&kind_config(&settings(order, 3), "r1"))?;
            assert_eq!(read["networking"]["ipFamily"], "dual");
            assert_eq!(read["networking"]["podSubnet"], pods);
            assert_eq!(read["networking"]["serviceSubnet"], services);
            let nodes = read["nodes"].as_array().ok_or("nodes are a list")?;
            let roles: Vec<_> = nodes.iter().filter_map(|node| node["role"].as_str()).collect();
            assert_eq!(roles, ["control-plane", "worker", "worker"]);
            assert!(nodes.iter().all(|node| node["labels"]["dualproof.dev/run"] == "r1"));
        }
        Ok(())
    }

    #[test]
    fn a_cluster_that_is_to_stay_says_so() -> Result<(), Box<dyn std::error::Error>> {
        for keep in [true, false] {
            let settings = KindSettings { keep, ..settings(FamilyOrder::V4First, 2) };
            let read: serde_json::Value = serde_saphyr::from_str(&kind_config(&settings, "r1"))?;
            let nodes = read["nodes"].as_array().ok_or("nodes are a list")?;
            assert!(nodes.iter().all(|node| (node["labels"]["dualproof.dev/kept"] == "true") == keep));
        }
        Ok(())
    }

    #[test]
    fn each_version_of_kubeadm_has_its_own_patch_and_a_stock_cluster_has_none() -> Result<(), Box<dyn std::error::Error>>
    {
        let tuned = settings(FamilyOrder::V4First, 1);
        let read: serde_json::Value = serde_saphyr::from_str(&kind_config(&tuned, "r1"))?;
        let patches = read["kubeadmConfigPatches"].as_array().ok_or("patches are a list")?;
        let mut told = Vec::new();
        for patch in patches {
            let patch: serde_json::Value = serde_saphyr::from_str(patch.as_str().ok_or("a patch is a text")?)?;
            if patch["kind"] == "KubeletConfiguration" {
                let size = patch["containerLogMaxSize"].as_str().ok_or("a size is a text")?;
                assert!(size.ends_with("Gi"), "a reading writes most of a MiB, and the default rotates at ten: {size}");
                continue;
            }
            assert_eq!(patch["kind"], "ClusterConfiguration");
            let manager = &patch["controllerManager"]["extraArgs"];
            let qps = manager["kube-api-qps"].as_str().or_else(|| {
                let named = manager.as_array()?.iter().find(|argument| argument["name"] == "kube-api-qps")?;
                named["value"].as_str()
            });
            told.push((patch["apiVersion"].as_str().unwrap_or_default().to_owned(), qps.map(str::to_owned)));
        }
        let qps = told.first().and_then(|(_, qps)| qps.clone());
        assert!(qps.is_some(), "{told:?}");
        assert_eq!(
            told,
            ["kubeadm.k8s.io/v1beta4", "kubeadm.k8s.io/v1beta3"].map(|version| (version.to_owned(), qps.clone()))
        );
        let stock = kind_config(&KindSettings { stock: true, ..tuned }, "r1");
        assert!(!stock.contains("kubeadm"), "{stock}");
        Ok(())
    }

    #[test]
    fn a_run_id_of_digits_stays_a_text() -> Result<(), Box<dyn std::error::Error>> {
        let read: serde_json::Value = serde_saphyr::from_str(&kind_config(&settings(FamilyOrder::V4First, 1), "0123"))?;
        assert_eq!(read["nodes"][0]["labels"]["dualproof.dev/run"], "0123");
        Ok(())
    }

    #[test]
    fn the_image_follows_the_version_unless_it_is_named() {
        let mut settings = settings(FamilyOrder::V4First, 1);
        assert_eq!(settings.image(), "kindest/node:v1.36.1");
        settings.kubernetes = "v1.34.4".to_owned();
        assert_eq!(settings.image(), "kindest/node:v1.34.4");
        settings.node_image = Some("example.dev/node:x".to_owned());
        assert_eq!(settings.image(), "example.dev/node:x");
    }

    #[test]
    fn settings_that_make_no_sense_are_refused_by_name() {
        let refused = |change: fn(&mut KindSettings)| {
            let mut settings = settings(FamilyOrder::V4First, 1);
            change(&mut settings);
            settings.validate().err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(refused(|_| ()), "");
        assert_eq!(refused(|s| s.kubernetes = "v1.36.1".to_owned()), "");
        assert!(refused(|s| s.nodes = 0).starts_with("the number of nodes is `0`"));
        assert!(refused(|s| s.name = "Big".to_owned()).starts_with("the cluster's name is `Big`"));
        assert!(refused(|s| s.name = "a-".to_owned()).starts_with("the cluster's name is `a-`"));
        assert!(refused(|s| s.name = "a".repeat(50)).ends_with("it may have 49 characters"));
        for version in ["1.36", "1.36.x", "latest", "1..1"] {
            let mut settings = settings(FamilyOrder::V4First, 1);
            settings.kubernetes = version.to_owned();
            assert!(settings.validate().is_err(), "{version}");
        }
    }
}

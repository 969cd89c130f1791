//! What the API server stores for a Service: the table of policies and families.

use crate::family::IpFamilyPolicy;

/// How many families and addresses a stored Service has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The number of `ipFamilies`.
    pub families: usize,
    /// The number of addresses in `clusterIPs`; 0 for a headless Service, whose list is `["None"]`.
    pub cluster_ips: usize,
}

/// Looks up the table: policy × headless × selector × families of the cluster (1 or 2). `None` where the API server
/// refuses the Service, and for a cluster without any family.
///
/// Source: KEP-563 (IPv4/IPv6 dual-stack) and kubernetes/kubernetes:pkg/registry/core/service/storage/alloc.go
/// `initIPFamilyFields`. A headless Service without a selector is the odd one: nobody allocates anything for it, so it may
/// have two families on a single-stack cluster (by design, kubernetes/kubernetes#104986, #118897).
///
/// It holds for Services that were made while the cluster had these families. One that was made before a cluster became
/// dual-stack keeps its single family (kubernetes/kubernetes#102898).
#[must_use]
pub fn allocation(policy: IpFamilyPolicy, headless: bool, selector: bool, cluster: usize) -> Option<Allocation> {
    let free_of_the_cluster = headless && !selector;
    let families = match (policy, cluster) {
        (_, 0) => return None,
        (IpFamilyPolicy::SingleStack, _) => 1,
        (IpFamilyPolicy::PreferDualStack | IpFamilyPolicy::RequireDualStack, _) if free_of_the_cluster => 2,
        (IpFamilyPolicy::PreferDualStack, families) => families.min(2),
        (IpFamilyPolicy::RequireDualStack, 1) => return None,
        (IpFamilyPolicy::RequireDualStack, _) => 2,
    };
    Some(Allocation { families, cluster_ips: if headless { 0 } else { families } })
}

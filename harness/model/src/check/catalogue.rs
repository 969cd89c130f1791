//! Every check there is.

use super::{
    Case, Judged, application, cluster, dns, endpoint, environment, listener, objects, redirect, service_path,
    transport,
};
use crate::spec::Profile;
use crate::verdict::Layer;

/// A check: what it is called, why it exists, and how it judges.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its key in the catalogue of known bugs: `K06`.
    pub key: &'static str,
    /// Its name in words.
    pub slug: &'static str,
    /// The layer that it looks at.
    pub layer: Layer,
    /// Core or extended.
    pub profile: Profile,
    /// One sentence: what holds when it is green.
    pub title: &'static str,
    /// Why it exists: the bugs that it would have caught.
    pub why: &'static str,
    /// What to do when it is red.
    pub cure: &'static str,
    /// Whether it looks at a mesh, and so means nothing without one.
    pub needs_mesh: bool,
    /// Compares; never does I/O, never panics.
    pub judge: fn(&Case<'_>) -> Judged,
}

impl Check {
    /// Spells key and slug together: `K06-outbound-listener-covers-all-vips`, its part of a trial's name.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}-{}", self.key, self.slug)
    }
}

/// Lists every check, in the order of layers and keys.
#[must_use]
pub fn all() -> &'static [Check] {
    const ALL: &[Check] = &[
        environment::CLUSTER_BASELINE_DUAL,
        objects::SERVICE_FAMILIES_AS_CLAIMED,
        objects::SERVICE_ALLOCATION_TRUTH_TABLE,
        objects::ENDPOINTSLICE_PARTITIONED_BY_FAMILY,
        dns::ECHO_BY_NAME_FORCED_FAMILY,
        dns::DNS_ANSWERS_MATCH_IPFAMILIES,
        dns::DNS_NODATA_NOT_NXDOMAIN,
        service_path::ECHO_LITERAL_VIP_EACH_FAMILY,
        service_path::NAKED_DATAPATH_EACH_FAMILY,
        redirect::REDIRECT_RULES_PARITY,
        listener::REQUEST_TRAVERSES_BOTH_PROXIES,
        listener::OUTBOUND_LISTENER_COVERS_ALL_VIPS,
        listener::XDS_ACKED_NO_REJECTION,
        listener::VIRTUAL_LISTENERS_BIND_BOTH_WILDCARDS,
        listener::INFRA_PORTS_ANSWER_ON_EVERY_POD_IP,
        listener::ADDRESS_FORMAT_ROUNDTRIP,
        listener::UNKNOWN_DESTINATION_POLICY_EACH_FAMILY,
        cluster::INBOUND_SOURCE_BIND_PER_FAMILY,
        endpoint::ENDPOINT_DUMP_COVERS_POD_IPS,
        endpoint::ENDPOINT_PRIMARY_FOLLOWS_PODIPS,
        transport::STRICT_MTLS_REJECTS_PLAINTEXT_EACH_FAMILY,
        application::REPLY_IDENTIFIES_SERVER_AND_FAMILY,
        application::APP_BIND_FAMILY_MATRIX,
        application::CLIENT_IP_CANONICAL,
        application::SEED_ECHO_REPLY,
    ];
    ALL
}

/// Finds a check by its key, its slug, or both joined; case matters in none.
#[must_use]
pub fn find(name: &str) -> Option<&'static Check> {
    all().iter().find(|check| {
        [check.key.to_owned(), check.slug.to_owned(), check.id()].iter().any(|known| known.eq_ignore_ascii_case(name))
    })
}

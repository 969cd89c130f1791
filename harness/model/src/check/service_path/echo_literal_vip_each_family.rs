//! K02: every literal address of a target is answered, and those that it should not have are not.

use crate::check::calling::{Reach, judge_reach};
use crate::check::{Case, Check, Judged};
use crate::spec::Profile;
use crate::verdict::Layer;

pub(in crate::check) const ECHO_LITERAL_VIP_EACH_FAMILY: Check = Check {
    key: "K02",
    slug: "echo-literal-vip-each-family",
    layer: Layer::ServicePath,
    profile: Profile::Core,
    title: "each clusterIP, podIP and nodePort of each target is answered when dialled as a literal, and none of what the \
            Service does not have",
    why: "the IPv6 clusterIP of an IPv6-first Service had no listener and its calls went astray while the echo by name was \
          answered (istio/istio#55577); with a sidecar all IPv6 was dead on the node (istio/istio#18956); a sidecar took calls of \
          the wrong family and reset them (linkerd/linkerd2-proxy#3793)",
    cure: "repeat the call by hand: `kubectl exec -n NAMESPACE POD -c agent -- agent probe` with the line's `ask`; the same \
           address from a naked pod tells mesh from cluster (K44); then `istioctl proxy-config listeners POD --address \
           ADDRESS` and, on the node, `nft list ruleset` or `ip6tables-save -t nat` for the Service",
    needs_mesh: false,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    judge_reach(case, Reach::Literal)
}

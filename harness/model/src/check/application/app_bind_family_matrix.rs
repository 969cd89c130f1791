//! K17: an application that is bound to less than both families is reached exactly where it can be.

use crate::check::calling::{Reach, judge_reach};
use crate::check::{Case, Check, Judged};
use crate::spec::Profile;
use crate::verdict::Layer;

pub(in crate::check) const APP_BIND_FAMILY_MATRIX: Check = Check {
    key: "K17",
    slug: "app-bind-family-matrix",
    layer: Layer::Application,
    profile: Profile::Core,
    title: "an application bound to one family, to `[::]` alone or to loopback is answered where the truth table says, and nowhere else",
    why: "with a mesh that always picks IPv6 an application on `0.0.0.0` lost all calls (linkerd/linkerd2#12733); a sidecar \
          dialled 127.0.0.1 in an IPv6 pod (istio/istio#13942); behind a sidecar an application on the family that is not \
          podIPs[0] fails, and a naked one is fallen back to (istio/istio#51279, its test ds_ep_loadbalancer_test.go)",
    cure: "`kubectl exec -n NAMESPACE POD -c agent -- agent sockets` shows what is bound; bind to `[::]` without IPV6_V6ONLY. \
           Where an answer came that should not, look for a rewrite to loopback: `istioctl proxy-config clusters POD \
           --direction inbound -o yaml`",
    needs_mesh: false,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    judge_reach(case, Reach::Bind)
}

//! K05: STRICT refuses plaintext and takes mTLS, in both families.

use std::collections::BTreeMap;

use crate::check::calling::{self, Call, Calls, Policy, Reach, Statement, reached};
use crate::check::{Case, Check, Judged};
use crate::family::IpFamily;
use crate::spec::{Mtls, Profile, ServerKind};
use crate::verdict::{Findings, Layer};

pub(in crate::check) const STRICT_MTLS_REJECTS_PLAINTEXT_EACH_FAMILY: Check = Check {
    key: "K05",
    slug: "strict-mtls-rejects-plaintext-each-family",
    layer: Layer::Transport,
    profile: Profile::Core,
    title: "under STRICT plaintext fails over each family and by every address, and meshed clients are answered over each family",
    why: "without redirect rules for IPv6 plaintext went past the sidecar, and STRICT meant nothing over IPv6 \
          (istio/istio#46625, istio/istio#38041): both echoes were right, and nobody saw it",
    cure: "`kubectl get peerauthentication -A` for the mode; where it is STRICT and plaintext over one family is answered, the \
           call did not cross the sidecar: K10 and K04 say where, `ip6tables-save -t nat` in the pod's namespace shows it",
    needs_mesh: true,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    let targets = case.scenario.matrix.iter().flat_map(|matrix| &matrix.targets);
    if case.scenario.matrix.is_some() && !targets.into_iter().any(|target| target.mtls == Mtls::Strict) {
        return Judged::NotApplicable("no target of the matrix is under STRICT".to_owned());
    }
    calling::judge(
        case,
        "plaintext refused, mTLS answered",
        |_, call| reached(call, Reach::Policy).map(|said| Statement::of(call, said)).into_iter().collect(),
        |calls, findings| twins(case, calls, findings),
    )
}

/// States what was not tried: a refusal proves something only beside an answer over the same family, and the other way round.
fn twins(case: &Case<'_>, calls: &Calls<'_>, findings: &mut Findings) {
    let mut tried: BTreeMap<(String, IpFamily), [usize; 2]> = BTreeMap::new();
    let count = |call: &Call<'_>| match call.policy {
        Policy::None | Policy::RefusesUnknown => [0, 0],
        Policy::RefusesPlaintext => [1, 0],
        Policy::TakesMutual => [0, 1],
    };
    for call in &calls.all {
        let Some(family) = call.family() else { continue };
        let name = format!("{}/{}", call.cell.service.namespace, call.cell.service.name);
        let slot = tried.entry((name, family)).or_default();
        let [plain, mutual] = count(call);
        *slot = [slot[0] + plain, slot[1] + mutual];
    }
    let strict = case.scenario.matrix.iter().flat_map(|matrix| &matrix.targets);
    for target in strict.filter(|target| (target.mtls, target.server) == (Mtls::Strict, ServerKind::Meshed)) {
        let name = format!("{}/{}", target.namespace, target.service);
        for family in target.kind.families().unwrap_or_default() {
            let tried = tried.get(&(name.clone(), *family)).copied().unwrap_or_default();
            for (count, what) in tried.into_iter().zip(["plaintext", "mTLS"]) {
                if count == 0 {
                    let why = "no client of the matrix makes such a call";
                    findings.lost(
                        &format!("{what} to {name}"),
                        Some(*family),
                        &"at least one call",
                        why,
                        &case.scenario.file,
                    );
                }
            }
        }
    }
}

//! Computed configuration against what real Istio sent.

use dualproof_model::evidence::PodRef;
use dualproof_shapes::settings::{DualStack, Settings};
use dualproof_shapes::sidecar::Sidecar;

use crate::comparing::difference::{Difference, differences};
use crate::comparing::load::{Outcome, Recording, folder, recordings, version_profiles};
use crate::comparing::normal;
use crate::comparing::reasons::Reason;
use crate::comparing::recording::Parts;

/// The proxy's half of the switch, as its bootstrap says; on, where the recording has no bootstrap.
fn proxy_switch(parts: &Parts) -> bool {
    let bootstrap = parts.kinds.get("bootstrap").and_then(|whole| whole.get("bootstrap"));
    let says = bootstrap.map(|whole| &whole["node"]["metadata"]["PROXY_CONFIG"]["proxyMetadata"]["ISTIO_DUAL_STACK"]);
    says.is_none_or(|switch| switch == "true")
}

fn compare(recording: &Recording) -> Outcome<Vec<Difference>> {
    let profiles = version_profiles()?;
    let mut all = Vec::new();
    for (id, recorded) in &recording.proxies {
        let mut settings = Settings::of(&recording.version.parse()?, &profiles).ok_or("no profile")?;
        settings.dual_stack = DualStack { control_plane: recording.control_plane, proxy: proxy_switch(recorded) };
        let (namespace, name) = id.split_once('/').ok_or("no pod")?;
        let pod = PodRef { namespace: namespace.to_owned(), name: name.to_owned() };
        let mut computed = normal::computed(&Sidecar::of(&recording.world, &settings, &pod)?);
        let mut recorded = recorded.clone();
        normal::without(&mut computed, recording.left_out);
        normal::without(&mut recorded, recording.left_out);
        all.extend(differences(&recording.name, id, &normal::normal(computed), &normal::normal(recorded)));
    }
    Ok(all)
}

#[test]
fn what_is_computed_is_what_real_istio_sent_but_for_differences_with_a_reason() -> Outcome {
    let file = std::fs::read_to_string(folder("tests/differences.yaml"))?;
    let reasons: Vec<Reason> = serde_yaml::from_str(&file)?;
    assert!(reasons.iter().all(|reason| !reason.reason.is_empty()), "a reason says nothing");
    let mut used = vec![false; reasons.len()];
    let mut unexplained = Vec::new();
    for recording in recordings()? {
        assert!(!recording.proxies.is_empty(), "{} has no proxies", recording.name);
        for difference in compare(&recording)? {
            let mut explained = false;
            for (reason, used) in reasons.iter().zip(&mut used) {
                if reason.explains(&difference) {
                    (*used, explained) = (true, true);
                }
            }
            if !explained {
                unexplained.push(difference.to_string());
            }
        }
    }
    assert!(unexplained.is_empty(), "{} differences without a reason:\n{}", unexplained.len(), unexplained.join("\n"));
    let unused: Vec<&Reason> =
        reasons.iter().zip(&used).filter(|(_, used)| !**used).map(|(reason, _)| reason).collect();
    assert!(unused.is_empty(), "reasons that explain nothing: {unused:#?}");
    Ok(())
}

//! How many pods the old and the new ReplicaSets of a Deployment should have
//! (kubernetes/kubernetes:pkg/controller/deployment/rolling.go).

use serde_json::Value;

use crate::store::object::{number, text};

/// What a ReplicaSet has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scale {
    /// How many pods it should have.
    pub(super) wanted: i64,
    /// How many are available.
    pub(super) available: i64,
}

/// The bounds of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// How many pods the Deployment wants.
    pub(super) replicas: i64,
    /// How many more there may be meanwhile.
    pub(super) surge: i64,
    /// How many of them may be unavailable meanwhile.
    pub(super) unavailable: i64,
}

impl Bounds {
    /// Reads the bounds of a Deployment; percentages round in favour of running pods, and both cannot be 0.
    pub(super) fn of(deployment: &Value) -> Self {
        let replicas = number(deployment, "/spec/replicas").unwrap_or(1);
        let share = |field: &str, up: bool| {
            let pointer = format!("/spec/strategy/rollingUpdate/{field}");
            match number(deployment, &pointer) {
                Some(count) => count,
                None => {
                    let percent: i64 = text(deployment, &pointer).trim_end_matches('%').parse().unwrap_or(25);
                    (replicas * percent + if up { 99 } else { 0 }) / 100
                }
            }
        };
        let (surge, unavailable) = (share("maxSurge", true), share("maxUnavailable", false));
        Self { replicas, surge, unavailable: if surge == 0 && unavailable == 0 { 1 } else { unavailable } }
    }

    /// Returns how many pods the new set should have, and how many each of the old ones, the oldest first.
    pub(super) fn next(&self, new: Scale, old: &[Scale]) -> (i64, Vec<i64>) {
        let total = new.wanted + old.iter().map(|scale| scale.wanted).sum::<i64>();
        let grown = if new.wanted > self.replicas {
            self.replicas
        } else {
            let room = (self.replicas + self.surge - total).max(0);
            (new.wanted + room).min(self.replicas).max(new.wanted)
        };
        let mut kept: Vec<i64> = old.iter().map(|scale| scale.wanted).collect();
        let total = total - new.wanted + grown;
        let least = self.replicas - self.unavailable;
        let mut spare = total - least - (grown - new.available).max(0);
        // Pods that are not available are no loss.
        for (kept, scale) in kept.iter_mut().zip(old) {
            let gone = (scale.wanted - scale.available).clamp(0, spare.max(0));
            *kept -= gone;
            spare -= gone;
        }
        let available = new.available + old.iter().map(|scale| scale.available).sum::<i64>();
        let mut spare = spare.min(available - least);
        for kept in &mut kept {
            let gone = (*kept).clamp(0, spare.max(0));
            *kept -= gone;
            spare -= gone;
        }
        (grown, kept)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scale(wanted: i64, available: i64) -> Scale {
        Scale { wanted, available }
    }

    #[test]
    fn percentages_round_in_favour_of_running_pods() {
        let bounds = |replicas: i64| {
            Bounds::of(&json!({"spec": {"replicas": replicas, "strategy": {"rollingUpdate": {
            "maxSurge": "25%", "maxUnavailable": "25%"}}}}))
        };
        assert_eq!(bounds(1), Bounds { replicas: 1, surge: 1, unavailable: 0 });
        assert_eq!(bounds(10), Bounds { replicas: 10, surge: 3, unavailable: 2 });
        let none =
            json!({"spec": {"replicas": 2, "strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}});
        assert_eq!(Bounds::of(&none).unavailable, 1);
    }

    #[test]
    fn a_rollout_ends_with_the_new_pods_alone_and_never_below_its_bounds() {
        for (replicas, surge, unavailable) in [(1, 1, 0), (3, 1, 0), (10, 3, 2), (4, 0, 1), (5, 5, 5)] {
            let bounds = Bounds { replicas, surge, unavailable };
            let (mut new, mut old) = (scale(0, 0), scale(replicas, replicas));
            let mut steps = 0;
            while (new, old) != (scale(replicas, replicas), scale(0, 0)) {
                let (grown, kept) = bounds.next(new, &[old]);
                assert!(grown + kept[0] <= replicas + surge, "{bounds:?}: {grown} and {kept:?}");
                (new, old) = (scale(grown, new.available), scale(kept[0], kept[0].min(old.available)));
                assert!(new.available + old.available >= replicas - unavailable, "{bounds:?}: {new:?} {old:?}");
                // The new pods become available one by one.
                new.available = (new.available + 1).min(new.wanted);
                steps += 1;
                assert!(steps < 100, "{bounds:?} stands still at {new:?} {old:?}");
            }
        }
    }

    #[test]
    fn old_pods_that_never_ran_go_first() {
        let bounds = Bounds { replicas: 2, surge: 1, unavailable: 0 };
        let (grown, kept) = bounds.next(scale(0, 0), &[scale(1, 0), scale(2, 2)]);
        assert_eq!((grown, kept), (0, vec![0, 2]));
    }
}

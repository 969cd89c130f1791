//! `timings.json`: where the time went.

use serde::{Deserialize, Serialize};

/// The stages of a run in the order in which they began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timings {
    /// The stages.
    pub stages: Vec<StageTiming>,
}

impl Timings {
    /// Adds a stage at its place, and marks anew which stages the end waited for.
    ///
    /// A stage is critical when the next critical one could begin only after it: seen from the end, always the stage that ended
    /// last before the next one began. What went on beside it is not.
    pub fn add(&mut self, stage: StageTiming) {
        let place = self.stages.partition_point(|other| other.start_millis <= stage.start_millis);
        self.stages.insert(place, stage);
        for stage in &mut self.stages {
            stage.critical = false;
        }
        let last = self.stages.iter().enumerate().max_by_key(|(_, stage)| stage.end_millis);
        let mut next = last.map(|(index, _)| index);
        while let Some(index) = next {
            self.stages[index].critical = true;
            let start = self.stages[index].start_millis;
            let before = self.stages[..index].iter().enumerate().filter(|(_, stage)| stage.end_millis <= start);
            next = before.max_by_key(|(_, stage)| stage.end_millis).map(|(index, _)| index);
        }
    }
}

/// One stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StageTiming {
    /// Its name.
    pub stage: String,
    /// Milliseconds from the start of the run to its begin.
    pub start_millis: u64,
    /// Milliseconds from the start of the run to its end.
    pub end_millis: u64,
    /// The end of the run waited for it.
    #[serde(default)]
    pub critical: bool,
    /// `ok`, or why it failed.
    pub result: String,
    /// What it waited for.
    #[serde(default)]
    pub waits: Vec<Wait>,
}

/// One wait inside a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wait {
    /// The condition's name.
    pub condition: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// The status last seen.
    pub last_status: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn critical(stages: &[(&str, u64, u64)]) -> Vec<String> {
        let mut timings = Timings::default();
        for (stage, start_millis, end_millis) in stages {
            timings.add(StageTiming {
                stage: (*stage).to_owned(),
                start_millis: *start_millis,
                end_millis: *end_millis,
                ..StageTiming::default()
            });
        }
        let starts: Vec<u64> = timings.stages.iter().map(|stage| stage.start_millis).collect();
        assert!(starts.is_sorted(), "{starts:?}");
        timings.stages.into_iter().filter(|stage| stage.critical).map(|stage| stage.stage).collect()
    }

    #[test]
    fn one_after_another_all_are_critical_even_one_that_takes_no_time() {
        assert_eq!(critical(&[("a", 0, 5), ("b", 5, 5), ("c", 5, 9)]), ["a", "b", "c"]);
    }

    #[test]
    fn of_two_beside_each_other_the_longer_is_critical_whichever_is_recorded_first() {
        let (short, long) = (("short", 5, 9), ("long", 5, 12));
        for beside in [[short, long], [long, short]] {
            let stages = [&[("a", 0, 5)], beside.as_slice(), &[("end", 12, 13)]].concat();
            assert_eq!(critical(&stages), ["a", "long", "end"]);
        }
    }

    #[test]
    fn a_stage_that_the_end_did_not_wait_for_is_not_critical() {
        assert_eq!(critical(&[("a", 0, 5), ("early", 0, 2), ("b", 5, 7)]), ["a", "b"]);
        assert!(critical(&[]).is_empty());
    }
}

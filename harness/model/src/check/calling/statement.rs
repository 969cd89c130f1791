//! What a check says of one call.

use super::Call;
use crate::answer::Departure;
use crate::family::IpFamily;
use crate::truth::{Answering, Expected, Failing};

/// What a check says of one call.
pub(in crate::check) struct Statement {
    /// The family that it is about; `None` when it is about neither alone.
    pub(in crate::check) family: Option<IpFamily>,
    /// What was expected, in words.
    pub(in crate::check) expected: String,
    /// What was seen.
    pub(in crate::check) said: Said,
    /// Places in the bundle besides the call's own line.
    pub(in crate::check) places: Vec<String>,
}

/// Whether the call is as it should be.
pub(in crate::check) enum Said {
    /// It is.
    Right,
    /// It is not, in words.
    Wrong(String),
    /// Nothing can be said, and why.
    Lost(String),
}

impl Statement {
    /// Says something of a call as the truth table has it.
    pub(in crate::check) fn of(call: &Call<'_>, said: Said) -> Self {
        Self { family: call.family(), expected: expected(&call.expected), said, places: Vec::new() }
    }
}

impl Said {
    /// Says that these departures are wrong, or that the call is right when there is none.
    pub(in crate::check) fn of<'d>(departures: impl Iterator<Item = &'d Departure>) -> Self {
        let words: Vec<String> = departures.map(ToString::to_string).collect();
        if words.is_empty() { Self::Right } else { Self::Wrong(words.join(", ")) }
    }
}

fn expected(expected: &Expected) -> String {
    match expected {
        Expected::Answer(Answering { dialled, arrival, crossing, because, .. }) => {
            let arrival: Vec<String> = arrival.iter().map(ToString::to_string).collect();
            format!(
                "an answer, dialled over {dialled}, arriving over {}, by {crossing}: {because}",
                arrival.join(" or ")
            )
        }
        Expected::Failure(Failing { endings, because, .. }) => {
            let endings: Vec<String> = endings.iter().map(ToString::to_string).collect();
            format!("no answer but {}: {because}", endings.join(" or "))
        }
        Expected::NotApplicable(why) => why.clone(),
        Expected::Unstated(why) => (*why).to_owned(),
    }
}

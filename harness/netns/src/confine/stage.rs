//! The same program is run three times, each time in a further stage.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use crate::NetnsError;

/// The variable that tells a stage what it is. A child inside that is to enter namespaces of its own must be started without it.
pub const STAGE: &str = "DUALPROOF_NETNS_STAGE";

/// What this process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It was started by somebody: it makes the namespaces and waits.
    Keeper,
    /// It is the first process of the process namespace; `keeper` is its parent, as the world outside numbers it.
    First {
        /// The parent.
        keeper: u32,
    },
    /// It is the program itself, child of the first process.
    Inside,
}

impl Stage {
    /// Reads what this process is.
    ///
    /// # Errors
    /// For a variable that no stage has set, or that was set for another process.
    pub(super) fn current() -> Result<Self, NetnsError> {
        let Some(value) = std::env::var_os(STAGE) else { return Ok(Self::Keeper) };
        let value = value.to_string_lossy();
        let stage = parse(&value).ok_or_else(|| NetnsError::Value {
            what: STAGE.to_owned(),
            value: value.clone().into_owned(),
            expected: "what an earlier stage has set, or nothing",
        })?;
        let (seen, is_there) = match stage {
            Self::First { .. } => (std::process::id(), std::process::id() == 1),
            _ => (std::os::unix::process::parent_id(), std::os::unix::process::parent_id() == 1),
        };
        if is_there {
            Ok(stage)
        } else {
            Err(NetnsError::Stage {
                why: format!("{STAGE}={value} was set for another process than this, whose number is {seen}"),
            })
        }
    }

    /// Starts this program again with the same arguments, standard input, output and error, in this stage.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub(super) fn start(self) -> Result<Child, NetnsError> {
        let mut arguments = std::env::args_os();
        // The link leads to the program that runs, also when its file was replaced since.
        let mut command = Command::new("/proc/self/exe");
        command.arg0(arguments.next().unwrap_or_else(|| "dualproof".into())).args(arguments).env(STAGE, self.spell());
        command.spawn().map_err(|source| NetnsError::System {
            action: "start this program again inside its namespaces".to_owned(),
            source,
        })
    }

    fn spell(self) -> String {
        match self {
            Self::Keeper => "keeper".to_owned(),
            Self::First { keeper } => format!("first:{keeper}"),
            Self::Inside => "inside".to_owned(),
        }
    }
}

fn parse(value: &str) -> Option<Stage> {
    match value.strip_prefix("first:") {
        Some(keeper) => Some(Stage::First { keeper: keeper.parse().ok()? }),
        None => (value == "inside").then_some(Stage::Inside),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_read_as_it_was_spelled() {
        for stage in [Stage::First { keeper: 4711 }, Stage::Inside] {
            assert_eq!(parse(&stage.spell()), Some(stage));
        }
        for strange in ["", "first:", "first:x", "outside", "keeper"] {
            assert_eq!(parse(strange), None, "{strange}");
        }
    }
}

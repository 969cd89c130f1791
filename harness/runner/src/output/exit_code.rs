//! Every exit code, with its meaning.

use std::process::ExitCode;

use dualproof_model::report::Conclusion;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The cell conforms, or the command did what it was asked for.
    Conforms = 0,
    /// The mesh does not conform.
    DoesNotConform = 1,
    /// Usage or bad input: a flag, a file, a bundle.
    BadInput = 2,
    /// The machine or the cluster is not what the run needs; nobody blames the mesh.
    InvalidEnvironment = 3,
    /// Evidence was lost; nothing can be said.
    Inconclusive = 4,
    /// Nothing was exercised.
    Vacuous = 6,
    /// The user stopped the run.
    Interrupted = 130,
}

impl Exit {
    /// Chooses the ending of several cells: what the user did wins, then what is red, then what could not be said.
    #[must_use]
    pub fn worst(exits: &[Self]) -> Self {
        let order = [
            Self::Interrupted,
            Self::BadInput,
            Self::DoesNotConform,
            Self::InvalidEnvironment,
            Self::Inconclusive,
            Self::Vacuous,
        ];
        order.into_iter().find(|exit| exits.contains(exit)).unwrap_or(Self::Conforms)
    }
}

impl From<Conclusion> for Exit {
    fn from(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::Conforms => Self::Conforms,
            Conclusion::DoesNotConform => Self::DoesNotConform,
            Conclusion::InvalidEnvironment => Self::InvalidEnvironment,
            Conclusion::Inconclusive => Self::Inconclusive,
            Conclusion::Vacuous => Self::Vacuous,
            Conclusion::Interrupted => Self::Interrupted,
            Conclusion::BadInput => Self::BadInput,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

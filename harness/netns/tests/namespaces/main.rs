//! Namespaces for real. This program enters namespaces of its own first, which no thread of libtest's could, and runs its trials inside: as root
//! or not, without any system program.
//!
//! Where the system forbids namespaces, the trials are ignored, with the reason. With `CI` or `DUALPROOF_REQUIRE_NAMESPACES` set, that is a
//! failure.

mod life;
mod links;
mod readback;
mod redirect;
mod services;
mod site;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use dualproof_model::trouble::chain;
use dualproof_netns::confine::{Confinement, Standing, confine};
use libtest_mimic::{Arguments, Failed, Trial};

/// What a trial says.
type Said = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    if let Some(role) = std::env::var_os(life::ROLE) {
        return life::play(&role.to_string_lossy());
    }
    let arguments = Arguments::from_args();
    if arguments.list {
        return libtest_mimic::run(&arguments, trials()).exit_code();
    }
    match confine(&Confinement::default()) {
        Ok(Standing::Outside { code }) => ExitCode::from(code),
        Ok(Standing::Inside) => libtest_mimic::run(&arguments, trials()).exit_code(),
        Err(error) => {
            let words = format!("{}; {}\n", chain(&error), error.hint());
            let is_said = std::io::stderr().write_all(words.as_bytes()).is_ok();
            let is_required =
                ["CI", "DUALPROOF_REQUIRE_NAMESPACES"].iter().any(|name| std::env::var_os(name).is_some());
            let ignored = trials().into_iter().map(|trial| trial.with_ignored_flag(true)).collect();
            let conclusion = libtest_mimic::run(&arguments, ignored);
            if is_required || !is_said { ExitCode::FAILURE } else { conclusion.exit_code() }
        }
    }
}

fn trials() -> Vec<Trial> {
    [links::trials(), redirect::trials(), services::trials(), readback::trials(), life::trials()].concat_trials()
}

/// Makes a trial of a function.
fn trial(name: &str, run: impl FnOnce() -> Said + Send + 'static) -> Trial {
    Trial::test(name, move || run().map_err(|error| Failed::from(chain(&*error))))
}

trait ConcatTrials {
    fn concat_trials(self) -> Vec<Trial>;
}

impl<const N: usize> ConcatTrials for [Vec<Trial>; N] {
    fn concat_trials(self) -> Vec<Trial> {
        self.into_iter().flatten().collect()
    }
}

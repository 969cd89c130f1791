//! Nodes and pods for real, over the API. This program enters namespaces of its own first, and runs its trials inside: as root or not, without any
//! system program.
//!
//! Where the system forbids namespaces, the trials are ignored, with the reason. With `CI` or `DUALPROOF_REQUIRE_NAMESPACES` set, that is a failure.

mod calls;
mod cluster;
mod life;
mod program;
mod streams;

use std::error::Error;
use std::future::Future;
use std::io::Write;
use std::process::ExitCode;

use dualproof_model::trouble::chain;
use dualproof_netns::confine::{Confinement, Standing, confine};
use libtest_mimic::{Arguments, Failed, Trial};

/// What a trial says.
type Said = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if arguments.list {
        return libtest_mimic::run(&arguments, trials()).exit_code();
    }
    match confine(&Confinement { ends_with_parent: true, ..Confinement::default() }) {
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
    [calls::trials(), streams::trials(), life::trials(), program::trials()].into_iter().flatten().collect()
}

/// Makes a trial that runs in a runtime of its own.
fn trial<F: Future<Output = Said>>(name: &str, run: impl FnOnce() -> F + Send + 'static) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let said = match runtime {
            Ok(runtime) => runtime.block_on(run()),
            Err(error) => Err(error.into()),
        };
        said.map_err(|error| Failed::from(chain(&*error)))
    })
}

//! The mesh for real: namespaces, Istio's redirect, two Envoys, and the control plane that feeds them. This program enters namespaces of its
//! own first, which no thread of libtest's could, and runs its trials inside: as root or not.
//!
//! Where the system forbids namespaces, or there is no Envoy and none can be fetched, the trials are ignored, with the reason. With `CI` or
//! `DUALPROOF_REQUIRE` set, that is a failure.

mod agent;
mod bench;
mod calls;
mod pod;
mod pushes;

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use dualproof_embedded::envoy::{Envoy, EnvoyError, Places, find};
use dualproof_model::trouble::chain;
use dualproof_netns::confine::{Confinement, STAGE, Standing, confine};
use libtest_mimic::{Arguments, Failed, Trial};

/// What a trial says.
type Said<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if arguments.list {
        return libtest_mimic::run(&arguments, trials()).exit_code();
    }
    let is_outside = std::env::var_os(STAGE).is_none();
    if is_outside && let Err(error) = envoy() {
        return without(&arguments, &*error);
    }
    match confine(&Confinement::default()) {
        Ok(Standing::Outside { code }) => ExitCode::from(code),
        Ok(Standing::Inside) => libtest_mimic::run(&arguments, trials()).exit_code(),
        Err(error) => without(&arguments, &error),
    }
}

/// Ignores everything, and says why.
fn without(arguments: &Arguments, error: &(dyn Error + 'static)) -> ExitCode {
    let is_said = writeln!(std::io::stderr(), "not run: {}", chain(error)).is_ok();
    let is_required = ["CI", "DUALPROOF_REQUIRE"].iter().any(|name| std::env::var_os(name).is_some());
    let ignored = trials().into_iter().map(|trial| trial.with_ignored_flag(true)).collect();
    let conclusion = libtest_mimic::run(arguments, ignored);
    if is_required || !is_said { ExitCode::FAILURE } else { conclusion.exit_code() }
}

/// Finds Envoy, or fetches it into the folder of the build: outside, where there is a network. In a thread of its own, which has ended then.
fn envoy() -> Said<Envoy> {
    let places = Places {
        given: std::env::var_os("DUALPROOF_ENVOY").map(Into::into),
        search: std::env::var_os("PATH"),
        cache: Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned(),
        budget: Duration::from_secs(600),
    };
    let asked = std::thread::spawn(move || -> std::io::Result<Result<Envoy, EnvoyError>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(find(&places)))
    });
    Ok(asked.join().map_err(|_| "the search for Envoy panicked")???)
}

fn trials() -> Vec<Trial> {
    [agent::trials(), calls::trials(), pushes::trials()].into_iter().flatten().collect()
}

/// Makes a trial of a function, which runs inside a tokio runtime.
fn trial(name: &str, run: impl FnOnce() -> Said + Send + 'static) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Failed::from(error.to_string()))?;
        let _entered = runtime.enter();
        run().map_err(|error| Failed::from(chain(&*error)))
    })
}

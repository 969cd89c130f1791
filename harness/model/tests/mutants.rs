//! Faults over green evidence: each turns exactly the checks red that it is meant for, and no check is without faults.

mod checks;
mod faults;
mod lab;

use std::collections::{BTreeMap, BTreeSet};

use dualproof_model::check;
use dualproof_model::evidence::Evidence;
use dualproof_model::family::FamilyOrder;
use lab::matrix::MatrixWorld;
use lab::{MERGED, World, red};

#[test]
fn each_fault_turns_exactly_its_checks_red() {
    let mut wrong = Vec::new();
    for mutant in faults::all() {
        for order in [FamilyOrder::V4First, FamilyOrder::V6First] {
            let world = World::seed(order).serving(mutant.service);
            let (scenario, mut evidence) = (world.scenario(), world.evidence());
            assert_eq!(red(&evidence, &scenario, &world.shapes), BTreeSet::new(), "before {}", mutant.what);
            (mutant.mutate)(&mut evidence, &world);
            let seen = red(&evidence, &scenario, &world.shapes);
            let expected: BTreeSet<&str> = mutant.red.iter().copied().collect();
            if seen != expected {
                wrong.push(format!("{} ({order}): expected {expected:?}, seen {seen:?}", mutant.what));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_fault_of_a_call_turns_exactly_its_checks_red() {
    let mut wrong = Vec::new();
    for world in [FamilyOrder::V4First, FamilyOrder::V6First].map(MatrixWorld::meshed) {
        let (scenario, green): (_, Evidence) = (world.scenario(), world.evidence());
        assert_eq!(red(&green, &scenario, &MERGED), BTreeSet::new(), "{world:?}");
        for mutant in faults::calls::FAULTS {
            let mut evidence = green.clone();
            (mutant.mutate)(&mut evidence);
            let seen = red(&evidence, &scenario, &MERGED);
            let expected: BTreeSet<&str> = mutant.red.iter().copied().collect();
            if seen != expected {
                wrong.push(format!("{} ({}): expected {expected:?}, seen {seen:?}", mutant.what, world.order));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_check_has_two_faults_of_its_own() {
    let mut own: BTreeMap<&str, usize> = check::all().iter().map(|check| (check.key, 0)).collect();
    for red in faults::all().map(|mutant| mutant.red).chain(faults::calls::FAULTS.iter().map(|mutant| mutant.red)) {
        if let [only] = red {
            *own.entry(only).or_default() += 1;
        }
    }
    let poor: Vec<_> = own.iter().filter(|(_, faults)| **faults < 2).collect();
    assert!(poor.is_empty(), "checks without two faults that turn them alone red: {poor:?}");
    assert_eq!(own.len(), check::all().len(), "a fault names a check that does not exist: {own:?}");
}

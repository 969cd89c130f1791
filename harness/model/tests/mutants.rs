//! Faults over green evidence: each turns exactly the checks red that it is meant for, and no check is without faults.

mod checks;
mod faults;
mod lab;

use std::collections::{BTreeMap, BTreeSet};

use dualproof_model::check;
use dualproof_model::family::FamilyOrder;
use lab::{World, red};

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
fn every_check_has_two_faults_of_its_own() {
    let mut own: BTreeMap<&str, usize> = check::all().iter().map(|check| (check.key, 0)).collect();
    for mutant in faults::all() {
        if let [only] = mutant.red {
            *own.entry(only).or_default() += 1;
        }
    }
    let poor: Vec<_> = own.iter().filter(|(_, faults)| **faults < 2).collect();
    assert!(poor.is_empty(), "checks without two faults that turn them alone red: {poor:?}");
    assert_eq!(own.len(), check::all().len(), "a fault names a check that does not exist: {own:?}");
}

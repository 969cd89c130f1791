//! What holds of paths whatever the logs look like.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use dualproof_model::evidence::{AccessLogLine, Objects};
use dualproof_model::matrix::{CallCell, Dial};
use dualproof_model::path::{Dialled, Hop, Path, Proof, prove};
use dualproof_wire::{Bind, Protocol};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::calling::trail::{Ports, Trail, trail};
use crate::calling::world::{ORDERS, PERMISSIVE, cells, objects, roster};

/// A call: which cell, and by which ports out of a few, so that ports are used again and again.
type Made = (Index, u16, u16, u16, u16);

fn made() -> impl Strategy<Value = Vec<Made>> {
    vec((any::<Index>(), 0..3_u16, 0..3_u16, 0..3_u16, 0..3_u16), 1..14)
}

/// Targets that lead to the same pods in all ways, so that chains may cross; of their cells those that are answered.
static LAB: LazyLock<(Objects, Vec<CallCell>)> = LazyLock::new(|| {
    let objects = objects(ORDERS[1]);
    let mut roster = roster(Bind::DualAny, Protocol::Tcp, true);
    roster.targets.retain(|target| target.service == "dual-v6v4" || target.service == "headless-dual");
    for target in &mut roster.targets {
        target.ports.truncate(1);
    }
    let mut cells = cells(&roster, &objects);
    cells.retain(|cell| trail(cell, &PERMISSIVE, &objects, 0, Ports::of(0)).is_some());
    (objects, cells)
});

fn trails(made: &[Made]) -> Vec<Trail> {
    let (objects, cells) = &*LAB;
    made.iter()
        .enumerate()
        .filter_map(|(number, (cell, client, proxy, node, server))| {
            let ports =
                Ports { client: 10_000 + client, proxy: 20_000 + proxy, node: 30_000 + node, server: 40_000 + server };
            trail(cell.get(cells), &PERMISSIVE, objects, number, ports)
        })
        .collect()
}

fn calls(trails: &[Trail]) -> Vec<Dialled> {
    trails.iter().filter_map(|trail| Dialled::of(&trail.testimony, &trail.cell, true)).collect()
}

fn lines(trails: &[Trail]) -> Vec<AccessLogLine> {
    trails.iter().flat_map(|trail| trail.lines.clone()).collect()
}

fn places(path: &Path) -> BTreeSet<&str> {
    let lines = path.hops.iter().filter_map(|hop| match hop {
        Hop::Proxy { line, .. } => Some(line.place.as_str()),
        _ => None,
    });
    lines.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Whatever is lost and however ports are used again, no call is proven by another call's lines.
    #[test]
    fn what_is_proven_is_the_calls_own_way(made in made(), kept in vec(any::<bool>(), 28)) {
        let trails = trails(&made);
        let kept: Vec<AccessLogLine> =
            lines(&trails).into_iter().zip(kept).filter_map(|(line, kept)| kept.then_some(line)).collect();
        for (trail, path) in trails.iter().zip(prove(&calls(&trails), &kept)) {
            if path.proof == Proof::Proven {
                let own: BTreeSet<&str> = trail.lines.iter().map(|line| line.place.as_str()).collect();
                prop_assert_eq!(places(&path), own, "{}", trail.cell.id);
            }
        }
    }

    /// Neither the order of lines and calls nor lines that were read twice change a path.
    #[test]
    fn order_and_repeats_mean_nothing(
        (made, shuffled, again) in made().prop_flat_map(|made| {
            let lines = lines(&trails(&made));
            let again = proptest::sample::subsequence(lines.clone(), 0..=lines.len());
            (Just(made), Just(lines).prop_shuffle(), again)
        }),
        turn in any::<Index>(),
    ) {
        let trails = trails(&made);
        let calls = calls(&trails);
        let expected = prove(&calls, &lines(&trails));
        let mut all = shuffled;
        let at = turn.index(all.len() + 1);
        for line in again {
            all.insert(at.min(all.len()), line);
        }
        prop_assert_eq!(&prove(&calls, &all), &expected);
        let mut turned = calls.clone();
        turned.rotate_left(turn.index(calls.len()));
        let mut paths = prove(&turned, &all);
        paths.rotate_right(turn.index(calls.len()));
        prop_assert_eq!(&paths, &expected);
    }

    /// With ports of their own and nothing lost, all calls are proven that no node rewrote.
    #[test]
    fn what_is_all_there_is_proven(made in made()) {
        let made: Vec<Made> = (0_u16..).zip(made).map(|(number, (cell, ..))| (cell, number, number, number, number)).collect();
        let trails = trails(&made);
        for (trail, path) in trails.iter().zip(prove(&calls(&trails), &lines(&trails))) {
            let rewritten = matches!(trail.cell.dial, Dial::NodePort(_));
            prop_assert_eq!(path.proof == Proof::Proven, !rewritten, "{}: {:?}", trail.cell.id, path.proof);
        }
    }
}

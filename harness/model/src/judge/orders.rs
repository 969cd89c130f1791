//! K16: one verdict over the cells of a run, which are the same but for the order of the cluster's families.

use std::collections::BTreeMap;

use super::Rules;
use super::bench::Bench;
use crate::check;
use crate::evidence::{Evidence, Failure};
use crate::family::{FamilyOrder, IpFamily};
use crate::plan::Cell;
use crate::report::TrialResult;
use crate::spec::{Profile, Scenario, TargetKind};
use crate::verdict::{Finding, Findings, Holds, Layer, Verdict};

/// A verdict over several cells: what it is called, and what its words are.
#[derive(Clone, Copy, Debug)]
pub struct Across {
    /// Its key in the catalogue of known bugs.
    pub key: &'static str,
    /// Its name in words.
    pub slug: &'static str,
    /// One sentence: what holds when it is green.
    pub title: &'static str,
    /// Why it exists.
    pub why: &'static str,
    /// What to do when it is red.
    pub cure: &'static str,
}

/// Clusters IPv4 first and IPv6 first, each with Services of both orders.
pub const FAMILY_ORDER_MATRIX: Across = Across {
    key: "K16",
    slug: "family-order-matrix",
    title: "the mesh can be installed, and K02, K06, K08, K09, K11 and K19 hold over each family, whichever family the cluster and the Service \
            list first",
    why: "IPv6-first Services lost the listener of their IPv6 address (istio/istio#55577); Istio could not be installed on an IPv6-first \
          cluster (istio/istio#41462); IPv6-first pods never became Ready (istio/istio#45970); a proxy's DNS knew one family of a dual \
          Service (istio/istio#51608)",
    cure: "the finding names the check that is red in one order and the place in that cell's bundle: `dualproof explain KEY`",
};

/// The checks that must hold in each combination.
const KEYS: [&str; 6] = ["K02", "K06", "K08", "K09", "K11", "K19"];

/// The stages in which a mesh shows that it cannot live on a cluster.
const OF_INSTALL: [&str; 3] = ["mesh", "workloads", "converge"];

/// How many comparisons of a combination are quoted.
const QUOTED: usize = 3;

/// Judges K16 over the cells of a run or over any bundles, each with the rules that it is held against.
///
/// Cells belong together that differ in the order of their families alone. Without two of both orders the verdict is
/// [`Verdict::NotApplicable`], and the reason says so. What a deviation covers is not told again.
#[must_use]
pub fn family_orders(cells: &[(&Evidence, &Rules)]) -> TrialResult {
    let mut groups: BTreeMap<String, Vec<&(&Evidence, &Rules)>> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| cell.0.manifest.cell.order.is_dual()) {
        let own = &cell.0.manifest.cell;
        let alike = Cell { order: FamilyOrder::V4First, ..own.clone() }.name();
        groups.entry(alike).or_default().push(cell);
    }
    let has = |group: &[&(&Evidence, &Rules)], order| group.iter().any(|cell| cell.0.manifest.cell.order == order);
    let both =
        |group: &&Vec<&(&Evidence, &Rules)>| has(group, FamilyOrder::V4First) && has(group, FamilyOrder::V6First);
    let mut layers = Layers::default();
    let mut findings = Findings::new();
    for group in groups.values().filter(both) {
        for (evidence, rules) in group.iter().copied() {
            match &evidence.manifest.failure {
                Some(failure) => ended(evidence, failure, group, &mut findings),
                None => of_cell(evidence, rules, &mut layers, &mut findings),
            }
        }
    }
    result(cells, findings.into_vec(), &layers)
}

fn result(cells: &[(&Evidence, &Rules)], mut findings: Vec<Finding>, layers: &Layers) -> TrialResult {
    let of = |holds| findings.iter().filter(|finding: &&Finding| finding.holds == holds).count();
    let (broken, unknown, all) = (of(Holds::No), of(Holds::Unknown), findings.len());
    let (verdict, reason) = match (all, broken, unknown) {
        (0, ..) => (Verdict::NotApplicable, why_not(cells)),
        (_, 0, 0) => (Verdict::Pass, String::new()),
        (_, 0, _) => (Verdict::Inconclusive, format!("{unknown} of {all} comparisons have no evidence")),
        _ => (Verdict::Fail, format!("{broken} of {all} comparisons do not hold")),
    };
    for finding in findings.iter_mut().filter(|finding| finding.holds == Holds::No) {
        finding.next = FAMILY_ORDER_MATRIX.cure.to_owned();
    }
    let mut names: Vec<String> = cells.iter().map(|(evidence, _)| evidence.manifest.cell.name()).collect();
    names.dedup();
    TrialResult {
        name: format!("across::{}-{}::{}", FAMILY_ORDER_MATRIX.key, FAMILY_ORDER_MATRIX.slug, names.join("+")),
        scenario: "across".to_owned(),
        check: FAMILY_ORDER_MATRIX.key.to_owned(),
        title: FAMILY_ORDER_MATRIX.title.to_owned(),
        layer: layers.broken.or(layers.judged).unwrap_or(Layer::Environment),
        profile: Profile::Core,
        verdict,
        reason,
        findings,
    }
}

fn why_not(cells: &[(&Evidence, &Rules)]) -> String {
    let mut orders: Vec<FamilyOrder> = cells.iter().map(|(evidence, _)| evidence.manifest.cell.order).collect();
    orders.sort();
    orders.dedup();
    match orders.as_slice() {
        [] => "there is no cell".to_owned(),
        [only] => format!("every cell has the order {only}: it needs both, `--order v4,v6 --order v6,v4`"),
        _ => "no two cells differ in the order of their families alone".to_owned(),
    }
}

/// States a cell whose run did not end well. Where a mesh could not be installed on one order and could on the other, that is the bug.
fn ended(evidence: &Evidence, failure: &Failure, group: &[&(&Evidence, &Rules)], findings: &mut Findings) {
    let order = evidence.manifest.cell.order;
    let other_is_well =
        group.iter().any(|(other, _)| other.manifest.cell.order != order && other.manifest.failure.is_none());
    let subject = format!("installation on a cluster of order {order}");
    let place = format!("{}: bundle.yaml", evidence.manifest.cell.name());
    let seen = format!("stage {} ended the run: {}", failure.stage, failure.what);
    if other_is_well && OF_INSTALL.contains(&failure.stage.as_str()) {
        findings.push(&subject, Some(order.primary()), &"as on the other order", &seen, false, &place);
    } else {
        findings.lost(&subject, Some(order.primary()), &"every stage ends well", &seen, &place);
    }
}

/// The lowest layers that were looked at, and that were broken.
#[derive(Default)]
struct Layers {
    judged: Option<Layer>,
    broken: Option<Layer>,
}

impl Layers {
    fn take(&mut self, layer: Layer, is_broken: bool) {
        let lower = |known: Option<Layer>| Some(known.map_or(layer, |known| known.min(layer)));
        self.judged = lower(self.judged);
        if is_broken {
            self.broken = lower(self.broken);
        }
    }
}

/// What the checks say of Services of one order over one family.
#[derive(Default)]
struct Told {
    keys: Vec<&'static str>,
    held: usize,
    broken: Vec<(String, String)>,
    lost: Vec<(String, String)>,
}

fn of_cell(evidence: &Evidence, rules: &Rules, layers: &mut Layers, findings: &mut Findings) {
    let bench = Bench::new(evidence, rules);
    let cell = &evidence.manifest.cell;
    for order in [FamilyOrder::V4First, FamilyOrder::V6First] {
        let mut told: BTreeMap<IpFamily, Told> = IpFamily::BOTH.map(|family| (family, Told::default())).into();
        for (name, key) in evidence.manifest.selected.iter().filter(|(_, key)| KEYS.contains(&key.as_str())) {
            let scenario = rules.scenarios.iter().find(|scenario| scenario.name == *name);
            let Some((scenario, check)) = scenario.and_then(|known| narrowed(known, order)).zip(check::find(key))
            else {
                continue;
            };
            let (verdict, _, said) = bench.verdict(&bench.case(&scenario), check);
            layers.take(check.layer, verdict == Verdict::Fail);
            for finding in said.iter().filter(|_| verdict != Verdict::Xfail) {
                let of = told.iter_mut().filter(|(family, _)| finding.family.is_none_or(|own| own == **family));
                of.for_each(|(_, told)| told.take(check.key, finding));
            }
        }
        for (family, told) in told {
            told.state(cell, order, family, findings);
        }
    }
}

/// Returns the part of a scenario that is about dual Services of an order; `None` when nothing of it is.
fn narrowed(scenario: &Scenario, order: FamilyOrder) -> Option<Scenario> {
    let mut narrowed = scenario.clone();
    let kind = match order {
        FamilyOrder::V4First => TargetKind::DualV4V6,
        FamilyOrder::V6First => TargetKind::DualV6V4,
        FamilyOrder::V4Alone | FamilyOrder::V6Alone => return None,
    };
    match (&mut narrowed.matrix, &narrowed.subject) {
        (Some(matrix), _) => {
            matrix.targets.retain(|target| target.kind == kind);
            (!matrix.targets.is_empty()).then_some(narrowed)
        }
        (None, Some(subject)) => (subject.claim.ip_families == order.families()).then_some(narrowed),
        (None, None) => None,
    }
}

impl Told {
    fn take(&mut self, key: &'static str, finding: &Finding) {
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
        let words = || (format!("{key}: {}: {}", finding.subject, finding.seen), finding.place.clone());
        match finding.holds {
            Holds::Yes => self.held += usize::from(finding.family.is_some()),
            Holds::No => self.broken.push(words()),
            Holds::Unknown => self.lost.push(words()),
        }
    }

    fn state(mut self, cell: &Cell, order: FamilyOrder, family: IpFamily, findings: &mut Findings) {
        let subject = format!("Services of order {order} on a cluster of order {}", cell.order);
        let name = cell.name();
        self.keys.sort_unstable();
        let expected = match self.keys.as_slice() {
            [] => format!("one of {} at least", KEYS.join(", ")),
            keys => format!("{} hold", keys.join(", ")),
        };
        let quote = |told: &[(String, String)]| {
            let join = |parts: Vec<&str>, by: &str| parts.join(by);
            let quoted = &told[..told.len().min(QUOTED)];
            let more = told.len() - quoted.len();
            let words = join(quoted.iter().map(|(words, _)| words.as_str()).collect(), "; ");
            let places = join(quoted.iter().map(|(_, place)| place.as_str()).collect(), ", ");
            (if more > 0 { format!("{words}; and {more} more") } else { words }, format!("{name}: {places}"))
        };
        if !self.broken.is_empty() {
            let (seen, place) = quote(&self.broken);
            findings.push(&subject, Some(family), &expected, &seen, false, &place);
        } else if !self.lost.is_empty() {
            let (why, place) = quote(&self.lost);
            findings.lost(&subject, Some(family), &expected, &why, &place);
        } else if self.held == 0 {
            let why = "no scenario of the run has such a Service, or none of these checks was selected";
            findings.lost(&subject, Some(family), &expected, why, &format!("{name}: bundle.yaml"));
        } else {
            let seen = format!("{expected}, in {} comparisons", self.held);
            findings.push(&subject, Some(family), &expected, &seen, true, &format!("{name}: report.yaml"));
        }
    }
}

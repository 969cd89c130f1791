//! Plans: what runs, what is skipped and why, and what is refused.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use dualproof_model::family::FamilyOrder;
use dualproof_model::plan::{Cell, KnownCheck, MeshKind, Plan, Profiles, ProviderKind, Selector, Timeouts};
use dualproof_model::spec::{Profile, Scenario, scenario};

fn known() -> Vec<KnownCheck> {
    let check = |key: &str, slug: &str, profile, needs_mesh| KnownCheck {
        key: key.to_owned(),
        slug: slug.to_owned(),
        profile,
        needs_mesh,
    };
    vec![
        check("K06", "listener-covers", Profile::Core, true),
        check("K42", "allocation", Profile::Core, false),
        check("K99", "odd", Profile::Extended, false),
    ]
}

fn scenarios() -> Vec<Scenario> {
    let file = |name: &str, checks: &str| {
        let text = format!(
            "title: t\nserver: {{namespace: {name}, manifest: m/echo.yaml, service: s}}\nclient: {{namespace: sleep, manifest: m/sleep.yaml, app: a, container: c}}\nclaim: {{ipFamilyPolicy: SingleStack, ipFamilies: [IPv4]}}\nchecks: {checks}\n"
        );
        scenario(&format!("scenarios/seed/{name}.yaml"), &text).unwrap()
    };
    vec![file("one", "[K06, K42]"), file("two", "[listener-covers, K99]")]
}

fn select(scenarios: &[&str], checks: &[&str], profiles: Profiles) -> Selector {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    Selector::new(&owned(scenarios), &owned(checks), profiles).unwrap()
}

fn plan(selector: &Selector, cell: Cell) -> Plan {
    Plan::new(&scenarios(), &known(), cell, selector).unwrap()
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.trials.iter().map(|trial| trial.name.as_str()).collect()
}

#[test]
fn trials_are_scenario_check_cell_and_workloads_are_shared() {
    let plan = plan(&select(&[], &[], Profiles::Core), Cell { nodes: 1, ..Cell::default() });
    assert_eq!(
        names(&plan),
        [
            "seed/one::K06-listener-covers::kind_istio_v4-v6_1n",
            "seed/one::K42-allocation::kind_istio_v4-v6_1n",
            "seed/two::K06-listener-covers::kind_istio_v4-v6_1n",
        ]
    );
    assert_eq!(plan.skips.len(), 1);
    assert_eq!(plan.skips[0].reason, "profile extended is not selected");
    let workloads: Vec<_> = plan
        .workloads
        .iter()
        .map(|workload| (workload.namespace.as_str(), workload.needed_by.len(), workload.is_client))
        .collect();
    assert_eq!(workloads, [("one", 1, false), ("sleep", 2, true), ("two", 1, false)]);
}

#[test]
fn selectors_narrow_the_plan_and_its_workloads() {
    let plan = plan(&select(&["seed/o*"], &["k06"], Profiles::All), Cell::default());
    assert_eq!(plan.trials.len(), 1);
    assert_eq!(plan.workloads.iter().map(|workload| workload.namespace.as_str()).collect::<Vec<_>>(), ["one", "sleep"]);
    assert!(plan.skips.iter().any(|skip| skip.reason.contains("--check")));
    assert!(plan.skips.iter().any(|skip| skip.reason.contains("--scenario")));
}

#[test]
fn a_cluster_of_one_family_skips_what_needs_the_other_with_the_reason() {
    for (order, trials) in [(FamilyOrder::V4Alone, 3), (FamilyOrder::V6Alone, 0), (FamilyOrder::V6First, 3)] {
        let plan = plan(&select(&[], &[], Profiles::Core), Cell { order, ..Cell::default() });
        assert_eq!(plan.trials.len(), trials, "{order}");
        let of_family = plan.skips.iter().filter(|skip| skip.reason.contains("beyond IPv6, the only one"));
        assert_eq!(of_family.count(), 3 - trials, "{order}: {:?}", plan.skips);
    }
    // Also a Service that would be refused whatever families it names, and a target of a matrix.
    let subject = scenario(
        "scenarios/seed/dual.yaml",
        "title: t\nserver: {namespace: n, manifest: m/echo.yaml, service: s}\nclient: {namespace: sleep, manifest: m/sleep.yaml, app: a, container: c}\nclaim: {ipFamilyPolicy: RequireDualStack, ipFamilies: [IPv4, IPv6]}\nchecks: [K42]\n",
    )
    .unwrap();
    let called = matrix("matrix/dual", ("clients", "meshed"), ("servers", "meshed"));
    for wanted in [subject, called] {
        let cell = Cell { order: FamilyOrder::V4Alone, ..Cell::default() };
        let plan = Plan::new(&[wanted], &known(), cell, &select(&[], &[], Profiles::Core)).unwrap();
        assert!(plan.trials.is_empty() && plan.workloads.is_empty(), "{plan:?}");
    }
}

#[test]
fn without_a_mesh_its_checks_are_skipped_with_the_reason() {
    let plan = plan(&select(&[], &[], Profiles::All), Cell { mesh: MeshKind::None, ..Cell::default() });
    assert_eq!(plan.trials.iter().map(|trial| trial.check.as_str()).collect::<Vec<_>>(), ["K42", "K99"]);
    assert!(plan.skips.iter().all(|skip| skip.reason.contains("mesh")));
}

/// A matrix of a client and a target in these namespaces.
fn matrix(name: &str, client: (&str, &str), target: (&str, &str)) -> Scenario {
    let text = format!(
        "title: t\nmatrix:\n  clients: [{{name: a, kind: {}, namespace: {}, manifest: m/client.yaml, app: a, container: c}}, {{name: b, kind: outside}}]\n  \
         targets: [{{namespace: {}, manifest: m/echo.yaml, service: s, kind: dual-v4-v6, server: {}, ports: [{{number: 1, kind: declared, protocol: tcp, bind: dual-any}}]}}]\n\
         checks: [K42]\n",
        client.1, client.0, target.0, target.1
    );
    scenario(&format!("scenarios/matrix/{name}.yaml"), &text).unwrap()
}

#[test]
fn a_matrix_plans_its_workloads_with_and_without_sidecars() {
    let all = [&scenarios()[..], &[matrix("x", ("callers", "naked"), ("one", "meshed"))]].concat();
    let plan = Plan::new(&all, &known(), Cell::default(), &select(&[], &[], Profiles::Core)).unwrap();
    let workloads: Vec<_> = plan
        .workloads
        .iter()
        .map(|workload| (workload.namespace.as_str(), workload.needed_by.len(), workload.is_client, workload.inject))
        .collect();
    let expected =
        [("callers", 1, true, false), ("one", 2, false, true), ("sleep", 2, true, true), ("two", 1, false, true)];
    assert_eq!(workloads, expected);
}

#[test]
fn a_client_outside_alone_is_skipped_where_the_cluster_is_not_kind_s() {
    let text = "title: t\nmatrix:\n  clients: [{name: b, kind: outside}]\n  targets: [{namespace: n, manifest: m/echo.yaml, service: s, \
                kind: dual-v4-v6, server: naked, ports: [{number: 1, kind: declared, protocol: tcp, bind: dual-any}]}]\n\
                checks: [K42]\n";
    let all = [
        scenario("scenarios/matrix/outside.yaml", text).unwrap(),
        matrix("mixed", ("callers", "naked"), ("one", "naked")),
    ];
    let with = |provider| {
        let cell = Cell { provider, ..Cell::default() };
        Plan::new(&all, &known(), cell, &select(&[], &[], Profiles::Core)).unwrap()
    };
    let trials = |plan: &Plan| plan.trials.iter().map(|trial| trial.scenario.clone()).collect::<Vec<_>>();
    assert_eq!(trials(&with(ProviderKind::Kind)), ["matrix/outside", "matrix/mixed"]);
    let existing = with(ProviderKind::Existing);
    assert_eq!(trials(&existing), ["matrix/mixed"]);
    assert!(existing.skips[0].reason.contains("outside the cluster"), "{:?}", existing.skips);
    assert!(existing.workloads.iter().all(|workload| workload.namespace != "n"));
}

#[test]
fn a_namespace_is_meshed_or_naked_for_all_scenarios_that_run() {
    let naked = matrix("x", ("callers", "meshed"), ("one", "naked"));
    let all = [&scenarios()[..], &[naked]].concat();
    let error = Plan::new(&all, &known(), Cell::default(), &select(&[], &[], Profiles::Core)).expect_err("a conflict");
    assert_eq!(
        error.to_string(),
        "scenarios/matrix/x.yaml: namespace one cannot be both meshed and naked, and seed/one says otherwise"
    );
    assert!(Plan::new(&all, &known(), Cell::default(), &select(&["matrix/x"], &[], Profiles::Core)).is_ok());
}

#[test]
fn a_plan_of_nothing_is_empty_and_deploys_nothing() {
    let plan = plan(&select(&["seed/one"], &["K99"], Profiles::All), Cell::default());
    assert!(plan.trials.is_empty() && plan.workloads.is_empty());
}

#[test]
fn a_selector_that_matches_nothing_is_refused_with_what_there_is() {
    for (selector, words) in [
        (select(&["sed/*"], &[], Profiles::All), ["--scenario `sed/*`", "seed/one"]),
        (select(&[], &["K98"], Profiles::All), ["--check `K98`", "K06"]),
    ] {
        let error = Plan::new(&scenarios(), &known(), Cell::default(), &selector).expect_err("a typo");
        for word in words {
            assert!(error.to_string().contains(word), "{error}");
        }
    }
    assert!(Selector::new(&["[".to_owned()], &[], Profiles::All).is_err());
    assert!("every".parse::<Profiles>().is_err());
}

#[test]
fn unknown_and_doubled_checks_and_doubled_scenarios_are_refused_at_their_place() {
    let mut all = scenarios();
    all.push(all[0].clone());
    let error = Plan::new(&all, &known(), Cell::default(), &select(&[], &[], Profiles::All)).expect_err("a double");
    assert!(error.to_string().contains("second scenario named `seed/one`"), "{error}");

    for (checks, words) in [("[K06, K77]", "unknown check `K77`"), ("[K06, listener-covers]", "listed twice")] {
        let text = format!("title: t\nchecks: {checks}\n");
        let one = vec![scenario("scenarios/seed/x.yaml", &text).unwrap()];
        let error =
            Plan::new(&one, &known(), Cell::default(), &select(&[], &[], Profiles::All)).expect_err("a mistake");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().starts_with("scenarios/seed/x.yaml:2:15"), "{error}");
    }
}

#[test]
fn budgets_have_bounds() {
    assert!(Timeouts::default().validate().is_ok());
    let error = Timeouts { call: 0, ..Timeouts::default() }.validate().expect_err("too short");
    assert!(error.to_string().contains("call"), "{error}");
    assert!(Timeouts { mesh_install: Timeouts::MAXIMUM + 1, ..Timeouts::default() }.validate().is_err());
}

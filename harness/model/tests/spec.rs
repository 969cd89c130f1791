//! Scenario files, version profiles, deviations and versions: every mistake has its place.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use dualproof_model::spec::{
    EndpointShape, Matrix, MeshVersion, Mtls, SpecError, deviations, parse, profile_for, profiles, scenario,
};
use dualproof_wire::{Bind, Protocol};

const GOOD: &str = "\
title: A Service answers
server: {namespace: a, manifest: samples/a.yaml, service: s}
client: {namespace: b, manifest: samples/b.yaml, app: sleep, container: sleep}
claim: {ipFamilyPolicy: SingleStack, ipFamilies: [IPv6]}
calls:
- {name: by-name, port: 9000, command: [sh, -c, 'echo hi'], reply: hello hi}
checks: [K06, K07]
";

/// What is wrong, how to make it so, the line of the error and words in it.
type Case = (&'static str, Box<dyn Fn(&str) -> String>, u64, &'static [&'static str]);

/// What is replaced in the matrix, by what, the line of the error and words in it.
type Mistake = (&'static str, &'static str, u64, &'static [&'static str]);

fn mistake(change: impl Fn(&str) -> String) -> SpecError {
    scenario("scenarios/seed/x.yaml", &change(GOOD)).expect_err("the file has a mistake")
}

#[test]
fn a_scenario_is_named_by_its_area_and_file() {
    let read = scenario("scenarios/seed/x.yaml", GOOD).unwrap();
    assert_eq!(read.name, "seed/x");
    assert_eq!(read.subject.unwrap().server.service, "s");
    assert_eq!(read.calls.len(), 1);
}

#[test]
fn a_scenario_without_workloads_is_about_the_cluster() {
    let read = scenario("scenarios/environment/cluster.yaml", "title: t\nchecks: [K41]\n").unwrap();
    assert!(read.subject.is_none());
}

#[test]
fn every_mistake_names_its_line_and_what_is_allowed() {
    let cases: [Case; 12] = [
        ("unknown key", Box::new(|good| good.replace("checks:", "cheks:")), 7, &["cheks", "checks", "allowed"]),
        ("unknown key inside", Box::new(|good| good.replace("service: s}", "servce: s}")), 2, &["servce", "service"]),
        ("key twice", Box::new(|good| format!("{good}title: again\n")), 8, &["title", "twice"]),
        ("wrong type", Box::new(|good| good.replace("port: 9000", "port: many")), 6, &["u16"]),
        ("unknown family", Box::new(|good| good.replace("[IPv6]", "[IPv5]")), 4, &["IPv5", "IPv4", "IPv6"]),
        ("unknown policy", Box::new(|good| good.replace("SingleStack", "Single")), 4, &["Single", "RequireDualStack"]),
        ("claim too wide", Box::new(|good| good.replace("[IPv6]", "[IPv6, IPv4]")), 4, &["SingleStack", "one family"]),
        (
            "family twice",
            Box::new(|good| good.replace("SingleStack", "RequireDualStack").replace("[IPv6]", "[IPv6, IPv6]")),
            4,
            &["each once"],
        ),
        ("check twice", Box::new(|good| good.replace("[K06, K07]", "[K06, K06]")), 7, &["K06", "twice"]),
        ("no check", Box::new(|good| good.replace("[K06, K07]", "[]")), 7, &["no check"]),
        ("no reply", Box::new(|good| good.replace("reply: hello hi", "reply: ''")), 6, &["reply"]),
        ("one namespace for both", Box::new(|good| good.replace("namespace: b", "namespace: a")), 3, &["namespace"]),
    ];
    for (name, change, line, words) in cases {
        let error = mistake(&change);
        assert_eq!(error.line, line, "{name}: {error}");
        assert!(error.column > 0, "{name}: {error}");
        for word in words {
            assert!(error.to_string().contains(word), "{name}: `{word}` is not in `{error}`");
        }
        assert!(error.to_string().starts_with("scenarios/seed/x.yaml:"), "{name}: {error}");
    }
}

#[test]
fn a_server_without_its_client_is_a_mistake() {
    let error = mistake(|good| {
        good.lines().filter(|line| !line.starts_with("client")).map(|line| format!("{line}\n")).collect()
    });
    assert!(error.to_string().contains("client is missing"), "{error}");
}

const MATRIX: &str = "\
title: Every call ends as it should
matrix:
  clients:
  - {name: meshed, kind: meshed, namespace: callers, manifest: m/client.yaml, app: caller, container: agent}
  - {name: outside, kind: outside}
  targets:
  - namespace: agents
    manifest: m/servers.yaml
    service: dual
    kind: dual-v4-v6
    server: meshed
    mtls: strict
    ports:
    - {number: 9000, kind: declared, protocol: tcp, bind: dual-any}
    - {number: 9001, kind: second, protocol: tcp-server-first, bind: {address: '::1'}}
  - {namespace: plain, manifest: m/servers.yaml, service: dual, kind: headless-single, server: naked, ports: [{number: 9000, kind: undeclared, protocol: h2c, bind: v6-only}]}
checks: [K01]
";

#[test]
fn a_matrix_is_read_with_its_defaults() {
    let read = scenario("scenarios/matrix/x.yaml", MATRIX).unwrap();
    assert!(read.subject.is_none() && read.calls.is_empty());
    let Matrix { clients, targets } = read.matrix.unwrap();
    let workloads: Vec<_> = clients.iter().map(|client| client.workload.as_ref().map(|one| one.app.as_str())).collect();
    assert_eq!(workloads, [Some("caller"), None]);
    assert_eq!(targets.iter().map(|target| target.mtls).collect::<Vec<_>>(), [Mtls::Strict, Mtls::Permissive]);
    assert_eq!(targets[0].ports[1].bind, Bind::Address("::1".parse().unwrap()));
    assert_eq!(targets[1].ports[0].protocol, Protocol::H2c);
}

#[test]
fn every_mistake_in_a_matrix_names_its_line_and_what_is_allowed() {
    let cases: [Mistake; 21] = [
        ("server: meshed", "server: meshd", 11, &["meshd", "meshed", "naked"]),
        ("kind: dual-v4-v6", "kind: dual", 10, &["dual-v6-v4", "headless-dual"]),
        ("protocol: tcp,", "protocol: tpc,", 14, &["tpc", "tcp-server-first", "udp"]),
        ("bind: dual-any", "bind: any", 14, &["any", "dual-any", "v6-only"]),
        ("name: outside,", "nmae: outside,", 5, &["nmae", "name", "allowed"]),
        ("mtls: strict", "mtls: on", 12, &["strict", "permissive"]),
        ("    service: dual\n", "    service: dual\n    app: x\n", 10, &["app", "ports", "allowed"]),
        ("name: outside", "name: meshed", 5, &["client `meshed`", "twice"]),
        ("name: outside", "name: a/b", 5, &["no `/`"]),
        ("kind: outside", "kind: outside, app: x", 5, &["outside the cluster"]),
        ("kind: outside", "kind: outside, outbound: registry-only", 5, &["without a sidecar"]),
        ("app: caller", "app: caller, outbound: any", 4, &["allow-any", "registry-only"]),
        (", container: agent}", "}", 4, &["needs", "container"]),
        ("namespace: plain", "namespace: agents", 16, &["agents/dual", "twice"]),
        (
            "namespace: plain, manifest: m/servers.yaml, service: dual",
            "namespace: agents, manifest: m, service: x",
            16,
            &["agents", "both meshed and naked"],
        ),
        (
            "service: dual, kind: headless-single, server: naked",
            "service: dual, kind: headless-single, server: naked, mtls: strict",
            16,
            &["naked server"],
        ),
        (
            "{number: 9001, kind: second, protocol: tcp-server-first",
            "{number: 9000, kind: second, protocol: tcp",
            7,
            &["port 9000", "twice"],
        ),
        ("number: 9001", "number: 0", 7, &["port 0"]),
        ("'::1'", "'fd00::1'", 7, &["fd00::1", "not known"]),
        ("ports: [{number: 9000, kind: undeclared, protocol: h2c, bind: v6-only}]", "ports: []", 16, &["no port"]),
        ("checks: [K01]", "checks: [K01]\nmatrix: {clients: [], targets: []}", 18, &["twice"]),
    ];
    for (from, to, line, words) in cases {
        assert!(MATRIX.contains(from), "{from}");
        let error = scenario("scenarios/matrix/x.yaml", &MATRIX.replacen(from, to, 1)).expect_err(to);
        assert_eq!(error.line, line, "{to}: {error}");
        for word in words {
            assert!(error.to_string().contains(word), "{to}: `{word}` is not in `{error}`");
        }
    }
}

#[test]
fn a_matrix_stands_alone_and_is_never_empty() {
    let whole = "title: t\nmatrix: {clients: [{name: a, kind: outside}], targets: []}\nchecks: [K01]\n";
    let error = scenario("scenarios/matrix/x.yaml", whole).expect_err("no target");
    assert!(error.line == 2 && error.to_string().contains("no target"), "{error}");
    let error =
        scenario("scenarios/matrix/x.yaml", &whole.replace("[{name: a, kind: outside}]", "[]")).expect_err("no client");
    assert!(error.to_string().contains("no client"), "{error}");
    let both = format!(
        "{GOOD}{}",
        MATRIX.lines().filter(|line| line.starts_with([' ', 'm'])).map(|line| format!("{line}\n")).collect::<String>()
    );
    let error = scenario("scenarios/matrix/x.yaml", &both).expect_err("a server, too");
    assert!(error.to_string().contains("in place of server, client, claim and calls"), "{error}");
    let strict = MATRIX
        .replace("namespace: plain", "namespace: agents")
        .replace("service: dual, kind: headless-single, server: naked", "service: x, kind: single-v4, server: meshed");
    let error = scenario("scenarios/matrix/x.yaml", &strict).expect_err("two modes");
    assert!(error.line == 16 && error.to_string().contains("both strict and permissive"), "{error}");
}

#[test]
fn a_file_outside_an_area_is_a_mistake() {
    let error = scenario("x.yaml", GOOD).expect_err("there is no area");
    assert!(error.to_string().contains("<area>/<name>.yaml"), "{error}");
}

#[test]
fn versions_order_by_their_numbers_and_keep_their_text() {
    let parsed = |text: &str| text.parse::<MeshVersion>().unwrap();
    for (text, numbers) in [
        ("1.26.0", [1, 26, 0]),
        ("v1.26.1", [1, 26, 1]),
        ("1.31.0-lab", [1, 31, 0]),
        ("1.32-alpha.19a2f01bb1b8c7", [1, 32, 0]),
        ("1.24.6-vendor.1+build_2", [1, 24, 6]),
    ] {
        assert_eq!(parsed(text).numbers(), numbers, "{text}");
        assert_eq!(parsed(text).as_str(), text.trim_start_matches('v'));
    }
    assert!(parsed("1.9.0") < parsed("1.10.0"));
    assert_eq!(parsed("1.31.0-lab"), parsed("1.31.0"));
    for text in ["", "1", "1.", "1.2.3.4", "latest", "1.26.0-", "1.x", "1.26.0 ", "-1.2", "1.99999999999999999999999"] {
        assert!(text.parse::<MeshVersion>().is_err(), "`{text}` is no version");
    }
}

const PROFILES: &str = "\
istio:
- name: old
  from: '1.17'
  until: '1.24'
  source: here
  shapes: {endpoints: split, infraListeners: first-family, inboundPassthrough: per-family}
- name: new
  from: '1.24'
  source: there
  shapes: {endpoints: merged, infraListeners: both-families, inboundPassthrough: single}
  regressions:
  - check: K06
    versions: [{first: 1.24.0, last: 1.24.5}, {first: 1.25.0, last: 1.25.2}]
    issue: istio/istio#55577
    what: twice the same
";

#[test]
fn a_version_has_the_profile_of_its_range() {
    let read = profiles("profiles.yaml", PROFILES).unwrap();
    let shape = |version: &str| profile_for(&read, &version.parse().unwrap()).map(|profile| profile.shapes.endpoints);
    assert_eq!(shape("1.23.6"), Some(EndpointShape::Split));
    assert_eq!(shape("1.24-alpha.abc"), Some(EndpointShape::Merged));
    assert_eq!(shape("2.0.0"), Some(EndpointShape::Merged));
    assert_eq!(shape("1.16.9"), None);
    let known = |version: &str| read[1].regression("K06", &version.parse().unwrap()).is_some();
    assert!(known("1.24.5") && known("1.25.0-vendor"));
    assert!(!known("1.24.6") && !known("1.25.3") && !known("1.26.0"));
    assert!(read[1].regression("K07", &"1.24.5".parse().unwrap()).is_none());
}

#[test]
fn profiles_leave_no_gap() {
    let error = profiles("profiles.yaml", &PROFILES.replace("until: '1.24'", "until: '1.23'")).expect_err("a gap");
    assert!(error.to_string().contains("`old` must end where `new` begins"), "{error}");
    let error = profiles(
        "profiles.yaml",
        &PROFILES.replace("until: '1.24'", "until: '1.16'").replace("from: '1.24'", "from: '1.16'"),
    )
    .expect_err("a range that ends before it begins");
    assert!(error.to_string().contains("ends before it begins"), "{error}");
}

#[test]
fn a_deviation_covers_its_versions_until_it_expires() {
    let text = "deviations:\n- {scenario: seed/x, check: K06, versions: {first: 1.24.0, last: 1.24.5}, issue: i, reason: r, expires: 2027-01-31}\n";
    let read = deviations("deviations.yaml", text).unwrap();
    let covers = |scenario: &str, check: &str, version: &str, day: &str| {
        read[0].covers(scenario, check, &version.parse().unwrap(), day.parse().unwrap())
    };
    assert!(covers("seed/x", "K06", "1.24.3", "2027-01-31"));
    assert!(!covers("seed/x", "K06", "1.24.3", "2027-02-01"));
    assert!(!covers("seed/x", "K06", "1.24.6", "2027-01-31"));
    assert!(!covers("seed/x", "K07", "1.24.3", "2027-01-31"));
    assert!(!covers("seed/y", "K06", "1.24.3", "2027-01-31"));
    let error = deviations("deviations.yaml", &text.replace("2027-01-31", "soon")).expect_err("no day");
    assert_eq!(error.line, 2, "{error}");
}

#[test]
fn broken_yaml_has_a_place() {
    let error = parse::<std::collections::BTreeMap<String, String>>("f.yaml", "a: b\n  c: [").expect_err("no YAML");
    assert!(error.line >= 1, "{error}");
}

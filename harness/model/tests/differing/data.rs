//! What people write into `differences.yaml`: every mistake has its place.

use dualproof_model::differential::difference_reasons;

const GOOD: &str = "\
differences:
- between: [istio, embedded]
  reason: no agent
  where:
  - {part: cluster, name: agent, only: istio}
  - {part: rules, name: '* nat OWN', words: {istio: [a, b], embedded: [c]}}
";

#[test]
fn every_mistake_in_a_reason_names_its_line_and_what_is_allowed() {
    assert_eq!(difference_reasons("d.yaml", GOOD).map(|reasons| reasons.len()), Ok(1));
    let cases: [(&str, &str, u64, &[&str]); 17] = [
        ("reason: no agent", "raeson: no agent", 3, &["raeson", "allowed", "reason"]),
        ("reason: no agent", "reason: ' '", 3, &["says nothing"]),
        ("embedded]", "cilium]", 2, &["cilium", "istio", "embedded"]),
        ("embedded]", "istio]", 2, &["istio", "twice"]),
        ("embedded]", "none]", 2, &["call by call"]),
        ("[istio, embedded]", "[istio]", 2, &["2"]),
        ("part: cluster", "part: clusters", 5, &["clusters", "cluster", "endpoints", "sockets"]),
        ("name: agent", "name: '[a'", 5, &["`[a`", "glob"]),
        (", name: agent", "", 5, &["name"]),
        (", only: istio", "", 5, &["only", "words"]),
        ("only: istio", "only: none", 5, &["none", "istio and embedded"]),
        ("only: istio", "only: istio, words: {istio: [a], embedded: [b]}", 5, &["only", "words"]),
        ("only: istio", "holds: x, words: {istio: [a], embedded: [b]}", 5, &["holds"]),
        ("embedded: [c]", "embedded: []", 6, &["embedded", "has none"]),
        ("embedded: [c]", "embedded: ['']", 6, &["embedded", "empty"]),
        (", embedded: [c]", "", 6, &["both kinds", "embedded"]),
        ("embedded: [c]", "embedded: [c], none: [d]", 6, &["none", "two kinds"]),
    ];
    for (from, to, line, words) in cases {
        assert!(GOOD.contains(from), "{from}");
        let text = GOOD.replacen(from, to, 1);
        let Err(error) = difference_reasons("d.yaml", &text) else { panic!("{to} is read") };
        assert_eq!(error.line, line, "{to}: {error}");
        for word in words {
            assert!(error.to_string().contains(word), "{to}: `{word}` is not in `{error}`");
        }
    }
    let nowhere = "differences:\n- {between: [istio, embedded], reason: r, where: []}\n";
    let Err(error) = difference_reasons("d.yaml", nowhere) else { panic!("a reason without a place is read") };
    assert!(error.line == 2 && error.to_string().contains("no place"), "{error}");
}

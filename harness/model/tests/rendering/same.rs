//! The file of record: what is written comes back as it was, in YAML and in JSON.

use dualproof_model::report::{Report, junit, summary, text};

use super::reports::all;

#[test]
fn yaml_comes_back_as_it_was() {
    for (what, report) in all() {
        let yaml = serde_yaml::to_string(&report).unwrap_or_else(|error| panic!("{what}: {error}"));
        let back: Report = serde_yaml::from_str(&yaml).unwrap_or_else(|error| panic!("{what}: {error}\n{yaml}"));
        assert_same(what, &report, &back);
        assert!(!yaml.contains('\u{1b}'), "{what}: whoever reads the file on a terminal is not driven by it");
    }
}

#[test]
fn json_comes_back_as_it_was() {
    for (what, report) in all() {
        let json = serde_json::to_string_pretty(&report).unwrap_or_else(|error| panic!("{what}: {error}"));
        let back: Report = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{what}: {error}\n{json}"));
        assert_same(what, &report, &back);
        assert!(!json.contains('\u{1b}'), "{what}");
    }
}

#[test]
fn both_spell_the_same_document() {
    for (what, report) in all() {
        let yaml = serde_yaml::to_string(&report).unwrap_or_else(|error| panic!("{what}: {error}"));
        let from_yaml: serde_json::Value =
            serde_yaml::from_str(&yaml).unwrap_or_else(|error| panic!("{what}: {error}"));
        let direct = serde_json::to_value(&report).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(from_yaml, direct, "{what}");
    }
}

/// Versions are equal by their numbers alone, so the renderings are compared as well.
fn assert_same(what: &str, report: &Report, back: &Report) {
    assert_eq!(back, report, "{what}");
    assert_eq!(text(back), text(report), "{what}");
    assert_eq!(summary(back), summary(report), "{what}");
    assert_eq!(junit(back).ok(), junit(report).ok(), "{what}");
    assert_eq!(back.cell.name(), report.cell.name(), "{what}");
}

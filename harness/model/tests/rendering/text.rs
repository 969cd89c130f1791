//! The report as lines.

use dualproof_model::report::{Report, text};
use dualproof_model::verdict::{Finding, Holds, Verdict};

use super::reports::{TAIL, all, motley};
use crate::run::trial;

/// Finds the place of a line that begins so, white space aside.
#[track_caller]
fn line_of(lines: &[&str], start: &str) -> usize {
    let found = lines.iter().position(|line| line.trim_start().starts_with(start));
    found.unwrap_or_else(|| panic!("no line begins with `{start}` in\n{}", lines.join("\n")))
}

fn doubtful(report: &Report) -> impl Iterator<Item = &Finding> {
    report.results.iter().flat_map(|result| &result.findings).filter(|finding| finding.holds != Holds::Yes)
}

#[test]
fn nothing_in_it_drives_a_terminal_or_trails_white_space() {
    for (what, report) in all() {
        let text = text(&report);
        for line in text.lines() {
            let control = line.chars().find(|mark| mark.is_control());
            assert_eq!(control, None, "{what}: {line}");
            assert_eq!(line, line.trim_end(), "{what}");
            assert!(!line.is_empty(), "{what}: an empty line in\n{text}");
        }
        assert!(text.ends_with('\n'), "{what}");
    }
}

#[test]
fn each_doubtful_comparison_has_its_lines_in_their_order() {
    for (what, report) in all() {
        let text = text(&report);
        let lines: Vec<&str> = text.lines().collect();
        for word in ["expected:", "seen:", "in:", "next:"] {
            let told = lines.iter().filter(|line| line.starts_with("    ") && line.trim_start().starts_with(word));
            assert_eq!(told.count(), doubtful(&report).count(), "{what}: {word}\n{text}");
        }
        for result in report.results.iter().filter(|result| result.findings.iter().any(|one| one.holds != Holds::Yes)) {
            let head = format!("{} {}:", result.verdict, result.name);
            let mut rest = &lines[line_of(&lines, &head)..];
            for finding in result.findings.iter().filter(|finding| finding.holds != Holds::Yes) {
                let subject = finding
                    .family
                    .map_or_else(|| finding.subject.clone(), |family| format!("{family}: {}", finding.subject));
                rest = &rest[line_of(rest, &subject)..];
                for (line, word) in rest.iter().skip(1).zip(["expected:", "seen:", "in:", "next:"]) {
                    assert!(line.trim_start().starts_with(word), "{what}: {word} should stand in `{line}`");
                }
                let ends = [&finding.expected, &finding.place, &finding.next];
                for (line, end) in [rest[1], rest[3], rest[4]].iter().zip(ends) {
                    assert!(line.ends_with(end.as_str()), "{what}: `{line}` should end with `{end}`");
                }
            }
        }
    }
}

#[test]
fn a_reply_is_quoted_on_its_line_with_all_its_words() {
    let report = motley().judge();
    let text = text(&report);
    let seen: Vec<&str> = text.lines().filter(|line| line.contains("seen:") && line.contains(TAIL)).collect();
    assert!(!seen.is_empty(), "{text}");
    for line in seen {
        assert!(line.contains("<x a=\"1\"> & 'f' ]]>") && line.contains("\\u{1b}[31mred"), "{line}");
    }
    let known = text.lines().find(|line| line.starts_with(&format!("xfail {}", trial(&report, "K14").name)));
    assert!(known.is_some_and(|line| line.contains(TAIL) && line.contains("i#1")), "{known:?}");
}

#[test]
fn a_pass_is_not_told_and_everything_else_is() {
    for (what, report) in all() {
        let text = text(&report);
        for result in &report.results {
            let told = text
                .lines()
                .any(|line| line.contains(&format!("{} ", result.scenario)) && line.contains(&result.check))
                || text.contains(&result.name);
            if result.verdict == Verdict::Pass {
                assert!(!text.contains(&result.name), "{what}: {}", result.name);
            } else if report.failure.is_none() && !result.scenario.contains('\n') {
                assert!(told, "{what}: {}", result.name);
            }
        }
    }
}

#[test]
fn the_ledger_is_a_table_with_a_row_for_each_layer() {
    for (what, report) in all() {
        let text = text(&report);
        let lines: Vec<&str> = text.lines().collect();
        let rows = report.ledger.rows();
        if rows.iter().all(|row| row.exercised.v4 + row.exercised.v6 == 0) {
            continue;
        }
        let head = lines.iter().position(|line| line.split_whitespace().eq(["layer", "IPv4", "IPv6"]));
        let head = head.unwrap_or_else(|| panic!("{what}: no ledger in\n{text}"));
        for (line, row) in lines[head + 1..].iter().zip(rows) {
            let (held, exercised) = (&row.held, &row.exercised);
            let expected = format!("{} {} of {} {} of {}", row.layer, held.v4, exercised.v4, held.v6, exercised.v6);
            assert_eq!(line.split_whitespace().collect::<Vec<_>>().join(" "), expected, "{what}");
            assert_eq!(
                line.chars().count(),
                lines[head].chars().count(),
                "{what}: the columns stand under their heads"
            );
        }
        let after = lines.get(head + 1 + rows.len()).copied().unwrap_or_default();
        assert!(!after.contains(" of ") || after.contains(':'), "{what}: a row without a layer: {after}");
        assert!(lines[head].chars().count() <= 80, "{what}: wider than a terminal");
    }
}

#[test]
fn the_last_line_is_the_conclusion() {
    for (what, report) in all() {
        let text = text(&report);
        let last = text.lines().last().unwrap_or_default();
        assert!(last.starts_with(&report.cell_name) && last.contains(&report.conclusion.to_string()), "{what}: {last}");
        let whole = text.lines().rev().nth(1).unwrap_or_default();
        let told = report.statistics.iter().filter(|(_, count)| **count > 0);
        for (verdict, count) in told {
            assert!(whole.contains(&format!("{count} {verdict}")), "{what}: {whole}");
        }
    }
}

#[test]
fn what_ended_the_run_what_stayed_behind_and_what_is_missing_is_told() {
    for (what, report) in all() {
        let text = text(&report);
        for trouble in report.failure.iter().chain(&report.remains) {
            assert!(text.contains(&format!("stage {}: hello a|b", trouble.stage)), "{what}: {text}");
            assert!(text.contains("hint: hello a|b") && text.contains(TAIL), "{what}: {text}");
        }
        for missing in &report.missing {
            assert!(text.contains(&format!("missing: {}: hello a|b", missing.what)), "{what}: {text}");
        }
        for gap in &report.gaps {
            assert!(text.contains(&format!("layer {} was never exercised over {}", gap.layer, gap.family)), "{what}");
        }
        for diagnosis in &report.diagnoses {
            let family = diagnosis.family.map_or_else(|| "both families".to_owned(), |family| family.to_string());
            let line = text.lines().find(|line| line.contains(&format!("{} for {family}: ", diagnosis.scenario)));
            assert!(line.is_some_and(|line| line.contains(diagnosis.layer.as_str())), "{what}: {diagnosis:?}");
        }
    }
}

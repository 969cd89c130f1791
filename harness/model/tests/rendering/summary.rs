//! `summary.md` as GitHub renders it.

use dualproof_model::report::{Report, summary};
use dualproof_model::verdict::Holds;

use super::reports::{TAIL, all, motley};
use crate::run::trial;

/// Splits a row of a table at the borders that no backslash takes away (GFM, section 4.10), and undoes the escapes.
fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut marks = row.chars();
    while let Some(mark) = marks.next() {
        let last = cells.len() - 1;
        match mark {
            '\\' => cells[last].extend(marks.next()),
            '|' => cells.push(String::new()),
            other => cells[last].push(other),
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// The rows of the table whose head begins with a word, without head and border.
fn table(text: &str, head: &str) -> Vec<Vec<String>> {
    let start = format!("| {head} |");
    text.lines()
        .skip_while(|line| !line.starts_with(&start))
        .skip(2)
        .take_while(|line| !line.is_empty())
        .map(cells)
        .collect()
}

fn has_control(text: &str) -> Option<char> {
    text.chars().find(|mark| mark.is_control() && *mark != '\n')
}

#[test]
fn each_trial_is_one_row_of_five_cells_whatever_its_reason() {
    for (what, report) in all() {
        let rows = table(&summary(&report), "scenario");
        assert_eq!(rows.len(), report.results.len(), "{what}");
        for (row, result) in rows.iter().zip(&report.results) {
            assert_eq!(row.len(), 7, "{what}: five cells between six borders: {row:?}");
            let flat = |text: &str| text.lines().collect::<Vec<_>>().join(" ");
            assert_eq!((row[1].clone(), row[2].clone()), (flat(&result.scenario), flat(&result.check)), "{what}");
            assert_eq!(row[3], result.layer.as_str(), "{what}");
            assert_eq!(row[4].trim_matches('*'), result.verdict.as_str(), "{what}");
            assert_eq!(row[4].starts_with('*'), !result.verdict.is_good(), "{what}");
            assert!(!row[5].is_empty(), "{what}: {row:?}");
            assert_eq!(row[5].contains(TAIL), result.reason.contains(TAIL), "{what}: {row:?}");
        }
    }
}

#[test]
fn no_text_of_others_is_taken_for_a_tag() {
    let text = summary(&motley().judge());
    let deviation = table(&text, "scenario").into_iter().find(|row| row[2] == "K14");
    let reason = deviation.map(|row| row[5].clone()).unwrap_or_default();
    assert!(reason.contains("hello a|b \\| c d"), "{reason}");
    assert!(reason.contains("<x a=\"1\"> & 'f'"), "{reason}");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
    let tags = |line: &&str| line.replace("\\<", "").contains('<');
    assert!(!rows.iter().any(tags), "GitHub drops a tag that it does not know, with its words: {rows:#?}");
}

#[test]
fn nothing_in_it_drives_a_terminal() {
    for (what, report) in all() {
        assert_eq!(has_control(&summary(&report)), None, "{what}");
    }
}

#[test]
fn it_says_first_what_the_run_came_to() {
    for (what, report) in all() {
        let text = summary(&report);
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("## ") && first.contains(&report.conclusion.to_string()), "{what}: {first}");
        assert!(text.contains(&format!("`{}`", report.cell_name)), "{what}");
        assert!(report.failure.is_none() || text.contains("mesh-install"), "{what}: {text}");
        assert!(report.remains.is_none() || text.contains("left behind"), "{what}: {text}");
    }
}

/// The blocks of details: the line that stays visible, and the text inside the fence.
fn details(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(visible) = line.strip_prefix("<details><summary>") else { continue };
        let visible = visible.trim_end_matches("</summary>").to_owned();
        assert_eq!((lines.next(), lines.next()), (Some(""), Some("```text")), "{visible}");
        let inside: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
        assert_eq!((lines.next(), lines.next()), (Some(""), Some("</details>")), "the fence of {visible} ends early");
        blocks.push((visible, inside.join("\n")));
    }
    blocks
}

#[test]
fn what_is_red_has_its_details_and_what_is_good_has_none() {
    for (what, report) in all() {
        let blocks = details(&summary(&report));
        let doubtful: Vec<_> = report
            .results
            .iter()
            .filter(|result| !result.verdict.is_good())
            .filter(|result| result.findings.iter().any(|finding| finding.holds != Holds::Yes))
            .collect();
        assert_eq!(blocks.len(), doubtful.len(), "{what}");
        for ((visible, inside), result) in blocks.iter().zip(doubtful) {
            assert!(visible.contains(&result.check) && visible.contains(&result.scenario), "{what}: {visible}");
            for finding in result.findings.iter().filter(|finding| finding.holds != Holds::Yes) {
                for part in [&finding.subject, &finding.expected, &finding.place, &finding.next] {
                    assert!(inside.contains(part.as_str()), "{what}: {part} is not in\n{inside}");
                }
                assert!(!finding.seen.contains(TAIL) || inside.contains(TAIL), "{what}: {inside}");
            }
            let holding = result.findings.iter().filter(|finding| finding.holds == Holds::Yes);
            let told = |subject: &str| inside.lines().any(|line| line.trim().ends_with(subject));
            let doubted = |subject: &str| {
                result.findings.iter().any(|finding| finding.holds != Holds::Yes && finding.subject == subject)
            };
            for finding in holding.filter(|finding| !doubted(&finding.subject)) {
                assert!(!told(&finding.subject), "{what}: what holds needs no details: {}", finding.subject);
            }
        }
    }
}

#[test]
fn a_lost_family_is_told_with_what_was_expected_and_seen() {
    let report = motley().judge();
    let lost = trial(&report, "K06").findings.iter().find(|finding| finding.holds == Holds::No);
    let lost = lost.unwrap_or_else(|| panic!("nothing is lost"));
    let inside: Vec<_> =
        details(&summary(&report)).into_iter().filter(|(visible, _)| visible.contains("K06")).collect();
    assert_eq!(inside.len(), 1);
    for line in [format!("expected: {}", lost.expected), format!("seen:     {}", lost.seen)] {
        assert!(inside[0].1.contains(&line), "{line} is not in\n{}", inside[0].1);
    }
}

#[test]
fn its_ledger_has_a_row_for_each_layer() {
    for (what, report) in all() {
        let rows = table(&summary(&report), "layer");
        let exercised =
            |report: &Report| report.ledger.rows().iter().any(|row| row.exercised.v4 + row.exercised.v6 > 0);
        if !exercised(&report) && rows.is_empty() {
            continue;
        }
        let expected: Vec<[String; 3]> = report
            .ledger
            .rows()
            .iter()
            .map(|row| {
                let cell = |held: usize, of: usize| format!("{held} of {of}");
                let layer = row.layer.as_str().to_owned();
                [layer, cell(row.held.v4, row.exercised.v4), cell(row.held.v6, row.exercised.v6)]
            })
            .collect();
        let seen: Vec<[String; 3]> = rows.iter().map(|row| [row[1].clone(), row[2].clone(), row[3].clone()]).collect();
        assert_eq!(seen, expected, "{what}");
    }
}

//! What pods, tools and people wrote, made fit for a line of a report.

/// Spells out line breaks, other control characters and what no XML may hold (`\n`, `\u{1b}`), so that a reply or a refusal
/// can neither break a rendering nor drive a terminal. White space at the end is left out.
pub(super) fn plain(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for mark in text.trim_end().chars() {
        if mark.is_control() || matches!(mark, '\u{fffe}' | '\u{ffff}') {
            line.extend(mark.escape_default());
        } else {
            line.push(mark);
        }
    }
    line
}

//! What two sequences have apart.

/// A line that one of two sequences has and the other has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The line.
    pub(super) text: String,
    /// How many of the lines that both have stand before it.
    pub(super) after: usize,
}

/// Returns what only the first has and what only the second has, beside a longest sequence that both have. Of two sorted sequences without repeats this
/// is their difference as sets; of others, a line that stands at another place is a line that both have apart.
pub(super) fn apart(a: &[String], b: &[String]) -> [Vec<Line>; 2] {
    let common = common(a, b);
    [0, 1].map(|side| {
        let (all, mut after) = (if side == 0 { a } else { b }, 0);
        let mut only = Vec::new();
        for (place, text) in all.iter().enumerate() {
            if common.get(after).is_some_and(|pair| (if side == 0 { pair.0 } else { pair.1 }) == place) {
                after += 1;
            } else {
                only.push(Line { text: text.clone(), after });
            }
        }
        only
    })
}

/// Returns the places of a longest sequence that both have.
fn common(a: &[String], b: &[String]) -> Vec<(usize, usize)> {
    // `longest[i][j]`: how long it is for what follows `a[i]` and `b[j]`, both included.
    let mut longest = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    let of =
        |longest: &[Vec<usize>], i: usize, j: usize| longest.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0);
    for (i, one) in a.iter().enumerate().rev() {
        for (j, other) in b.iter().enumerate().rev() {
            let length = if one == other {
                of(&longest, i + 1, j + 1) + 1
            } else {
                of(&longest, i + 1, j).max(of(&longest, i, j + 1))
            };
            if let Some(place) = longest.get_mut(i).and_then(|row| row.get_mut(j)) {
                *place = length;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut places = Vec::new();
    while let (Some(one), Some(other)) = (a.get(i), b.get(j)) {
        if one == other {
            places.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if of(&longest, i + 1, j) >= of(&longest, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn said(a: &str, b: &str) -> [String; 2] {
        apart(&lines(a), &lines(b))
            .map(|only| only.iter().map(|line| format!("{}@{}", line.text, line.after)).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn what_is_apart_stands_beside_the_longest_that_both_have() {
        for (a, b, only_a, only_b) in [
            ("", "", "", ""),
            ("x y", "x y", "", ""),
            ("x y", "", "x@0 y@0", ""),
            ("", "x", "", "x@0"),
            ("a b d", "a c d", "b@1", "c@1"),
            ("s u1 u2 g1 g2 r", "s m1 m2 r", "u1@1 u2@1 g1@1 g2@1", "m1@1 m2@1"),
            ("x y", "y x", "x@0", "x@1"),
            ("x x", "x", "x@1", ""),
        ] {
            assert_eq!(said(a, b), [only_a, only_b], "{a} | {b}");
        }
    }
}

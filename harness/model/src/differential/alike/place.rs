//! Where a reason says that two kinds of mesh differ, and how.

use std::fmt;

use super::Apart;
use super::pattern::Pattern;
use super::sequence::Line;
use super::thing::{Part, Thing};
use crate::plan::MeshKind;

/// Things of one part of the evidence, and what of them may differ.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) part: Part,
    pub(super) name: Pattern,
    /// `None` for every pod.
    pub(super) pod: Option<Pattern>,
    pub(super) way: Way,
}

/// How two kinds of mesh may differ in a thing.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// One kind alone has the thing; or, where it is said what it holds, both have it, and one kind alone has such lines of it.
    Only { kind: MeshKind, holds: Option<Pattern> },
    /// They say the same with other words. Where a kind has several words for one of the other, it says each line with every one of them.
    Words([(MeshKind, Vec<String>); 2]),
}

impl Place {
    /// Takes what it explains away, and tells whether that is anything. The first of `kinds` is the first bundle's.
    pub(super) fn take(&self, apart: &mut Apart, kinds: [MeshKind; 2]) -> bool {
        self.fits(&apart.thing) && self.way.take(apart, kinds)
    }

    fn fits(&self, thing: &Thing) -> bool {
        self.part == thing.part
            && self.name.fits(&thing.name)
            && self.pod.as_ref().is_none_or(|pod| pod.fits(thing.pod.strip_prefix("pod ").unwrap_or(&thing.pod)))
    }
}

impl Way {
    fn take(&self, apart: &mut Apart, kinds: [MeshKind; 2]) -> bool {
        let [a, b] = &mut apart.only;
        let ([is_in_a, is_in_b], is_ordered) = (apart.is_there, apart.thing.part == Part::Rules);
        match self {
            Self::Only { kind, holds } => {
                let (own, other_has_it) = if *kind == kinds[0] { (a, is_in_b) } else { (b, is_in_a) };
                let before = own.len();
                match holds {
                    Some(holds) if other_has_it => own.retain(|line| !holds.fits(&line.text)),
                    None if !other_has_it => own.clear(),
                    _ => {}
                }
                own.len() < before
            }
            Self::Words([one, other]) => {
                let (of_a, of_b) = if one.0 == kinds[0] { (&one.1, &other.1) } else { (&other.1, &one.1) };
                let is_same = are_the_same((a, of_a), (b, of_b), is_ordered);
                if is_same {
                    for (lines, words) in [(a, of_a), (b, of_b)] {
                        lines.retain(|line| words.iter().all(|word| around(&line.text, word).is_none()));
                    }
                }
                is_same
            }
        }
    }
}

/// Tells whether two kinds say the same lines at the same places with each of their words: a line that one kind lacks with one of its words has no
/// such reason, and neither have all the others.
fn are_the_same(a: (&[Line], &[String]), b: (&[Line], &[String]), is_ordered: bool) -> bool {
    let mut said =
        [a, b].into_iter().flat_map(|(lines, words)| words.iter().map(move |word| with(lines, word, is_ordered)));
    let Some(first) = said.next().filter(|first| !first.is_empty()) else { return false };
    said.all(|other| other == first)
}

/// Returns the lines that hold a word, without it, each with its place where order matters.
fn with<'a>(lines: &'a [Line], word: &str, is_ordered: bool) -> Vec<(usize, &'a str, &'a str)> {
    let around = |line: &'a Line| {
        around(&line.text, word).map(|(before, after)| (if is_ordered { line.after } else { 0 }, before, after))
    };
    lines.iter().filter_map(around).collect()
}

/// Returns what stands before and after a word that is not part of a longer one.
fn around<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    text.match_indices(word).find_map(|(start, _)| {
        let (before, after) = (text.get(..start)?, text.get(start + word.len()..)?);
        (!before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric))
            .then_some((before, after))
    })
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.part.word(), self.name.text())?;
        if let Some(pod) = &self.pod {
            write!(f, " of {}", pod.text())?;
        }
        match &self.way {
            Way::Only { kind, holds: None } => write!(f, ", only {kind}"),
            Way::Only { kind, holds: Some(holds) } => write!(f, ", only {kind}: {}", holds.text()),
            Way::Words(_) => f.write_str(", in other words"),
        }
    }
}

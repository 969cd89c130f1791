//! Why two kinds of mesh differ, as data.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::pattern::Pattern;
use super::place::{Place, Way};
use super::thing::Part;
use crate::plan::MeshKind;
use crate::spec::{SpecError, parse};

/// Why bundles of two kinds of mesh differ, and where.
#[derive(Clone, Debug)]
pub struct DifferenceReason {
    /// The two kinds, in no order.
    pub between: [MeshKind; 2],
    /// Why.
    pub reason: String,
    pub(super) places: Vec<Place>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    differences: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    between: Spanned<[MeshKind; 2]>,
    reason: Spanned<String>,
    r#where: Spanned<Vec<Spanned<PlaceEntry>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceEntry {
    part: Part,
    name: Pattern,
    #[serde(default)]
    pod: Option<Pattern>,
    #[serde(default)]
    only: Option<MeshKind>,
    #[serde(default)]
    holds: Option<Pattern>,
    #[serde(default)]
    words: Option<BTreeMap<MeshKind, Vec<String>>>,
}

/// Reads `differences.yaml`.
///
/// # Errors
/// Any mistake with its place: two kinds that are the same or none, a reason without words or without a place, and a place that does not say
/// how the kinds differ there.
pub fn difference_reasons(file: &str, text: &str) -> Result<Vec<DifferenceReason>, SpecError> {
    parse::<File>(file, text)?.differences.into_iter().map(|entry| reason(file, entry)).collect()
}

fn reason(file: &str, entry: Entry) -> Result<DifferenceReason, SpecError> {
    let Entry { between, reason, r#where } = entry;
    let [one, other] = between.value;
    if one == other {
        return Err(SpecError::at(
            file,
            &between,
            format!("`{one}` is given twice: a reason is between two kinds of mesh"),
        ));
    }
    if between.value.contains(&MeshKind::None) {
        let what = "a run without a mesh is compared with one that has it call by call, by the truth table: it needs no reason";
        return Err(SpecError::at(file, &between, what));
    }
    if reason.value.trim().is_empty() {
        return Err(SpecError::at(file, &reason, "the reason says nothing"));
    }
    if r#where.value.is_empty() {
        return Err(SpecError::at(file, &r#where, "there is no place: a reason says where the kinds differ"));
    }
    let places = r#where.value.into_iter().map(|spanned| {
        let fault = |what: String| SpecError { file: file.to_owned(), ..SpecError::at(file, &spanned, what) };
        place(&spanned.value, between.value).map_err(fault)
    });
    Ok(DifferenceReason { between: between.value, places: places.collect::<Result<_, _>>()?, reason: reason.value })
}

fn place(entry: &PlaceEntry, between: [MeshKind; 2]) -> Result<Place, String> {
    let PlaceEntry { part, name, pod, only, holds, words } = entry;
    let way = match (only, words) {
        (Some(kind), None) if between.contains(kind) => Way::Only { kind: *kind, holds: holds.clone() },
        (Some(kind), None) => return Err(format!("only `{kind}` is none of the two kinds, {}", and(between))),
        (None, Some(_)) if holds.is_some() => return Err("`holds` goes with `only`, not with `words`".to_owned()),
        (None, Some(words)) => Way::Words(in_words(words, between)?),
        _ => {
            return Err(
                "a place says either which kind `only` has it, or with which `words` each kind says it".to_owned()
            );
        }
    };
    Ok(Place { part: *part, name: name.clone(), pod: pod.clone(), way })
}

fn in_words(
    words: &BTreeMap<MeshKind, Vec<String>>,
    between: [MeshKind; 2],
) -> Result<[(MeshKind, Vec<String>); 2], String> {
    let of = |kind: MeshKind| match words.get(&kind) {
        Some(own) if !own.is_empty() && own.iter().all(|word| !word.is_empty()) => Ok((kind, own.clone())),
        _ => Err(format!("words are of both kinds, {}: `{kind}` has none, or an empty one", and(between))),
    };
    let [one, other] = between;
    match words.keys().find(|kind| !between.contains(kind)) {
        Some(kind) => Err(format!("words of `{kind}`, which is none of the two kinds, {}", and(between))),
        None => Ok([of(one)?, of(other)?]),
    }
}

fn and([one, other]: [MeshKind; 2]) -> String {
    format!("{one} and {other}")
}

//! The catalogue itself.

use std::collections::BTreeSet;

use dualproof_model::check;

#[test]
fn checks_stand_in_the_order_of_their_layers_and_have_names_of_their_own() {
    let layers: Vec<_> = check::all().iter().map(|check| check.layer).collect();
    assert!(layers.is_sorted(), "{layers:?}");
    let names: BTreeSet<&str> = check::all().iter().flat_map(|check| [check.key, check.slug]).collect();
    assert_eq!(names.len(), 2 * check::all().len());
}

#[test]
fn a_check_is_found_by_key_slug_and_id_in_any_case() {
    for check in check::all() {
        for name in [check.key.to_lowercase(), check.slug.to_uppercase(), check.id()] {
            assert_eq!(check::find(&name).map(|found| found.key), Some(check.key), "{name}");
        }
    }
    assert!(check::find("K0").is_none() && check::find("").is_none());
}

#[test]
fn every_check_names_the_bugs_that_it_is_for_and_what_to_do() {
    for check in check::all() {
        let threads = check.why.split_whitespace().filter(|word| {
            let word = word.trim_matches(|mark: char| "(),;.:".contains(mark));
            word.split_once('#')
                .is_some_and(|(repository, number)| repository.split('/').count() == 2 && number.parse::<u32>().is_ok())
        });
        assert!(threads.count() >= 2, "{}: {}", check.key, check.why);
        assert!(check.cure.contains('`'), "{} names no command: {}", check.key, check.cure);
        for text in [check.title, check.why, check.cure] {
            assert!(!text.contains("  ") && !text.contains('\n'), "{}: {text}", check.key);
        }
    }
}

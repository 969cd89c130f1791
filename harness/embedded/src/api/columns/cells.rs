//! Words in cells.

use serde_json::Value;

use crate::store::object::{items, text};

/// Says how long ago a time was, as kubectl does
/// (kubernetes/kubernetes:staging/src/k8s.io/apimachinery/pkg/util/duration/duration.go `HumanDuration`).
pub(super) fn age(object: &Value, pointer: &str) -> String {
    let Ok(then) = text(object, pointer).parse::<jiff::Timestamp>() else { return "<unknown>".to_owned() };
    human((jiff::Timestamp::now().as_second() - then.as_second()).max(0))
}

fn human(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let two = |large: i64, large_unit: &str, small: i64, small_unit: &str| {
        if small == 0 { format!("{large}{large_unit}") } else { format!("{large}{large_unit}{small}{small_unit}") }
    };
    match seconds {
        ..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        _ => two(days / 365, "y", days % 365, "d"),
    }
}

/// Counts the entries of a map.
pub(super) fn count(object: &Value, pointer: &str) -> usize {
    object.pointer(pointer).and_then(Value::as_object).map_or(0, serde_json::Map::len)
}

/// Writes a map as a selector; `<none>` for an empty one.
pub(super) fn selector(object: &Value, pointer: &str) -> String {
    let pairs = crate::store::object::texts(object, pointer);
    joined(pairs.iter().map(|(key, value)| format!("{key}={value}")))
}

/// Joins words by commas; `<none>` where there is none.
pub(super) fn joined(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    if words.is_empty() { "<none>".to_owned() } else { words.join(",") }
}

/// Lists a field of the containers of a template.
pub(super) fn containers(object: &Value, field: &str) -> String {
    let containers = items(object, "/spec/template/spec/containers").iter();
    joined(containers.map(|container| text(container, field).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn ages_are_those_of_kubectl() {
        let cases = [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (3599, "59m"),
            (10_800, "3h"),
            (12_000, "3h20m"),
            (100_000, "27h"),
            (180_000, "2d2h"),
            (864_000, "10d"),
            (70_000_000, "2y80d"),
        ];
        for (seconds, words) in cases {
            assert_eq!(human(seconds), words, "{seconds}");
        }
    }
}

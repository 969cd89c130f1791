//! Ages, as people write them.

use std::time::Duration;

use jiff::Timestamp;

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A text is no age.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no age: expected a whole number and s, m, h or d, such as 2h")]
pub struct AgeError(String);

/// Reads an age such as `90s`, `5m`, `2h` or `1d`.
///
/// # Errors
/// Anything else.
pub fn parse_age(text: &str) -> Result<Duration, AgeError> {
    let seconds = UNITS.iter().find_map(|(unit, seconds)| {
        let number = text.strip_suffix(*unit)?;
        let plain = number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse::<u64>().ok().filter(|_| plain)?.checked_mul(*seconds)
    });
    seconds.map(Duration::from_secs).ok_or_else(|| AgeError(text.to_owned()))
}

/// Returns how long ago something was; nothing, when a clock says that it is yet to come.
pub(super) fn since(when: Timestamp) -> Duration {
    Duration::try_from(Timestamp::now().duration_since(when)).unwrap_or_default()
}

/// Spells an age in its biggest unit.
pub(super) fn spelled(age: Duration) -> String {
    let seconds = age.as_secs();
    let unit = UNITS.iter().find(|(_, length)| seconds >= *length);
    unit.map_or_else(|| "0s".to_owned(), |(unit, length)| format!("{}{unit}", seconds / length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_whole_number_and_a_unit() -> Result<(), AgeError> {
        assert_eq!(parse_age("90s")?, Duration::from_secs(90));
        assert_eq!(parse_age("2h")?, Duration::from_secs(7200));
        assert_eq!(parse_age("3d")?, Duration::from_secs(259_200));
        for wrong in ["", "h", "2", "2w", "-1h", "+1h", "1.5h", "2 h", "99999999999999999999d", "18446744073709551615d"]
        {
            assert!(parse_age(wrong).is_err(), "{wrong}");
        }
        Ok(())
    }

    #[test]
    fn an_age_is_told_in_its_biggest_unit() {
        let told: Vec<String> =
            [0, 59, 60, 3599, 7200, 90_000].into_iter().map(|age| spelled(Duration::from_secs(age))).collect();
        assert_eq!(told, ["0s", "59s", "1m", "59m", "2h", "1d"]);
    }
}

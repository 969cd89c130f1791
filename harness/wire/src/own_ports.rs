//! The source ports of calls that must not share one.

use std::ops::RangeInclusive;

/// Where they are: above the ports of our servers and of Istio's proxies, and not among those of nodes (30000 to 32767).
const LOW: RangeInclusive<u16> = 16_000..=29_999;
const HIGH: RangeInclusive<u16> = 32_768..=u16::MAX;

/// How many there are.
pub const OWN_PORTS: u16 = count(&LOW) + count(&HIGH);

const fn count(range: &RangeInclusive<u16>) -> u16 {
    *range.end() - *range.start() + 1
}

/// Returns the port of a turn; after [`OWN_PORTS`] turns they come again.
#[must_use]
pub fn own_port(turn: u64) -> u16 {
    let place = u16::try_from(turn % u64::from(OWN_PORTS)).unwrap_or_default();
    match place.checked_sub(count(&LOW)) {
        None => LOW.start() + place,
        Some(place) => HIGH.start() + place,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_port_has_its_turn_and_no_server_is_among_them() {
        let round: Vec<u16> = (0..u64::from(OWN_PORTS)).map(own_port).collect();
        let different: BTreeSet<u16> = round.iter().copied().collect();
        assert_eq!(different.len(), round.len());
        assert_eq!(own_port(u64::from(OWN_PORTS)), round[0]);
        let taken = [9000, 9021, 15_000, 15_001, 15_006, 15_021, 15_090, 30_000, 32_767];
        assert!(taken.iter().all(|port| !different.contains(port)));
    }
}

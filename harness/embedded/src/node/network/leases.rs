//! Which pods of a node have which numbers.

use std::collections::BTreeSet;

/// The first number of a pod: 1 is the node's in kind.
const FIRST: u8 = 2;
/// The last one: 255 is for broadcasts.
const LAST: u8 = 254;

/// The numbers of a node's pods. One that is given back is not the next to be given, so that who still calls an address that was finds nobody.
#[derive(Debug)]
pub(super) struct Leases {
    taken: BTreeSet<u8>,
    next: u8,
}

impl Default for Leases {
    fn default() -> Self {
        Self { taken: BTreeSet::new(), next: FIRST }
    }
}

impl Leases {
    /// Takes a number; `None` when all are taken.
    pub(super) fn take(&mut self) -> Option<u8> {
        let start = self.next;
        let number = (start..=LAST).chain(FIRST..start).find(|number| !self.taken.contains(number))?;
        self.taken.insert(number);
        self.next = if number == LAST { FIRST } else { number + 1 };
        Some(number)
    }

    /// Gives a number back.
    pub(super) fn give(&mut self, number: u8) {
        self.taken.remove(&number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_given_once_and_the_last_one_given_back_is_the_last_one_given() {
        let mut leases = Leases::default();
        let all: BTreeSet<u8> = std::iter::from_fn(|| leases.take()).collect();
        assert_eq!(all, (2..=254).collect());
        leases.give(7);
        leases.give(9);
        assert_eq!((leases.take(), leases.take(), leases.take()), (Some(7), Some(9), None));
        leases.give(3);
        leases.give(200);
        assert_eq!(leases.take(), Some(200));
    }
}

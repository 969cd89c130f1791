//! The family ledger: how often each layer was really exercised, by family.

use serde::{Deserialize, Serialize};

use super::{Finding, Holds, Layer};
use crate::family::PerFamily;

/// One layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerRow {
    /// The layer.
    pub layer: Layer,
    /// Comparisons that were made, whatever came out.
    pub exercised: PerFamily<usize>,
    /// Those that held.
    pub held: PerFamily<usize>,
}

/// Comparisons by layer and family.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ledger(Vec<LedgerRow>);

impl Ledger {
    /// Counts one check's findings. Those about neither family alone, and those without evidence, exercise nothing.
    pub fn count(&mut self, layer: Layer, findings: &[Finding]) {
        let row = self.row(layer);
        for finding in findings {
            let Some(family) = finding.family else { continue };
            if finding.holds == Holds::Unknown {
                continue;
            }
            *row.exercised.get_mut(family) += 1;
            if finding.holds == Holds::Yes {
                *row.held.get_mut(family) += 1;
            }
        }
    }

    /// Lists the rows in the order of the layers.
    #[must_use]
    pub fn rows(&self) -> &[LedgerRow] {
        &self.0
    }

    fn row(&mut self, layer: Layer) -> &mut LedgerRow {
        let position = match self.0.binary_search_by_key(&layer, |row| row.layer) {
            Ok(position) => position,
            Err(position) => {
                let row = LedgerRow { layer, exercised: PerFamily::default(), held: PerFamily::default() };
                self.0.insert(position, row);
                position
            }
        };
        &mut self.0[position]
    }
}

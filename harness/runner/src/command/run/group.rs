//! Which cells use one cluster, one after another.

use dualproof_model::plan::ProviderKind;

use crate::command::Readied;
use crate::settings::Settings;

/// Sorts cells into groups that use one cluster each; a cell is known by its position. Cells of one group differ in their mesh alone,
/// and keep their order.
///
/// Fewer groups than `jobs` would leave a job idle: then every cell has a cluster of its own.
pub(super) fn groups(cells: &[&Readied], jobs: usize) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (position, cell) in cells.iter().enumerate() {
        let fits =
            |group: &&mut Vec<usize>| group.first().is_some_and(|first| share(&cells[*first].settings, &cell.settings));
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(position),
            None => groups.push(vec![position]),
        }
    }
    if groups.len() < jobs { (0..cells.len()).map(|position| vec![position]).collect() } else { groups }
}

/// Tells whether the cluster of one cell can be used for another after it. What is kept is not shared; an embedded cluster is made for
/// its mesh, faster than one could be cleaned.
fn share(one: &Settings, other: &Settings) -> bool {
    let makes = |cell: &Settings| {
        (
            cell.order,
            cell.kubernetes.clone(),
            cell.node_image.clone(),
            cell.nodes,
            cell.stock,
            cell.cluster_name.clone(),
        )
    };
    let may = |cell: &Settings| cell.provider == ProviderKind::Kind && !cell.keep && !cell.fresh;
    may(one) && may(other) && makes(one) == makes(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::prepare::{InputError, ready};
    use crate::settings::Partial;

    fn grouped(given: Partial, jobs: usize) -> Result<Vec<Vec<usize>>, InputError> {
        let cells = ready(Partial {
            order: vec!["v4,v6".to_owned(), "v6,v4".to_owned()],
            mesh_version: vec!["1.30.4".to_owned(), "1.31.0".to_owned()],
            provider: Some(given.provider.unwrap_or_else(|| "kind".to_owned())),
            ..given
        })?;
        Ok(groups(&cells.iter().collect::<Vec<_>>(), jobs))
    }

    #[test]
    fn cells_that_differ_in_their_mesh_alone_use_one_cluster() -> Result<(), InputError> {
        assert_eq!(grouped(Partial::default(), 1)?, [[0, 1], [2, 3]]);
        assert_eq!(grouped(Partial::default(), 2)?, [[0, 1], [2, 3]]);
        Ok(())
    }

    #[test]
    fn a_cluster_of_its_own_has_a_cell_that_is_kept_or_fresh_or_could_run_beside_the_others() -> Result<(), InputError>
    {
        let own = [[0], [1], [2], [3]];
        assert_eq!(grouped(Partial { keep: Some(true), ..Partial::default() }, 1)?, own);
        assert_eq!(grouped(Partial { fresh: Some(true), ..Partial::default() }, 1)?, own);
        assert_eq!(grouped(Partial { provider: Some("embedded".to_owned()), ..Partial::default() }, 1)?, own);
        assert_eq!(grouped(Partial::default(), 3)?, own);
        Ok(())
    }
}

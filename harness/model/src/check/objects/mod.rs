//! Services and their EndpointSlices, as the API server stores them.

mod endpointslice_partitioned_by_family;
mod service_allocation_truth_table;
mod service_families_as_claimed;

pub(super) use endpointslice_partitioned_by_family::ENDPOINTSLICE_PARTITIONED_BY_FAMILY;
pub(super) use service_allocation_truth_table::SERVICE_ALLOCATION_TRUTH_TABLE;
pub(super) use service_families_as_claimed::SERVICE_FAMILIES_AS_CLAIMED;

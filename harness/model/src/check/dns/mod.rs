//! What names resolve to, and whether they lead there.

mod dns_answers_match_ipfamilies;
mod dns_nodata_not_nxdomain;
mod echo_by_name_forced_family;
mod question;

pub(super) use dns_answers_match_ipfamilies::DNS_ANSWERS_MATCH_IPFAMILIES;
pub(super) use dns_nodata_not_nxdomain::DNS_NODATA_NOT_NXDOMAIN;
pub(super) use echo_by_name_forced_family::ECHO_BY_NAME_FORCED_FAMILY;

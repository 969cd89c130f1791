//! kube-proxy and the node network, with and without a mesh on top.

mod echo_literal_vip_each_family;
mod naked_datapath_each_family;

pub(super) use echo_literal_vip_each_family::ECHO_LITERAL_VIP_EACH_FAMILY;
pub(super) use naked_datapath_each_family::NAKED_DATAPATH_EACH_FAMILY;

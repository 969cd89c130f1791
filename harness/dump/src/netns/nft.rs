//! `nft -j list ruleset`.

use std::borrow::Cow;

use serde::Deserialize;

use crate::{DumpError, json};

/// Tables that `iptables-nft` makes, in the families `ip` and `ip6`.
const OF_IPTABLES: [&str; 5] = ["nat", "mangle", "raw", "filter", "security"];

#[derive(Deserialize)]
struct Ruleset<'a> {
    #[serde(borrow)]
    nftables: Vec<Object<'a>>,
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    table: Option<Table<'a>>,
}

#[derive(Deserialize)]
struct Table<'a> {
    #[serde(borrow)]
    family: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// Lists the tables of nftables that iptables does not know of, as `inet istio-proxy-nat`
/// (istio/istio:tools/istio-nftables, from Istio 1.27 on), sorted.
///
/// # Errors
/// For empty, foreign and truncated input, and a table without family or name. No table at all is no error.
pub fn native_tables(bytes: &[u8], place: &str) -> Result<Vec<String>, DumpError> {
    let ruleset: Ruleset<'_> = json::object(bytes, place, "rules as `nft -j list ruleset` prints them")?;
    let tables = ruleset.nftables.into_iter().filter_map(|object| object.table);
    let is_native =
        |table: &Table<'_>| !(["ip", "ip6"].contains(&&*table.family) && OF_IPTABLES.contains(&&*table.name));
    let mut names: Vec<String> =
        tables.filter(is_native).map(|table| format!("{} {}", table.family, table.name)).collect();
    names.sort();
    Ok(names)
}

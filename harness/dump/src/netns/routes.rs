//! `ip -j route`.

use std::borrow::Cow;

use dualproof_model::evidence::Route;
use serde::Deserialize;

use crate::place::Entry;
use crate::{DumpError, json};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow)]
    dst: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    gateway: Option<Cow<'a, str>>,
    #[serde(borrow)]
    dev: Cow<'a, str>,
    #[serde(borrow)]
    table: Option<Cow<'a, str>>,
}

/// Parses the routes of one family. `ip` leaves out the type `unicast` and the table `main`; next hops of several ways are not read.
///
/// # Errors
/// For empty, foreign and truncated input, a route without a destination, and a gateway that is no address. No route at all is no error: a namespace
/// that lost its family has none.
pub fn routes(bytes: &[u8], place: &str) -> Result<Vec<Route>, DumpError> {
    const EXPECTED: &str = "routes as `ip -j route` prints them";
    let lines: Vec<Line<'_>> = json::array(bytes, place, EXPECTED)?;
    let mut routes = Vec::new();
    for (index, line) in lines.into_iter().enumerate() {
        let entry = Entry::of(place, "", index);
        let destination = line.dst.ok_or_else(|| entry.absent("dst", EXPECTED))?.into_owned();
        let gateway = line.gateway.map(|text| entry.ip(|| "gateway".to_owned(), &text)).transpose()?;
        routes.push(Route {
            destination,
            kind: line.kind.map_or_else(|| "unicast".to_owned(), Cow::into_owned),
            gateway,
            device: line.dev.into_owned(),
            table: line.table.map_or_else(|| "main".to_owned(), Cow::into_owned),
        });
    }
    Ok(routes)
}

//! Reading back what is in the kernel.

use dualproof_model::family::IpFamily;

use super::numbers as n;
use super::{Base, Chain, Element, Filter, Hook, Map, Table, decode};
use crate::NetnsError;
use crate::link::family_number;
use crate::netlink::{Answer, Attributes, Requests, number, text};

impl Filter {
    /// Reads all tables of one family with their sets, chains and rules, as they are now. Each kind is asked for on its own: a change in between can
    /// be seen in part.
    ///
    /// # Errors
    /// [`NetnsError::Refused`] where the kernel does not say.
    pub fn tables(&self, family: IpFamily) -> Result<Vec<Table>, NetnsError> {
        let mut tables: Vec<Table> = Vec::new();
        for answer in self.list(n::GET_TABLE, family, "list the tables of rules", |_| {})? {
            let name = attributes(&answer).get(n::TABLE_NAME).map(text).unwrap_or_default();
            tables.push(Table { family, name, maps: Vec::new(), chains: Vec::new() });
        }
        for answer in self.list(n::GET_CHAIN, family, "list the chains of rules", |_| {})? {
            let attributes = attributes(&answer);
            let (Some(table), Some(chain)) = (table(&mut tables, attributes), chain(attributes)) else { continue };
            table.chains.push(chain);
        }
        for answer in self.list(n::GET_RULE, family, "list the rules", |_| {})? {
            let attributes = attributes(&answer);
            let name = attributes.get(n::RULE_CHAIN).map(text).unwrap_or_default();
            let chain = table(&mut tables, attributes).and_then(|table| table.chain_mut(&name));
            if let Some(chain) = chain {
                chain.rules.push(decode::rule(attributes.nested(n::RULE_EXPRESSIONS)));
            }
        }
        for answer in self.list(n::GET_SET, family, "list the sets of rules", |_| {})? {
            let attributes = attributes(&answer);
            let (Some(table), Some(mut map)) = (table(&mut tables, attributes), map(attributes)) else { continue };
            map.elements = self.elements(family, &table.name, &map.name)?;
            table.maps.push(map);
        }
        Ok(tables)
    }

    fn elements(&self, family: IpFamily, table: &str, set: &str) -> Result<Vec<Element>, NetnsError> {
        let answers = self.list(n::GET_ELEMENTS, family, "list the elements of a set of rules", |body| {
            body.string(n::ELEMENTS_TABLE, table);
            body.string(n::ELEMENTS_SET, set);
        })?;
        let mut elements = Vec::new();
        for answer in &answers {
            for (_, bytes) in attributes(answer).nested(n::ELEMENTS) {
                let element = Attributes::of(bytes);
                let Some(key) = element.nested(n::ELEMENT_KEY).get(n::DATA_VALUE) else { continue };
                let value = element.nested(n::ELEMENT_DATA).get(n::DATA_VALUE).map(<[u8]>::to_vec);
                elements.push(Element { key: key.to_vec(), value });
            }
        }
        elements.sort_unstable();
        Ok(elements)
    }

    fn list(
        &self,
        kind: u16,
        family: IpFamily,
        about: &str,
        fill: impl FnOnce(&mut crate::netlink::Body<'_>),
    ) -> Result<Vec<Answer>, NetnsError> {
        let mut requests = Requests::new();
        requests.push(kind, Requests::DUMP, about, |body| {
            body.bytes(&n::header(family_number(family)));
            fill(body);
        });
        self.socket.ask(requests, true)
    }
}

fn attributes(answer: &Answer) -> Attributes<'_> {
    Attributes::behind(n::HEADER, &answer.body)
}

/// Finds the table that something belongs to: its name is the first attribute of chains, rules and sets alike.
fn table<'a>(tables: &'a mut [Table], attributes: Attributes<'_>) -> Option<&'a mut Table> {
    let name = attributes.get(n::CHAIN_TABLE).map(text)?;
    tables.iter_mut().find(|table| table.name == name)
}

fn chain(attributes: Attributes<'_>) -> Option<Chain> {
    let hook = attributes.nested(n::CHAIN_HOOK);
    let base = hook.get(n::HOOK_NUMBER).and_then(number).and_then(Hook::of).map(|hook_kind| Base {
        kind: attributes.get(n::CHAIN_TYPE).map(text).unwrap_or_default(),
        hook: hook_kind,
        priority: hook.get(n::HOOK_PRIORITY).and_then(number).map_or(0, |bits| i32::from_ne_bytes(bits.to_ne_bytes())),
    });
    Some(Chain { name: attributes.get(n::CHAIN_NAME).map(text)?, base, rules: Vec::new() })
}

fn map(attributes: Attributes<'_>) -> Option<Map> {
    let value = |kind: u16| attributes.get(kind).and_then(number);
    Some(Map {
        name: attributes.get(n::SET_NAME).map(text)?,
        key_type: value(n::SET_KEY_TYPE)?,
        key_length: value(n::SET_KEY_LENGTH)?,
        value: value(n::SET_DATA_TYPE).zip(value(n::SET_DATA_LENGTH)),
        elements: Vec::new(),
    })
}

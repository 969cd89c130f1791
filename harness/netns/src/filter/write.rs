//! Writing tables into the kernel.

use dualproof_model::family::IpFamily;
use nix::sys::socket::SockProtocol;

use super::numbers as n;
use super::{Chain, Map, Table, encode};
use crate::NetnsError;
use crate::link::family_number;
use crate::netlink::{Requests, Socket};

/// As many elements as surely fit into one attribute, whose length has 16 bits.
const ELEMENTS_AT_ONCE: usize = 500;

/// The packet filter of the network namespace in which it was opened, for use from any thread.
pub struct Filter {
    pub(super) socket: Socket,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filter").finish_non_exhaustive()
    }
}

impl Filter {
    /// Opens that of the calling thread's network namespace; the name is for errors.
    ///
    /// # Errors
    /// [`NetnsError::System`] where the kernel has no netfilter.
    pub fn open(name: &str) -> Result<Self, NetnsError> {
        Ok(Self { socket: Socket::open(SockProtocol::NetlinkNetFilter, name)? })
    }

    /// Puts tables into the kernel, each instead of the one of its family and name, in one batch: no packet sees the old and the new mixed, or neither.
    /// Other tables stay as they are. Connections that are known to the kernel keep the way they had.
    ///
    /// # Errors
    /// [`NetnsError::Refused`] with the chain and the number of the rule that the kernel refused: nothing was changed. Also where the batch is
    /// larger than a user who is not root of the machine may send, some 4,000 elements.
    pub fn replace(&self, tables: &[Table]) -> Result<(), NetnsError> {
        self.batch(tables.is_empty(), |requests| {
            for table in tables {
                remove(requests, table.family, &table.name);
                add(requests, table);
            }
        })
    }

    /// Removes the table of a family and a name. One that is not there is no error.
    ///
    /// # Errors
    /// [`NetnsError::Refused`] where the kernel refuses.
    pub fn remove(&self, family: IpFamily, name: &str) -> Result<(), NetnsError> {
        self.batch(false, |requests| remove(requests, family, name))
    }

    fn batch(&self, is_empty: bool, fill: impl FnOnce(&mut Requests)) -> Result<(), NetnsError> {
        if is_empty {
            return Ok(());
        }
        let mut requests = Requests::new();
        requests.push(n::BATCH_BEGIN, 0, "begin a batch of rules", |body| body.bytes(&n::batch_header()));
        fill(&mut requests);
        requests.acknowledge_last();
        requests.push(n::BATCH_END, 0, "end a batch of rules", |body| body.bytes(&n::batch_header()));
        self.socket.change(requests)
    }
}

/// Makes the table where it is not there, so that it can be deleted in any case.
fn remove(requests: &mut Requests, family: IpFamily, name: &str) {
    let header = n::header(family_number(family));
    for (kind, flags, verb) in [(n::NEW_TABLE, Requests::CREATE, "make"), (n::DELETE_TABLE, 0, "delete")] {
        requests.push(kind, flags, format!("{verb} the table `{name}`"), |body| {
            body.bytes(&header);
            body.string(n::TABLE_NAME, name);
        });
    }
}

fn add(requests: &mut Requests, table: &Table) {
    let (header, title) = (n::header(family_number(table.family)), table.title());
    requests.push(n::NEW_TABLE, Requests::CREATE, format!("make the table `{title}`"), |body| {
        body.bytes(&header);
        body.string(n::TABLE_NAME, &table.name);
    });
    for chain in &table.chains {
        self::chain(requests, table, chain);
    }
    for (index, map) in (1..).zip(&table.maps) {
        self::map(requests, table, map, index);
    }
    for chain in &table.chains {
        for (index, rule) in chain.rules.iter().enumerate() {
            let about = format!("add rule {} of chain `{}` of the table `{title}`", index + 1, chain.name);
            requests.push(n::NEW_RULE, Requests::CREATE | Requests::APPEND, about, |body| {
                body.bytes(&header);
                body.string(n::RULE_TABLE, &table.name);
                body.string(n::RULE_CHAIN, &chain.name);
                encode::rule(body, table.family, rule);
            });
        }
    }
}

fn chain(requests: &mut Requests, table: &Table, chain: &Chain) {
    let about = format!("add the chain `{}` to the table `{}`", chain.name, table.title());
    requests.push(n::NEW_CHAIN, Requests::CREATE, about, |body| {
        body.bytes(&n::header(family_number(table.family)));
        body.string(n::CHAIN_TABLE, &table.name);
        body.string(n::CHAIN_NAME, &chain.name);
        if let Some(base) = &chain.base {
            body.nest(n::CHAIN_HOOK, |hook| {
                hook.number(n::HOOK_NUMBER, base.hook.number());
                hook.attribute(n::HOOK_PRIORITY, &base.priority.to_be_bytes());
            });
            body.number(n::CHAIN_POLICY, n::POLICY_ACCEPT);
            body.string(n::CHAIN_TYPE, &base.kind);
        }
    });
}

fn map(requests: &mut Requests, table: &Table, map: &Map, index: u32) {
    let (header, title) = (n::header(family_number(table.family)), table.title());
    let about = format!("add the set `{}` to the table `{title}`", map.name);
    requests.push(n::NEW_SET, Requests::CREATE, about, |body| {
        body.bytes(&header);
        body.string(n::SET_TABLE, &table.name);
        body.string(n::SET_NAME, &map.name);
        body.number(n::SET_FLAGS, if map.value.is_some() { n::SET_IS_MAP } else { 0 });
        body.number(n::SET_KEY_TYPE, map.key_type);
        body.number(n::SET_KEY_LENGTH, map.key_length);
        body.number(n::SET_ID, index);
        if let Some((kind, length)) = map.value {
            body.number(n::SET_DATA_TYPE, kind);
            body.number(n::SET_DATA_LENGTH, length);
        }
    });
    for elements in map.elements.chunks(ELEMENTS_AT_ONCE) {
        let about = format!("add elements to the set `{}` of the table `{title}`", map.name);
        requests.push(n::NEW_ELEMENTS, Requests::CREATE, about, |body| {
            body.bytes(&header);
            body.string(n::ELEMENTS_TABLE, &table.name);
            body.string(n::ELEMENTS_SET, &map.name);
            body.nest(n::ELEMENTS, |list| {
                for element in elements {
                    list.nest(n::LIST_ELEMENT, |body| {
                        body.nest(n::ELEMENT_KEY, |key| key.attribute(n::DATA_VALUE, &element.key));
                        if let Some(value) = &element.value {
                            body.nest(n::ELEMENT_DATA, |data| data.attribute(n::DATA_VALUE, value));
                        }
                    });
                }
            });
        });
    }
}

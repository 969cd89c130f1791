//! Expressions as the kernel gives them.

use super::numbers as n;
use super::{Expression, Meta, Part, Refusal, Verdict, encode};
use crate::netlink::{Attributes, number, text};

/// Reads the expressions of a rule. What is not known, or said in a way that is not, becomes [`Expression::Other`].
pub(super) fn rule(expressions: Attributes<'_>) -> Vec<Expression> {
    let known = expressions.filter(|(kind, _)| *kind == n::LIST_ELEMENT).map(|(_, bytes)| {
        let element = Attributes::of(bytes);
        let name = element.get(n::EXPRESSION_NAME).map(text).unwrap_or_default();
        expression(&name, element.nested(n::EXPRESSION_DATA)).unwrap_or(Expression::Other { name })
    });
    known.collect()
}

fn expression(name: &str, data: Attributes<'_>) -> Option<Expression> {
    let value = |kind: u16| data.get(kind).and_then(number);
    let into = |kind: u16| value(kind).map(register);
    Some(match name {
        "meta" => match (into(1), into(3)) {
            (Some(into), None) => Expression::Meta { key: meta(value(2)?)?, into },
            (None, Some(from)) if value(2) == Some(encode::meta_number(Meta::Mark)) => Expression::SetMark { from },
            _ => return None,
        },
        "payload" => Expression::Payload {
            part: match value(2)? {
                1 => Part::Network,
                2 => Part::Transport,
                _ => return None,
            },
            offset: value(3)?,
            length: value(4)?,
            into: into(1)?,
        },
        "fib" if (value(2), value(3)) == (Some(3), Some(2)) => Expression::DestinationKind { into: into(1)? },
        "ct" if value(2) == Some(2) => Expression::ConnectionStatus { into: into(1)? },
        "numgen" if value(3) == Some(1) && value(4).unwrap_or(0) == 0 => {
            Expression::Random { below: value(2)?, into: into(1)? }
        }
        "immediate" => immediate(value(1)?, data.nested(2))?,
        "bitwise" if value(1) == value(2) && data.nested(5).get(n::DATA_VALUE)?.iter().all(|byte| *byte == 0) => {
            Expression::Mask { register: into(1)?, mask: data.nested(4).get(n::DATA_VALUE)?.to_vec() }
        }
        "cmp" => Expression::Compare {
            register: into(1)?,
            is_equal: match value(2)? {
                0 => true,
                1 => false,
                _ => return None,
            },
            value: data.nested(3).get(n::DATA_VALUE)?.to_vec(),
        },
        "lookup" if value(5).unwrap_or(0) == 0 => {
            Expression::Lookup { set: data.get(1).map(text)?, key: into(2)?, into: into(3) }
        }
        "nat" if value(1) == Some(1) => Expression::Destination { address: into(3)?, port: into(5)? },
        "redir" => Expression::Redirect { port: into(1)? },
        "masq" if into(2).is_none() => Expression::Masquerade,
        "reject" => Expression::Reject(match (value(1)?, data.get(2)) {
            (1, _) => Refusal::Reset,
            (0, Some([3 | 4])) => Refusal::PortUnreachable,
            _ => return None,
        }),
        _ => return None,
    })
}

fn immediate(into: u32, data: Attributes<'_>) -> Option<Expression> {
    if let Some(value) = data.get(n::DATA_VALUE) {
        return Some(Expression::Value { value: value.to_vec(), into: register(into) });
    }
    let verdict = data.nested(n::DATA_VERDICT);
    let code = i32::from_be_bytes(verdict.get(n::VERDICT_CODE)?.try_into().ok()?);
    let chain = || verdict.get(n::VERDICT_CHAIN).map(text);
    Some(Expression::Verdict(match code {
        0 => Verdict::Drop,
        1 => Verdict::Accept,
        -3 => Verdict::Jump(chain()?),
        -4 => Verdict::Goto(chain()?),
        -5 => Verdict::Return,
        _ => return None,
    }))
}

fn meta(number: u32) -> Option<Meta> {
    const ALL: [Meta; 6] = [Meta::Mark, Meta::InInterface, Meta::OutInterface, Meta::User, Meta::Group, Meta::Protocol];
    ALL.into_iter().find(|key| encode::meta_number(*key) == number)
}

/// The kernel says the first, the fifth, the ninth … register of four bytes as the first, second, third … of sixteen
/// (linux:net/netfilter/nf_tables_api.c, `nft_dump_register`).
fn register(number: u32) -> u32 {
    if (1..=4).contains(&number) { 8 + 4 * (number - 1) } else { number }
}

//! Expressions as the kernel takes them.

use dualproof_model::family::IpFamily;

use super::numbers as n;
use super::{Expression, Meta, Part, Refusal, Verdict};
use crate::link::family_number;
use crate::netlink::Body;

/// Writes the expressions of a rule into a table of a family.
pub(super) fn rule(body: &mut Body<'_>, family: IpFamily, expressions: &[Expression]) {
    body.nest(n::RULE_EXPRESSIONS, |list| {
        for expression in expressions {
            list.nest(n::LIST_ELEMENT, |element| {
                element.string(n::EXPRESSION_NAME, name(expression));
                element.nest(n::EXPRESSION_DATA, |data| self::data(data, family, expression));
            });
        }
    });
}

/// The number that the kernel has for something about a packet.
pub(super) fn meta_number(key: Meta) -> u32 {
    match key {
        Meta::Mark => 3,
        Meta::InInterface => 6,
        Meta::OutInterface => 7,
        Meta::User => 10,
        Meta::Group => 11,
        Meta::Protocol => 16,
    }
}

fn name(expression: &Expression) -> &str {
    match expression {
        Expression::Meta { .. } | Expression::SetMark { .. } => "meta",
        Expression::Payload { .. } => "payload",
        Expression::DestinationKind { .. } => "fib",
        Expression::ConnectionStatus { .. } => "ct",
        Expression::Random { .. } => "numgen",
        Expression::Value { .. } | Expression::Verdict(_) => "immediate",
        Expression::Mask { .. } => "bitwise",
        Expression::Compare { .. } => "cmp",
        Expression::Lookup { .. } => "lookup",
        Expression::Destination { .. } => "nat",
        Expression::Redirect { .. } => "redir",
        Expression::Masquerade => "masq",
        Expression::Reject(_) => "reject",
        Expression::Other { name } => name,
    }
}

fn data(body: &mut Body<'_>, family: IpFamily, expression: &Expression) {
    match expression {
        Expression::Meta { key, into } => {
            body.number(2, meta_number(*key));
            body.number(1, *into);
        }
        Expression::SetMark { from } => {
            body.number(2, meta_number(Meta::Mark));
            body.number(3, *from);
        }
        Expression::Payload { part, offset, length, into } => {
            body.number(1, *into);
            body.number(2, if *part == Part::Network { 1 } else { 2 });
            body.number(3, *offset);
            body.number(4, *length);
        }
        Expression::DestinationKind { into } => {
            body.number(1, *into);
            body.number(2, 3);
            body.number(3, 2);
        }
        Expression::ConnectionStatus { into } => {
            body.number(2, 2);
            body.number(1, *into);
        }
        Expression::Random { below, into } => {
            body.number(1, *into);
            body.number(2, *below);
            body.number(3, 1);
        }
        Expression::Value { value, into } => {
            body.number(1, *into);
            body.nest(2, |data| data.attribute(n::DATA_VALUE, value));
        }
        Expression::Mask { register, mask } => {
            body.number(1, *register);
            body.number(2, *register);
            body.number(3, u32::try_from(mask.len()).unwrap_or(u32::MAX));
            body.nest(4, |data| data.attribute(n::DATA_VALUE, mask));
            body.nest(5, |data| data.attribute(n::DATA_VALUE, &vec![0; mask.len()]));
        }
        Expression::Compare { register, is_equal, value } => {
            body.number(1, *register);
            body.number(2, u32::from(!is_equal));
            body.nest(3, |data| data.attribute(n::DATA_VALUE, value));
        }
        Expression::Lookup { set, key, into } => {
            body.string(1, set);
            body.number(2, *key);
            if let Some(into) = into {
                body.number(3, *into);
            }
        }
        Expression::Destination { address, port } => {
            body.number(1, 1);
            body.number(2, u32::from(family_number(family)));
            body.number(3, *address);
            body.number(5, *port);
        }
        Expression::Redirect { port } => body.number(1, *port),
        Expression::Masquerade | Expression::Other { .. } => {}
        Expression::Reject(Refusal::Reset) => {
            body.number(1, 1);
            body.attribute(2, &[0]);
        }
        Expression::Reject(Refusal::PortUnreachable) => {
            body.number(1, 0);
            body.attribute(2, &[if family == IpFamily::IPv4 { 3 } else { 4 }]);
        }
        Expression::Verdict(verdict) => {
            body.number(1, 0);
            body.nest(2, |data| data.nest(n::DATA_VERDICT, |body| self::verdict(body, verdict)));
        }
    }
}

fn verdict(body: &mut Body<'_>, verdict: &Verdict) {
    let (code, chain) = match verdict {
        Verdict::Drop => (0, None),
        Verdict::Accept => (1, None),
        Verdict::Jump(chain) => (-3, Some(chain)),
        Verdict::Goto(chain) => (-4, Some(chain)),
        Verdict::Return => (-5_i32, None),
    };
    body.attribute(n::VERDICT_CODE, &code.to_be_bytes());
    if let Some(chain) = chain {
        body.string(n::VERDICT_CHAIN, chain);
    }
}

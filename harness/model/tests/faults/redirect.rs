//! Faults of the redirect inside a pod.

use dualproof_model::evidence::{IdRange, Match, Matcher, Rule, RuleSet, RuleTarget};

use super::surgery::{chain, no_source, rules};
use super::{EVERYONE, Mutant, V4, V6, dual, single};
use crate::lab::{CLIENT, SERVER};

pub(super) const FAULTS: &[Mutant] = &[
    // K10: the rules and the address of both families.
    dual(&["K10"], "the IPv6 rules of a server are flushed", |evidence, _| flush(rules(evidence, SERVER, V6))),
    dual(&["K10"], "the IPv6 rules of the client are flushed", |evidence, _| flush(rules(evidence, CLIENT, V6))),
    dual(&["K10"], "no IPv6 rules were ever written (istio/istio#46625)", |evidence, _| {
        rules(evidence, SERVER, V6).tables.clear();
    }),
    dual(&["K10"], "neither family is redirected, which is alike", |evidence, _| {
        [V4, V6].into_iter().for_each(|family| flush(rules(evidence, SERVER, family)));
    }),
    single(&["K10"], "the IPv4 rules are flushed behind an IPv4 Service", |evidence, _| {
        flush(rules(evidence, SERVER, V4));
    }),
    dual(&["K10"], "::6 is gone from lo", |evidence, _| no_source(evidence, SERVER)),
    dual(&["K10"], "only ISTIO_INBOUND of IPv4 is flushed", |evidence, _| {
        chain(evidence, SERVER, V4, "ISTIO_INBOUND").clear();
    }),
    dual(&["K10"], "the IPv6 chain lacks its final redirect (istio/istio#19940)", |evidence, _| {
        chain(evidence, SERVER, V6, "ISTIO_INBOUND").pop();
    }),
    dual(&["K10"], "the IPv6 rule is for another user", |evidence, _| {
        for matcher in chain(evidence, CLIENT, V6, "ISTIO_OUTPUT").iter_mut().flat_map(|rule| &mut rule.matchers) {
            if matches!(matcher.what, Match::UidOwner(_)) {
                matcher.what = Match::UidOwner(IdRange { first: 1338, last: 1338 });
            }
        }
    }),
    dual(&["K10"], "IPv6 connections go to another port", |evidence, _| {
        for target in
            chain(evidence, SERVER, V6, "ISTIO_IN_REDIRECT").iter_mut().filter_map(|rule| rule.target.as_mut())
        {
            target.options = "--to-ports 15007".to_owned();
        }
    }),
    dual(&["K10"], "IPv6 lacks the rule that leaves ::6 alone", |evidence, _| {
        chain(evidence, SERVER, V6, "ISTIO_OUTPUT").remove(0);
    }),
    dual(&["K10"], "the IPv6 rules stand in another order", |evidence, _| {
        chain(evidence, SERVER, V6, "ISTIO_INBOUND").reverse();
    }),
    dual(&["K10"], "a condition that nobody knows stands in one family", |evidence, _| {
        chain(evidence, SERVER, V4, "ISTIO_INBOUND")[4]
            .matchers
            .push(Matcher { negated: false, what: Match::Other("-m conntrack --ctstate NEW".to_owned()) });
    }),
    dual(&["K10"], "IPv6 drops what comes in", |evidence, _| {
        let drop =
            Rule { target: Some(RuleTarget { name: "DROP".to_owned(), ..RuleTarget::default() }), ..Rule::default() };
        chain(evidence, SERVER, V6, "PREROUTING").insert(0, drop);
    }),
    dual(&["K10"], "every pod lost ::6", |evidence, _| {
        EVERYONE.iter().for_each(|name| no_source(evidence, name));
    }),
];

fn flush(rules: &mut RuleSet) {
    rules.tables.iter_mut().flat_map(|table| &mut table.chains).for_each(|chain| chain.rules.clear());
}

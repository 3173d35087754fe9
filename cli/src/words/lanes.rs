//! What happens to lanes, in words and as JSON.

use bourse_sim::event::Event;
use bourse_sim::lane::List;
use serde_json::json;

use super::{Fields, Words, of, wei};
use crate::commands::lanes::{mandate_json, terms_json};
use crate::{amount, lane};

/// One sentence; empty for other events.
pub(super) fn sentence(words: &Words<'_>, event: &Event) -> String {
    match event {
        Event::TermsSet { requester, lane, terms } => {
            let price = terms.price_per_unit.saturating_mul(terms.work.into());
            let price = words.price(terms.token, price);
            let mut said = format!("lane {lane} of {} pays up to {price}", words.who(*requester));
            said += &format!(" for {} units of work within {} s", terms.work, terms.latency);
            match lane::capabilities(terms.capabilities).as_slice() {
                [] => said,
                capabilities => format!("{said}, {}", capabilities.join(", ")),
            }
        }
        Event::MandateSet { requester, lane, mandate } if mandate.until == 0 => {
            format!("lane {lane} of {} is routed by nobody else", words.who(*requester))
        }
        Event::MandateSet { requester, lane, mandate } => {
            let until = amount::clock(mandate.until);
            format!("keepers may route lane {lane} of {} until {until}", words.who(*requester))
        }
        Event::Listed { requester, lane, list, entries } => {
            format!("lane {lane} of {}: {} {} changed", words.who(*requester), entries.len(), name(*list))
        }
        Event::Routed { requester, lane, instance: 0, .. } => {
            format!("lane {lane} of {} leads nowhere", words.who(*requester))
        }
        Event::Routed { requester, lane, instance, by, .. } => {
            let (of, to, by) = (words.who(*requester), words.which(*instance), words.who(*by));
            format!("lane {lane} of {of} leads to {to}, by {by}")
        }
        _ => String::new(),
    }
}

/// The event with all its fields; none for other events.
pub(super) fn fields(event: &Event) -> Option<(&'static str, Fields)> {
    Some(match event {
        Event::TermsSet { requester, lane, terms } => {
            ("TermsSet", vec![("requester", of(*requester)), ("lane", json!(lane)), ("terms", terms_json(terms))])
        }
        Event::MandateSet { requester, lane, mandate } => {
            let mandate = ("mandate", mandate_json(mandate));
            ("MandateSet", vec![("requester", of(*requester)), ("lane", json!(lane)), mandate])
        }
        Event::Listed { requester, lane, list, entries } => {
            let entries: Vec<_> =
                entries.iter().map(|(account, on)| json!({ "account": of(*account), "listed": on })).collect();
            let fields = vec![("requester", of(*requester)), ("lane", json!(lane)), ("list", json!(name(*list)))];
            ("Listed", [fields, vec![("entries", json!(entries))]].concat())
        }
        Event::Routed { requester, lane, instance, version, by, tip } => {
            let fields = vec![("requester", of(*requester)), ("lane", json!(lane)), ("instance", json!(instance))];
            ("Routed", [fields, vec![("version", json!(version)), ("by", of(*by)), wei("tip", *tip)]].concat())
        }
        _ => return None,
    })
}

fn name(list: List) -> &'static str {
    match list {
        List::Keepers => "keepers",
        List::Mechanisms => "mechanisms",
        List::Provers => "provers",
    }
}

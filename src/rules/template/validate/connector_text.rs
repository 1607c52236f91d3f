//! Filters of one text of a connector that are wrong whatever its values.

use serde_json::Value as Json;

use crate::rules::template::analysis::connector_text::{TABLE, first_text};
use crate::rules::template::expression::has_filter;
use crate::rules::template::syntax::names;
use crate::rules::template::syntax::tokens::{self, unquoted};
use crate::rules::template::{Text, filters};

/// The filters that take a date format.
const OF_DATES: [&str; 2] = [READS, "format_date"];
/// The one that reads dates.
const READS: &str = "lire_date";

impl Text {
    /// What is wrong with an unknown filter in it, which would otherwise only show on evaluation.
    #[must_use]
    pub fn unknown_filter(&self) -> Option<String> {
        let tags = self.tokens();
        let mut filters = tags.iter().flat_map(|it| tokens::filters(it));
        let (_, name) = filters.find(|(_, name)| !has_filter(name))?;
        let instead = names::instead_of_filter_of_requests(name);
        Some(format!("filtre inconnu « {name} »{instead}"))
    }

    /// What is wrong with a literal table name that is not one of these, which would otherwise only show on evaluation.
    #[must_use]
    pub fn unknown_table(&self, tables: &Json) -> Option<String> {
        self.tokens().iter().find_map(|words| {
            let calls = tokens::filters(words).filter(|(_, name)| *name == TABLE);
            let mut named = calls.filter_map(|(at, _)| first_text(words, at));
            let name = named.find(|it| tables.get(it).is_none())?;
            let known = tables.as_object().into_iter().flatten();
            Some(filters::no_table(
                name,
                known.map(|(name, _)| name.as_str()),
            ))
        })
    }

    /// What is wrong with the format or the zone of a date, whatever the date.
    #[must_use]
    pub fn wrong_date(&self) -> Option<String> {
        self.tokens().iter().find_map(|words| {
            let mut dates = tokens::filters(words).filter(|(_, name)| OF_DATES.contains(name));
            dates.find_map(|(at, name)| {
                let format = first_text(words, at)?;
                let behind = &words[at + 3..];
                let zone = match behind {
                    [(_, ","), (_, "zone"), (_, "="), (_, zone), (_, ")"), ..] => unquoted(zone),
                    _ => None,
                };
                let fault = filters::fault_of_date(format, zone);
                let alone = name == READS && matches!(behind, [(_, ")"), ..]);
                let of_name = || filters::fault_of_zone_name(format).filter(|_| alone);
                fault.or_else(|| of_name().map(str::to_owned))
            })
        })
    }
}

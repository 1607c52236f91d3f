//! Tables in which a script looks up a given value: some of their keys may never occur.

use std::collections::BTreeMap;

use rhai::{ASTNode, Expr, Position};

use crate::rules::compared::{Asked, Compared};
use crate::rules::script::analysis::comparisons::Comparisons;
use crate::rules::script::analysis::names::{Bound, Names};
use crate::rules::script::position;

/// A table literal.
#[derive(Default)]
struct Table {
    keys: Vec<(String, Position)>,
    /// The values looked up in it, without duplicates.
    sought: Vec<Vec<String>>,
    /// Number of lookups.
    reads: usize,
    /// Number of mentions, including lookups.
    mentions: usize,
}

/// Adds the keys of every table that is only used to look up one value.
pub(super) fn note(file: &str, all: &[Names], found: &mut Comparisons) {
    let mut tables: BTreeMap<Position, Table> = BTreeMap::new();
    for names in all {
        names.walk(&mut |path| {
            if let Some(ASTNode::Expr(value)) = path.last() {
                if let Expr::Variable(..) = value
                    && let Some(table) = table(value, names, &mut tables)
                {
                    table.mentions += 1;
                }
                if let Some((value, sought)) = looked_up(value)
                    && let Some(Bound::Given(sought)) = names.bound(sought)
                    && let Some(table) = table(value, names, &mut tables)
                {
                    table.reads += 1;
                    if !table.sought.contains(&sought) {
                        table.sought.push(sought);
                    }
                }
            }
            true
        });
    }
    for table in tables.into_values() {
        let [sought] = table.sought.as_slice() else {
            continue;
        };
        if table.reads < table.mentions {
            continue;
        }
        for (word, at) in table.keys {
            let (line, column) = position(at);
            found.add(Compared {
                file: file.to_owned(),
                value: sought.join("."),
                word,
                asked: Asked::Whole,
                line,
                column,
            });
        }
    }
}

/// The table that a name stands for.
fn table<'t>(
    value: &Expr,
    names: &Names,
    tables: &'t mut BTreeMap<Position, Table>,
) -> Option<&'t mut Table> {
    let Some(Bound::Table(keys)) = names.bound(value) else {
        return None;
    };
    let (_, first) = keys.first()?;
    let table = tables.entry(*first).or_default();
    table.keys = keys;
    Some(table)
}

/// The table and the key of a lookup.
fn looked_up(value: &Expr) -> Option<(&Expr, &Expr)> {
    match value {
        // The engine turns « x in y » into `contains(y, x)`.
        Expr::FnCall(call, _) if call.name == "contains" => match call.args.as_slice() {
            [table, sought] => Some((table, sought)),
            _ => None,
        },
        Expr::Index(pair, ..) => Some((&pair.lhs, &pair.rhs)),
        Expr::Dot(pair, ..) => {
            let first = match &pair.rhs {
                Expr::Dot(rest, ..) | Expr::Index(rest, ..) => &rest.lhs,
                alone => alone,
            };
            match first {
                Expr::MethodCall(call, _) if ["get", "contains"].contains(&call.name.as_str()) => {
                    call.args.first().map(|sought| (&pair.lhs, sought))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

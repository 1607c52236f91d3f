//! Strings that `affecter` returns where a manager is required.

use std::collections::HashMap;

use rhai::{ASTNode, Expr, Position, Stmt};

use crate::rules::script::analysis::chain::{Chain, Link};
use crate::rules::script::analysis::given::{Kind, is_manager};
use crate::rules::script::analysis::names::Names;
use crate::rules::script::{ACTEUR_EN_CHARGE, GESTIONNAIRE_CONCERNE, Remark};

/// Every such string: in the result itself, or as the last value assigned to a variable of the result.
pub(super) fn texts(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    // Last position where each variable is returned.
    let mut answered: HashMap<String, Position> = HashMap::new();
    names.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::Map(entries, _))) = path.last() else {
            return true;
        };
        let keys = [GESTIONNAIRE_CONCERNE, ACTEUR_EN_CHARGE];
        let values: Vec<&Expr> = entries
            .0
            .iter()
            .filter(|(key, _)| keys.contains(&key.as_str()))
            .map(|(_, value)| value)
            .collect();
        // A message may have one of these keys for its template.
        if values.len() < keys.len() {
            return true;
        }
        for value in values {
            match value {
                Expr::Variable(it, _, at) => {
                    let last = answered.entry(it.1.to_string()).or_insert(*at);
                    *last = (*last).max(*at);
                }
                // A literal string is already reported as an invalid result.
                Expr::StringConstant(..) | Expr::InterpolatedString(..) => {}
                value => found.extend(fault(value, names)),
            }
        }
        true
    });
    // With two declarations of a name, the one returned may not be the one assigned a string.
    let declared = declared_by_let(names);
    answered.retain(|name, _| declared.get(name) == Some(&1));
    let mut last: HashMap<String, (Position, Option<Remark>)> = HashMap::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Assignment(it))) = path.last()
            && let Expr::Variable(name, _, at) = &it.1.lhs
            && answered.get(name.1.as_str()).is_some_and(|it| at < it)
        {
            let here = last.entry(name.1.to_string()).or_insert((*at, None));
            if *at >= here.0 {
                *here = (*at, fault(&it.1.rhs, names));
            }
        }
        true
    });
    found.extend(last.into_values().filter_map(|(_, it)| it));
    found.sort_by_key(|it| it.at);
    found
}

/// How many times each name is declared, without loop variables, whose value changes at each iteration.
fn declared_by_let(names: &Names) -> HashMap<String, usize> {
    let mut declared = names.part.declared();
    names.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::For(it, _))) = path.last() {
            declared.remove(it.0.as_str());
        }
        true
    });
    declared
}

fn fault(value: &Expr, names: &Names) -> Option<Remark> {
    names.kind(value).filter(|it| *it == Kind::Text)?;
    let field = Chain::of(value).and_then(|mut chain| {
        let (Link::Field(name), _) = chain.links.pop()? else {
            return None;
        };
        let of_manager = names.path(&chain).is_some_and(|it| is_manager(&it));
        of_manager.then(|| name.to_owned())
    });
    let message = match field {
        Some(name) => {
            format!("le résultat demande le gestionnaire entier, et non un texte : enlevez « .{name} »")
        }
        None => "le résultat demande un gestionnaire, et non un texte : prenez-le dans residence.gestionnaires avec « .get(\"…\") »".to_owned(),
    };
    Some(Remark::new(value.start_position(), message))
}

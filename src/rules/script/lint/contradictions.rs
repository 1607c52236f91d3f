//! Conditions that hold never, or always, whatever the values: one value cannot be two texts.

use rhai::{ASTNode, Expr};

use super::names::Names;
use crate::rules::script::Remark;
use crate::rules::script::chain::{Chain, Link};

/// Every condition that asks one value to be two texts, or to be not one or not the other.
pub(super) fn conditions(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        let [
            ..,
            before,
            ASTNode::Expr(value @ (Expr::And(..) | Expr::Or(..))),
        ] = path
        else {
            return true;
        };
        // It is looked at as a part of the whole.
        let is_part = matches!(
            (before, value),
            (ASTNode::Expr(Expr::And(..)), Expr::And(..))
                | (ASTNode::Expr(Expr::Or(..)), Expr::Or(..))
        );
        if !is_part {
            found.extend(of(value));
        }
        true
    });
    found
}

fn of(value: &Expr) -> Option<Remark> {
    let both = matches!(value, Expr::And(..));
    let mut all = Vec::new();
    flatten(value, both, &mut all);
    let sign = if both { "==" } else { "!=" };
    let asked: Vec<_> = all
        .into_iter()
        .filter_map(|it| comparison(it, sign))
        .collect();
    for (at, (shown, word, _)) in asked.iter().enumerate() {
        let other = asked[..at]
            .iter()
            .find(|(it, other, _)| it == shown && other != word);
        if let Some((_, other, _)) = other {
            let place = asked[at].2.start_position();
            let message = if both {
                format!(
                    "« {shown} » ne vaut jamais à la fois « {other} » et « {word} » : pour l'un ou l'autre, écrivez « || »"
                )
            } else {
                format!(
                    "cette condition est toujours vraie : « {shown} » ne peut pas être à la fois « {other} » et « {word} » ; pour exclure les deux, écrivez « && »"
                )
            };
            return Some((place, message));
        }
    }
    None
}

fn flatten<'e>(value: &'e Expr, both: bool, all: &mut Vec<&'e Expr>) {
    match value {
        Expr::And(parts, _) if both => parts.iter().for_each(|it| flatten(it, both, all)),
        Expr::Or(parts, _) if !both => parts.iter().for_each(|it| flatten(it, both, all)),
        value => all.push(value),
    }
}

/// A value that is compared with a text: as it is written, the text, and the whole.
fn comparison<'e>(value: &'e Expr, sign: &str) -> Option<(String, &'e str, &'e Expr)> {
    let Expr::FnCall(call, _) = value else {
        return None;
    };
    let [one, other] = call.args.as_slice() else {
        return None;
    };
    let ((of, Expr::StringConstant(word, _)) | (Expr::StringConstant(word, _), of)) = (one, other)
    else {
        return None;
    };
    if call.name != sign || call.op_token.is_none() {
        return None;
    }
    let chain = Chain::of(of)?;
    let mut shown = chain.root.to_owned();
    for (link, _) in &chain.links {
        match link {
            Link::Field(name) => shown = format!("{shown}.{name}"),
            Link::Key(name) => shown = format!("{shown}.get(\"{name}\")"),
            Link::Computed | Link::Call(_) => return None,
        }
    }
    Some((shown, word.as_str(), value))
}

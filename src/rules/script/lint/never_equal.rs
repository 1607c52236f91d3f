//! Comparisons that are never true because of the other side: a list, a manager, or an empty string for a value that is
//! `()` when missing.

use std::collections::HashSet;

use rhai::{ASTNode, Expr, FnCallExpr, Position};

use crate::rules::script::Remark;
use crate::rules::script::analysis::chain::Chain;
use crate::rules::script::analysis::given::{Kind, Seen, is_manager, may_be_absent, seen};
use crate::rules::script::analysis::names::{Bound, Names};

/// Fields whose values are ranked, but not alphabetically.
const RANKED: [&str; 3] = ["priorite", "statut", "statut_sowell"];

/// Every such comparison.
pub(super) fn values(names: &Names) -> Vec<Remark> {
    let mut found: Vec<(Vec<String>, Remark)> = Vec::new();
    // A value compared both with an empty string and with `()` is checked correctly.
    let mut asked = HashSet::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::FnCall(call, at))) = path.last()
            && let [one, two] = call.args.as_slice()
        {
            for (value, other) in [(one, two), (two, one)] {
                let Some(Bound::Given(path)) = names.bound(value) else {
                    continue;
                };
                if matches!(other, Expr::Unit(_)) {
                    asked.insert(path);
                } else if let Some(message) = of(call, value, &path, other, names) {
                    let is_empty = matches!(other, Expr::StringConstant(it, _) if it.is_empty());
                    let value = if is_empty { path } else { Vec::new() };
                    found.push((value, Remark::new(place(call, *at), message)));
                }
            }
        }
        true
    });
    let found = found.into_iter().filter(|(path, _)| !asked.contains(path));
    found.map(|(_, it)| it).collect()
}

/// Position where a comparison begins.
fn place(call: &FnCallExpr, at: Position) -> Position {
    match (call.name.as_str(), call.args.as_slice()) {
        ("contains", [_, value]) => value.start_position(),
        (_, [one, _]) => one.start_position(),
        _ => at,
    }
}

fn of(
    call: &FnCallExpr,
    value: &Expr,
    path: &[String],
    other: &Expr,
    names: &Names,
) -> Option<String> {
    let shown = Chain::of(value)?.shown()?;
    match call.name.as_str() {
        "==" => unlike(&shown, ["==", "in"], path, other, names),
        "!=" => unlike(&shown, ["!=", "!in"], path, other, names),
        "contains" if matches!(other, Expr::Array(all, _) if all.is_empty()) => Some(format!(
            "« {shown} in [] » n'est jamais vrai : cette liste est vide ; écrivez-y les valeurs voulues"
        )),
        "contains" => {
            let Some(Bound::Texts(words)) = names.bound(other) else {
                return None;
            };
            let of_types = words.iter().all(|(it, _)| is_like_type(it));
            let field = if of_types { "type" } else { "identifiant" };
            is_manager(path).then(|| {
                format!(
                    "« {shown} » est un gestionnaire, jamais un texte : comparez « {shown}.{field} »"
                )
            })
        }
        sign @ ("<" | ">" | "<=" | ">=") => {
            let Some(Bound::Text(word, _)) = names.bound(other) else {
                return None;
            };
            // Levels that contain a digit do sort alphabetically.
            if word.contains(|it: char| it.is_ascii_digit()) {
                return None;
            }
            let is_ranked = path.last().is_some_and(|it| RANKED.contains(&it.as_str()));
            is_ranked.then(|| {
                format!(
                    "« {sign} » compare les lettres, et non l'importance : écrivez la liste des mots voulus, « {shown} in [\"{word}\", …] »"
                )
            })
        }
        _ => None,
    }
}

/// Whether a string looks like a manager type, such as `responsable_secteur`; identifiers do not.
fn is_like_type(word: &str) -> bool {
    let sign = |it: char| it.is_ascii_lowercase() || it == '_';
    !word.is_empty() && word.chars().all(sign)
}

/// The message about a value that never equals the other side; the operators are the one used and the one for a list.
fn unlike(
    shown: &str,
    [sign, inside]: [&str; 2],
    path: &[String],
    other: &Expr,
    names: &Names,
) -> Option<String> {
    match names.bound(other)? {
        Bound::Texts(words) if words.is_empty() && matches!(other, Expr::Array(..)) => {
            let (kind, instead) = match (seen(path)?, sign) {
                (Seen::Plain(Kind::Number), "==") => (Kind::Number, "== 0"),
                (Seen::Plain(Kind::Number), _) => (Kind::Number, "> 0"),
                (Seen::Plain(Kind::Text), "==") => (Kind::Text, "== \"\""),
                (Seen::Plain(Kind::Text), _) => (Kind::Text, "!= \"\""),
                _ => return None,
            };
            Some(format!(
                "« {shown} » est {}, jamais une liste : écrivez « {shown} {instead} »",
                kind.in_french()
            ))
        }
        Bound::Texts(words) if matches!(seen(path), Some(Seen::Plain(_))) => {
            let list: Vec<String> = words.iter().map(|(it, _)| format!("\"{it}\"")).collect();
            let list = match other {
                Expr::Array(..) => format!("[{}]", list.join(", ")),
                named => Chain::of(named).and_then(|it| it.shown())?,
            };
            Some(format!(
                "« {sign} » ne compare jamais un texte avec ceux d'une liste : écrivez « {shown} {inside} {list} »"
            ))
        }
        Bound::Text(word, _) if word.is_empty() && may_be_absent(path) => Some(format!(
            "« {shown} » n'est jamais un texte vide : là où il manque, il vaut () ; écrivez « {shown} {sign} () »"
        )),
        Bound::Text(..) if seen(path) == Some(Seen::Open) => Some(format!(
            "« {shown} » est un ensemble de valeurs, jamais un texte : comparez l'une d'elles, « {shown}.get(\"…\") »"
        )),
        Bound::Text(word, _) if is_manager(path) => {
            let field = match word.as_str() {
                it if it.contains('@') => "email",
                it if it.contains(' ') => "nom",
                it if is_like_type(it) => "type",
                _ => "identifiant",
            };
            Some(format!(
                "« {shown} » est un gestionnaire, jamais un texte : écrivez « {shown}.{field} {sign} \"{word}\" »"
            ))
        }
        _ => None,
    }
}

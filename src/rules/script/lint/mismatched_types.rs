//! Comparisons between values of two types, which are never or always true.

use rhai::{ASTNode, Expr, FnCallExpr};

use crate::rules::calendar::{HEURE_DE, JOUR_DE_SEMAINE, MOIS_DE, MONTHS};
use crate::rules::script::Remark;
use crate::rules::script::analysis::absent_fields::written;
use crate::rules::script::analysis::chain::{Chain, Link, last_call};
use crate::rules::script::analysis::given::Kind;
use crate::rules::script::analysis::names::{Bound, Names};
use crate::rules::script::lint::calendar::is_hour_of_the_sender;
use crate::rules::script::lint::date_numbers::is_with_date;

/// Every comparison between values of different types.
pub(super) fn unlike(names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::FnCall(call, at))) = path.last()
            && (call.op_token.is_some()
                || call.name == "contains" && !names.is_function("contains"))
            && let Some(message) = of_call(call, names)
        {
            found.push(Remark::new(*at, message));
        }
        true
    });
    found
}

fn of_call(call: &FnCallExpr, names: &Names) -> Option<String> {
    let [one, other] = call.args.as_slice() else {
        return None;
    };
    // The remark about such an hour already says what to compare it with.
    if [one, other]
        .into_iter()
        .any(|it| is_hour_of_the_sender(it, names))
    {
        return None;
    }
    if call.name == "contains" {
        return in_list(one, other, names);
    }
    // So does the one about a date compared with a number.
    if is_with_date(call, names) {
        return None;
    }
    let outcome = match call.name.as_str() {
        "==" => "ne sont jamais égaux",
        "!=" => "sont toujours différents",
        "<" | ">" | "<=" | ">=" => "ne se comparent pas : le résultat est toujours false",
        _ => return None,
    };
    let kinds = (names.kind(one)?, names.kind(other)?);
    let (flag, text) = (Kind::Flag, Kind::Text);
    let hint = match kinds {
        (a, b) if a == b => return None,
        _ if kinds.0 == flag || kinds.1 == flag => {
            if is_told_elsewhere([one, other], names) {
                return None;
            }
            if [one, other].iter().any(|it| matches!(it, Expr::FnCall(..))) {
                let ((Kind::Flag, kind) | (kind, _)) = kinds;
                return Some(format!(
                    "{} est comparé ici avec le résultat d'une autre comparaison : écrivez-les à part, avec « && » ou « || » entre elles",
                    kind.in_french()
                ));
            }
            "true et false s'écrivent sans guillemets, et ne sont pas des nombres".to_owned()
        }
        _ => {
            let (of_text, of_number) = if kinds.0 == text {
                (one, other)
            } else {
                (other, one)
            };
            text_as_number(of_text, of_number, names)
        }
    };
    let [first, second] = [kinds.0, kinds.1].map(Kind::in_french);
    Some(format!("{first} et {second} {outcome} ; {hint}"))
}

/// The remedy for a string compared with a number.
fn text_as_number(text: &Expr, number: &Expr, names: &Names) -> String {
    match (text, number) {
        (Expr::StringConstant(it, _), _) if it.trim().parse::<f64>().is_ok() => {
            "écrivez ce nombre sans guillemets".to_owned()
        }
        (value, _) if asks(value, JOUR_DE_SEMAINE, names) => format!(
            "« {JOUR_DE_SEMAINE} » donne le nom du jour : écrivez par exemple « {JOUR_DE_SEMAINE}(…) in [\"samedi\", \"dimanche\"] »"
        ),
        (Expr::StringConstant(it, _), value) if asks(value, MOIS_DE, names) => number_of_month(it),
        (Expr::StringConstant(it, _), value) if asks(value, HEURE_DE, names) => number_of_hour(it),
        (Expr::StringConstant(it, _), value) if it.trim().is_empty() => {
            let shown = Chain::of(value).and_then(|it| written(&it));
            let shown = shown.unwrap_or_else(|| "…".to_owned());
            format!("un nombre n'est jamais vide : pour « aucun », comparez « {shown} » avec 0")
        }
        (Expr::StringConstant(..), _) => "écrivez ici un nombre, sans guillemets".to_owned(),
        (value, _) => {
            if let Some(date) = date_of_time(value) {
                format!("l'heure d'un signalement est « {HEURE_DE}({date}) », qui est un nombre")
            } else {
                let shown = Chain::of(value).and_then(|it| written(&it));
                let shown = shown.unwrap_or_else(|| "…".to_owned());
                format!("« parse_int({shown}) » fait d'un texte un nombre")
            }
        }
    }
}

/// Whether an expression is a call of this date function.
fn asks(value: &Expr, function: &str, names: &Names) -> bool {
    let is_it = |it: &FnCallExpr| it.name == function;
    let here = match value {
        Expr::FnCall(call, _) => is_it(call),
        value => last_call(value).is_some_and(is_it),
    };
    here && !names.is_function(function)
}

/// The remedy for a month written by name.
fn number_of_month(name: &str) -> String {
    let name = name.trim().to_lowercase();
    let number = MONTHS.iter().position(|it| *it == name);
    let number = number.map_or_else(
        || "de 1 à 12".to_owned(),
        |at| format!("{}, sans guillemets", at + 1),
    );
    format!("« {MOIS_DE} » donne le numéro du mois : écrivez {number}")
}

/// The remedy for an hour written as a string: « 18:30 », « 18h ».
fn number_of_hour(text: &str) -> String {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let hour = text[..digits].parse::<u8>().ok().filter(|it| *it < 24);
    let hour = hour.map_or_else(
        || "un nombre de 0 à 23".to_owned(),
        |hour| format!("{hour}, sans guillemets"),
    );
    format!("« {HEURE_DE} » donne l'heure, sans les minutes : écrivez {hour}")
}

/// Whether this comparison with a boolean gets another remark.
fn is_told_elsewhere(sides: [&Expr; 2], names: &Names) -> bool {
    let any = |of: &dyn Fn(&Expr) -> bool| sides.iter().any(|it| of(it));
    // A given value compared with a string is reported among the words that no table contains.
    let given = |it: &Expr| matches!(names.bound(it), Some(Bound::Given(_)));
    let written = |it: &Expr| matches!(it, Expr::StringConstant(..));
    // Negating a value that is not a boolean has its own remark.
    let negated = |it: &Expr| matches!(it, Expr::FnCall(call, _) if call.name == "!");
    any(&given) && any(&written) || any(&negated)
}

/// The date, as source text, from which this expression takes the part after the `T`.
fn date_of_time(value: &Expr) -> Option<String> {
    let mut chain = Chain::of(value)?;
    match chain.links.as_slice() {
        [
            ..,
            (Link::Field("date_creation"), _),
            (Link::Call(call), _),
            (Link::Computed, _),
        ] if call.name == "split" => {
            chain.links.truncate(chain.links.len() - 2);
            chain.shown()
        }
        _ => None,
    }
}

/// A string searched for in a list of numbers, or a number in a list of strings.
fn in_list(list: &Expr, value: &Expr, names: &Names) -> Option<String> {
    let Expr::Array(all, _) = list else {
        return None;
    };
    let kind = names.kind(value)?;
    let other = match kind {
        Kind::Text => Kind::Number,
        Kind::Number => Kind::Text,
        Kind::Flag => return None,
    };
    if all.is_empty() || all.iter().any(|it| names.kind(it) != Some(other)) {
        return None;
    }
    let written: Option<Vec<String>> = all
        .iter()
        .map(|it| match it {
            Expr::IntegerConstant(it, _) => Some(format!("\"{it}\"")),
            Expr::StringConstant(it, _) => it.parse::<i64>().ok().map(|it| it.to_string()),
            _ => None,
        })
        .collect();
    let hint = written.map(|it| format!(" : écrivez « [{}] »", it.join(", ")));
    Some(format!(
        "{} n'est jamais dans cette liste, dont chaque valeur est {}{}",
        kind.in_french(),
        other.in_french(),
        hint.unwrap_or_default()
    ))
}

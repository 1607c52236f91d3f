//! Reads of fields that a script's input never has, each with what is wrong with it: a lint reports them, and a call
//! that fails at one is explained by it.

use rhai::{ASTNode, Expr, FnCallExpr, Position, Stmt};

use crate::rules::diagnostic::{Listed, suggestion_of};
use crate::rules::finding::Finding;
use crate::rules::script::analysis::chain::{Chain, Link};
use crate::rules::script::analysis::given::{Kind, Seen, seen};
use crate::rules::script::analysis::library;
use crate::rules::script::analysis::names::Names;
use crate::rules::script::analysis::uses::OF_ALL;

/// Reads of fields that never exist.
pub(in crate::rules::script) fn reads(names: &Names) -> Vec<Finding<Position>> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Expr(value @ (Expr::Dot(..) | Expr::Index(..)))) => {
                if let Some(chain) = Chain::of(value) {
                    found.extend(look(&chain, None, names));
                }
            }
            // The engine turns « x in y » into `contains(y, x)`.
            Some(ASTNode::Expr(Expr::FnCall(call, _))) if call.name == "contains" => {
                if let [all, Expr::StringConstant(name, at)] = call.args.as_slice()
                    && let Some(chain) = Chain::of(all)
                {
                    found.extend(look(&chain, Some((name, *at)), names));
                }
            }
            Some(ASTNode::Stmt(Stmt::For(it, _))) => {
                found.extend(not_a_list(&it.2.expr, names));
            }
            _ => {}
        }
        true
    });
    found
}

/// What is wrong with the first access of a chain that leads nowhere.
fn look(
    chain: &Chain<'_>,
    sought: Option<(&str, Position)>,
    names: &Names,
) -> Option<Finding<Position>> {
    let mut path = names.root(chain)?.to_vec();
    let mut shown = chain.root.to_owned();
    let sought = sought.map(|(name, at)| (Link::Key(name), at));
    for (number, (link, at)) in chain.links.iter().chain(&sought).enumerate() {
        let name = match link {
            Link::Field(name) | Link::Key(name) => *name,
            Link::Computed => "*",
            Link::Call(call) => match call.args.as_slice() {
                _ if seen(&path) == Some(Seen::Plain(Kind::Number)) && !names.is_changed(&path) => {
                    return not_of_number(&shown, call).map(|message| Finding::new(*at, message));
                }
                [Expr::StringConstant(name, _)] if call.name == "contains" => name.as_str(),
                _ => return None,
            },
        };
        let whole = path.clone();
        path.push(name.to_owned());
        if names.is_changed(&path) {
            return None;
        }
        let is_of_all = whole.last().is_some_and(|it| it == "gestionnaires");
        if matches!(link, Link::Field(name) if is_of_all && OF_ALL.contains(name)) {
            let next = chain.links.get(number + 1).map(|(it, _)| it);
            return Some(Finding::new(*at, without_parentheses(&shown, name, next)));
        }
        match (seen(&whole)?, link) {
            (Seen::Fields(_), Link::Computed) => return None,
            (Seen::Fields(known), _) if !known.contains(&name) => {
                let near = nearest_field(name, &known);
                let message = format!("« {shown} » n'a pas de champ « {name} » : {near}");
                return Some(Finding::new(*at, message));
            }
            (Seen::Plain(kind), Link::Field(_)) if !library::is_field(name) => {
                return Some(Finding::new(*at, not_of_plain(&shown, &whole, kind, name)));
            }
            (Seen::Plain(_), _) | (_, Link::Call(_)) => return None,
            _ => {}
        }
        match link {
            Link::Field(name) => shown = format!("{shown}.{name}"),
            Link::Key(name) => shown = format!("{shown}.get(\"{name}\")"),
            _ => shown = format!("{shown}[…]"),
        }
    }
    None
}

/// A method written like a field; `next` is what follows instead of its arguments.
fn without_parentheses(shown: &str, name: &str, next: Option<&Link<'_>>) -> String {
    let given = match next {
        Some(Link::Key(given)) => format!("\"{given}\""),
        Some(_) => "…".to_owned(),
        None => String::new(),
    };
    format!("« {name} » demande des parenthèses : écrivez « {shown}.{name}({given}) »")
}

/// The field that was probably meant, or the list of known fields.
fn nearest_field(name: &str, known: &[&str]) -> String {
    // « email » for « email_auteur ».
    let mut longer = known
        .iter()
        .filter(|it| it.split('_').any(|part| part == name));
    match (longer.next(), longer.next()) {
        (Some(one), None) => format!("vouliez-vous dire « {one} » ?"),
        _ => suggestion_of(Listed::Names, name, known.iter().copied()),
    }
}

/// A field of a value that has no fields.
fn not_of_plain(shown: &str, path: &[String], kind: Kind, name: &str) -> String {
    let last = path.last().map_or("", String::as_str);
    let root = path.first().map_or("", String::as_str);
    let asked = [last.to_owned(), name.to_owned()];
    let hint = match name {
        // A code instead of the object it names: only `affecter` receives these objects, and never a bien.
        _ if root == "signalement" && path.len() == 2 && seen(&asked).is_some() => match last {
            "bien" => " : c'est le code du bien".to_owned(),
            last => format!(" : c'est un code ; écrivez « {last}.{name} »"),
        },
        "length" | "size" | "count" | "longueur" | "taille" if kind == Kind::Text => {
            format!(" : sa longueur est « {shown}.len() »")
        }
        "to_lower" | "to_upper" if kind == Kind::Text => {
            format!(" : écrivez « {shown}.{name}() », avec des parenthèses")
        }
        name if last == "date_creation" => part_of_date(shown, name).unwrap_or_default(),
        _ => String::new(),
    };
    let value = match kind {
        Kind::Flag => "vaut true ou false".to_owned(),
        kind => format!("est {}", kind.in_french()),
    };
    format!("« {shown} » {value}, sans champ « {name} »{hint}")
}

/// A method called on a number as if it were a string or a list.
fn not_of_number(shown: &str, call: &FnCallExpr) -> Option<String> {
    let of_others = [
        "contains",
        "get",
        "is_empty",
        "len",
        "starts_with",
        "sub_string",
    ];
    let name = call.name.as_str();
    of_others.contains(&name).then(|| {
        format!("« {shown} » est déjà un nombre : « {name} » ne s'y emploie pas ; comparez par exemple « {shown} > 0 »")
    })
}

fn part_of_date(shown: &str, name: &str) -> Option<String> {
    let told = match name {
        "year" | "annee" => format!("l'année est le texte « {shown}.sub_string(0, 4) »"),
        "month" | "mois" => format!("le mois à Paris, de 1 à 12, est « mois_de({shown}) »"),
        "day" | "jour" => format!(
            "le jour du mois est le texte « {shown}.sub_string(8, 2) », celui de la semaine « jour_de_semaine({shown}) »"
        ),
        "hour" | "heure" => format!("l'heure à Paris, de 0 à 23, est « heure_de({shown}) »"),
        _ => return None,
    };
    Some(format!(" : {told}"))
}

/// An object used as a list.
fn not_a_list(value: &Expr, names: &Names) -> Option<Finding<Position>> {
    let chain = Chain::of(value)?;
    let path = names.path(&chain)?;
    if names.is_changed(&path) {
        return None;
    }
    let shown = written(&chain)?;
    let at = value.start_position();
    match seen(&path)? {
        Seen::Open | Seen::Fields(_) => Some(Finding::new(
            at,
            format!(
                "« {shown} » n'est pas une liste : écrivez « {shown}.values() » pour parcourir ses valeurs, ou « {shown}.keys() » pour leurs noms"
            ),
        )),
        Seen::Plain(_) => None,
    }
}

/// A chain of fields as source text; `None` if it has any other access.
pub(in crate::rules::script) fn written(chain: &Chain<'_>) -> Option<String> {
    let mut all = vec![chain.root];
    for (link, _) in &chain.links {
        match link {
            Link::Field(name) => all.push(name),
            _ => return None,
        }
    }
    Some(all.join("."))
}

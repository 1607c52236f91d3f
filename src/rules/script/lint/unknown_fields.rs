//! Reads of fields that a script's input never has, and assignments to that input that nothing reads, since a script
//! gets a copy.

use rhai::{ASTNode, Expr, FnCallExpr, Position, Stmt};

use crate::rules::diagnostic::{Listed, suggestion_of};
use crate::rules::script::Remark;
use crate::rules::script::analysis::chain::{Chain, Link};
use crate::rules::script::analysis::given::{Kind, Seen, seen};
use crate::rules::script::analysis::library;
use crate::rules::script::analysis::names::{Names, related};
use crate::rules::script::analysis::uses::OF_ALL;

/// Reads of fields that never exist.
pub(in crate::rules::script) fn absent(names: &Names) -> Vec<Remark> {
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
fn look(chain: &Chain<'_>, sought: Option<(&str, Position)>, names: &Names) -> Option<Remark> {
    let mut path = names.root(chain)?.to_vec();
    let mut shown = chain.root.to_owned();
    let sought = sought.map(|(name, at)| (Link::Key(name), at));
    for (number, (link, at)) in chain.links.iter().chain(&sought).enumerate() {
        let name = match link {
            Link::Field(name) | Link::Key(name) => *name,
            Link::Computed => "*",
            Link::Call(call) => match call.args.as_slice() {
                _ if seen(&path) == Some(Seen::Plain(Kind::Number)) && !names.is_changed(&path) => {
                    return not_of_number(&shown, call).map(|message| Remark::new(*at, message));
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
            return Some(Remark::new(*at, without_parentheses(&shown, name, next)));
        }
        match (seen(&whole)?, link) {
            (Seen::Fields(_), Link::Computed) => return None,
            (Seen::Fields(known), _) if !known.contains(&name) => {
                let near = nearest_field(name, &known);
                let message = format!("« {shown} » n'a pas de champ « {name} » : {near}");
                return Some(Remark::new(*at, message));
            }
            (Seen::Plain(kind), Link::Field(_)) if !library::is_field(name) => {
                return Some(Remark::new(*at, not_of_plain(&shown, &whole, kind, name)));
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
fn not_a_list(value: &Expr, names: &Names) -> Option<Remark> {
    let chain = Chain::of(value)?;
    let path = names.path(&chain)?;
    if names.is_changed(&path) {
        return None;
    }
    let shown = written(&chain)?;
    let at = value.start_position();
    match seen(&path)? {
        Seen::Open | Seen::Fields(_) => Some(Remark::new(
            at,
            format!(
                "« {shown} » n'est pas une liste : écrivez « {shown}.values() » pour parcourir ses valeurs, ou « {shown}.keys() » pour leurs noms"
            ),
        )),
        Seen::Plain(_) => None,
    }
}

/// A chain of fields as source text; `None` if it has any other access.
pub(super) fn written(chain: &Chain<'_>) -> Option<String> {
    let mut all = vec![chain.root];
    for (link, _) in &chain.links {
        match link {
            Link::Field(name) => all.push(name),
            _ => return None,
        }
    }
    Some(all.join("."))
}

/// Assignments to the script's input that it never reads later.
pub(super) fn set_in_vain(names: &Names) -> Vec<Remark> {
    // A closure shares its captured variables with the code around it.
    if names.part.is_closure() {
        return Vec::new();
    }
    let mut set: Vec<(Vec<String>, Position, String)> = Vec::new();
    let mut read: Vec<(Vec<String>, Position)> = Vec::new();
    let (mut hidden, mut repeated) = (false, false);
    names.walk(&mut |path| {
        match path {
            // The engine does not walk into the expressions of these statements.
            [
                ..,
                ASTNode::Stmt(Stmt::BreakLoop(Some(_), ..) | Stmt::Share(_)),
            ] => hidden = true,
            [
                ..,
                ASTNode::Stmt(Stmt::For(..) | Stmt::While(..) | Stmt::Do(..)),
            ] => repeated = true,
            [.., ASTNode::Stmt(Stmt::Assignment(it))] => {
                if let Some(chain) = Chain::of(&it.1.lhs)
                    && !chain.links.is_empty()
                    && let Some(path) = names.path(&chain)
                {
                    set.push((path, it.1.lhs.start_position(), chain.root.to_owned()));
                }
            }
            [before @ .., ASTNode::Expr(value @ Expr::Variable(..))] => {
                read.extend(reading(before, value, names));
            }
            _ => {}
        }
        true
    });
    if hidden {
        return Vec::new();
    }
    let in_vain = set.into_iter().filter(|(path, at, _)| {
        let mut later = read.iter().filter(|(_, it)| repeated || it > at);
        !later.any(|(it, _)| related(it, path))
    });
    in_vain
        .map(|(path, at, root)| {
            let also = match path.first().map(String::as_str) {
                Some("evenement") => " ni aux e-mails",
                _ => "",
            };
            let message =
                format!("« {root} » est une copie : cette ligne ne change rien à la demande{also}");
            Remark::new(at, message)
        })
        .collect()
}

/// The path read through a variable; `None` if the script assigns it here.
fn reading(before: &[ASTNode], variable: &Expr, names: &Names) -> Option<(Vec<String>, Position)> {
    let alone = Chain::of(variable)?;
    let at = variable.start_position();
    let mut path = names.root(&alone)?.to_vec();
    let is_variable = |it: &Expr| std::ptr::eq(it, variable);
    let whole = match before.last() {
        Some(ASTNode::Expr(whole @ (Expr::Dot(pair, ..) | Expr::Index(pair, ..))))
            if is_variable(&pair.lhs) =>
        {
            *whole
        }
        _ => variable,
    };
    let chain = Chain::of(whole)?;
    for (link, _) in &chain.links {
        match link {
            Link::Field(name) | Link::Key(name) => path.push((*name).to_owned()),
            Link::Computed | Link::Call(_) => break,
        }
    }
    // The new value may be computed from the old one.
    let set_here = before.iter().any(|it| match it {
        ASTNode::Stmt(Stmt::Assignment(it)) => {
            let set = Chain::of(&it.1.lhs).and_then(|it| names.path(&it));
            set.is_some_and(|set| set == path) || std::ptr::eq(&raw const it.1.lhs, whole)
        }
        _ => false,
    });
    (!set_here).then_some((path, at))
}

//! Names that one function knows, where another one or no function uses them.

use super::{Entry, Refused};
use crate::rules::finding::Finding;
use crate::rules::place::line_of;
use crate::rules::script::syntax::outline::{Function, functions};
use crate::rules::script::syntax::tokens::{Token, tokens};

/// What to do about a name that is unknown here and known elsewhere; `entry` is the script's function.
pub(super) fn find(name: &str, refused: &Refused<'_>, entry: Entry<'_>) -> Option<Finding> {
    let Refused { text, at, place } = *refused;
    let (function, parameters) = entry;
    let all = functions(text);
    let Some(own) = all.iter().find(|it| it.extent.contains(&at)) else {
        let knowing = all.iter().find(|it| it.knows(name))?;
        return Some(beside(text, at, knowing, &all));
    };
    let position = parameters.iter().position(|it| *it == name)?;
    if own.name == function {
        let is_whole = own.parameters.len() == parameters.len();
        let renamed = own.parameters.get(position).filter(|_| is_whole)?;
        let message = format!("variable inconnue : « {name} » s'appelle ici « {renamed} »");
        return Some(Finding::new(place, message));
    }
    let is_given = all.iter().any(|it| it.parameters.contains(&name));
    is_given.then(|| {
        let mut given = own.parameters.clone();
        given.push(name);
        let (own, given) = (own.name, given.join(", "));
        let message = format!(
            "la fonction « {own} » ne connaît pas « {name} » : écrivez « fn {own}({given}) », et ajoutez « {name} » là où elle est appelée"
        );
        Finding::new(place, message)
    })
}

/// The lines beside all functions that belong into one of them.
fn beside(text: &str, at: usize, function: &Function<'_>, all: &[Function<'_>]) -> Finding {
    let after = all.iter().rev().find(|it| it.extent.end <= at);
    let next = all.iter().find(|it| it.extent.start > at);
    let from = after.map_or(0, |it| it.extent.end);
    let to = next.map_or(text.len(), |it| it.extent.start);
    let outside: Vec<Token> = tokens(text)
        .filter(|it| it.counts() && (from..to).contains(&it.at))
        .collect();
    let ends = |it: &[Token<'_>]| Some((it.first()?.at, it.last()?.at));
    let (begins, ends) = ends(&outside).unwrap_or((at, at));
    let line = |at: usize| line_of(text, at);
    let (them, are) = match (line(begins), line(ends)) {
        (first, last) if first == last => ("-la", "cette ligne est".to_owned()),
        (first, last) => ("-les", format!("les lignes {first} à {last} sont")),
    };
    let name = function.name;
    let extent = [function.extent.start, function.extent.end - 1].map(line);
    let into = match function.result() {
        None => " à la fin de la fonction, avant l'accolade qui la ferme".to_owned(),
        Some(result) => {
            let front = text[..result].rsplit('\n').next().unwrap_or_default();
            if front.trim().is_empty() {
                format!(" dedans, avant la ligne {}", line(result))
            } else {
                " dedans, avant son résultat".to_owned()
            }
        }
    };
    let message = format!(
        "{are} hors de la fonction « {name} » (lignes {} à {}) : mettez{them}{into}",
        extent[0], extent[1]
    );
    Finding::new(begins, message).within(text)
}

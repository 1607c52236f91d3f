//! The engine's errors in French, worded for people who are not programmers.

use minijinja::{Error, ErrorKind};

use crate::rules::finding::Finding;
use crate::rules::pasted;
use crate::rules::template::advice;
use crate::rules::template::syntax::names;
use crate::rules::template::syntax::unclosed;

/// Parts of the parser's messages, and what to tell the author. The first match counts.
const SLIPS: [(&str, &str); 20] = [
    (
        "unexpected end of string",
        "un guillemet ou une apostrophe n'est pas refermé",
    ),
    (
        "unexpected end of comment",
        "un commentaire « {# … #} » n'est pas refermé",
    ),
    ("unexpected end of raw block", "il manque « {% endraw %} »"),
    (
        "unknown statement end",
        "cette fin ne ferme rien : l'instruction qu'elle termine manque avant",
    ),
    (
        "unknown statement",
        "cette instruction « {% … %} » n'existe pas",
    ),
    (
        "expected statement",
        "un nom d'instruction manque après « {% »",
    ),
    ("unexpected input", "il y a quelque chose en trop ici"),
    (
        "Too many arguments",
        "trop de valeurs entre les parenthèses",
    ),
    (
        "'continue' must",
        "« continue » ne va qu'à l'intérieur d'une boucle « {% for … %} »",
    ),
    (
        "'break' must",
        "« break » ne va qu'à l'intérieur d'une boucle « {% for … %} »",
    ),
    (
        "reserved variable name",
        "ce nom est réservé : choisissez-en un autre",
    ),
    (
        "block tags in macros",
        "« {% block %} » ne va pas à l'intérieur de « {% macro %} »",
    ),
    ("defined twice", "ce bloc est défini deux fois"),
    (
        "mismatching name on block",
        "« {% endblock %} » ne porte pas le nom de son bloc",
    ),
    (
        "starting with an underline",
        "un nom qui commence par « _ » ne s'importe pas",
    ),
    (
        "in call block",
        "« {% call %} » demande un appel, comme « {% call nom() %} »",
    ),
    ("Required blocks", "un bloc « required » doit être vide"),
    ("invalid float", "ce nombre n'est pas correct"),
    ("invalid integer", "ce nombre est trop grand"),
    ("end of number", "ce nombre n'est pas correct"),
];

/// Parts of the engine's messages about impossible operations, and what is wrong.
const IMPOSSIBLE: [(&str, &str); 27] = [
    ("not a string", "il faut un texte"),
    ("be multiplied", "seuls des nombres se multiplient"),
    ("too large", "le résultat est trop long"),
    ("too many elements", "cet intervalle est trop long"),
    (
        "cannot calculate length",
        "cette valeur n'a pas de longueur",
    ),
    ("not iterable", "cette valeur n'est pas une liste"),
    ("must be iterable", "cette valeur n'est pas une liste"),
    ("non-iterable", "cette valeur n'est pas une liste"),
    ("to list", "cette valeur n'est pas une liste"),
    ("pair", "cette valeur n'a pas de clés"),
    ("first item", "cette valeur n'est pas une liste"),
    ("last item", "cette valeur n'est pas une liste"),
    ("cannot join", "cette valeur n'est pas une liste"),
    ("cannot be sliced", "cette valeur ne se découpe pas"),
    ("reverse", "cette valeur ne se lit pas à l'envers"),
    (
        "containment check",
        "« in » ne cherche que dans un texte ou une liste",
    ),
    ("callable", "une valeur ne s'écrit pas avec des parenthèses"),
    (
        "operator on unsupported types",
        "ces deux valeurs ne se calculent pas ensemble ; des textes se collent avec « ~ »",
    ),
    ("unable to calculate", "ce calcul n'a pas de résultat"),
    ("only sum numbers", "seuls des nombres s'additionnent"),
    ("absolute value", "il faut un nombre"),
    ("round", "il faut un nombre"),
    ("cannot convert", "cette valeur n'est pas de la bonne sorte"),
    ("invalid digit", "ce texte n'est pas un nombre"),
    ("invalid float literal", "ce texte n'est pas un nombre"),
    ("recursion limit", "trop de niveaux imbriqués"),
    (
        "cycle in template inheritance",
        "ces modèles se reprennent l'un l'autre sans fin",
    ),
];

/// The engine's names for signs and kinds of words, in French.
const SIGNS: [(&str, &str); 16] = [
    ("identifier or integer", "un nom ou un nombre"),
    ("identifier", "un nom"),
    ("string", "un texte entre guillemets"),
    ("integer", "un nombre"),
    ("float", "un nombre"),
    ("expression", "une valeur"),
    ("block keyword", "une instruction"),
    ("keyword", "une instruction"),
    ("start of variable block", "« {{ »"),
    ("end of variable block", "« }} »"),
    ("start of block", "« {% »"),
    ("end of block", "« %} »"),
    ("end of input", "la fin du texte"),
    ("template-data", "du texte"),
    ("assignment operator", "« = »"),
    ("comma", "« , »"),
];

/// What is wrong, in French; `text` is the source text at the error.
pub(super) fn in_french(error: &Error, text: &str) -> String {
    let detail = error.detail().unwrap_or_default();
    let unknown = || unknown(error).unwrap_or(text);
    match error.kind() {
        ErrorKind::UndefinedError if text.is_empty() => {
            "une valeur demandée par le modèle n'existe pas".to_owned()
        }
        ErrorKind::UndefinedError => {
            // A filter after the value is not what is missing.
            let value = text.split('|').next().unwrap_or(text);
            format!("« {} » n'existe pas", value.trim_end())
        }
        ErrorKind::UnknownFilter => format!("filtre inconnu « {} »", unknown()),
        ErrorKind::UnknownFunction => format!("fonction inconnue « {} »", unknown()),
        ErrorKind::UnknownTest => format!("test inconnu « {} »", unknown()),
        ErrorKind::UnknownMethod => {
            let name = detail.rsplit(' ').next().unwrap_or(text);
            let instead = names::instead_of_method(name);
            format!("« .{name}(…) » n'existe pas{instead}")
        }
        ErrorKind::UnknownBlock => format!("bloc inconnu « {} »", quoted(detail)),
        ErrorKind::TemplateNotFound => format!("modèle introuvable « {} »", quoted(detail)),
        ErrorKind::OutOfFuel => "le modèle ne finit pas".to_owned(),
        ErrorKind::SyntaxError => syntax_in_french(error, detail),
        ErrorKind::BadEscape => "une barre « \\ » s'écrit « \\\\ » dans un texte".to_owned(),
        ErrorKind::TooManyArguments => too_many(detail, text),
        ErrorKind::MissingArgument => "il manque une valeur entre les parenthèses".to_owned(),
        ErrorKind::CannotUnpack => {
            "cette valeur n'est pas une liste d'autant d'éléments que de noms".to_owned()
        }
        ErrorKind::NonPrimitive | ErrorKind::NonKey => {
            "cette valeur n'est ni un texte ni un nombre".to_owned()
        }
        ErrorKind::BadSerialization | ErrorKind::CannotDeserialize => {
            "cette valeur ne s'écrit pas en JSON".to_owned()
        }
        ErrorKind::InvalidOperation => impossible(detail),
        kind => format!("le modèle échoue ({kind}: {detail})"),
    }
}

/// Surplus arguments; `text` is the source text at the error.
fn too_many(detail: &str, text: &str) -> String {
    let filter = text.split('(').next().unwrap_or(text).trim_end();
    if detail.contains("keyword") {
        return format!("« {} » n'est pas connu ici", quoted(detail));
    }
    if names::DATES.contains(&filter) {
        let dates = names::DATES.join(", ");
        return format!(
            "« {filter} » s'écrit sans parenthèses : la forme d'une date se choisit par le filtre ({dates})"
        );
    }
    "trop de valeurs entre les parenthèses".to_owned()
}

/// An impossible operation on a value.
fn impossible(detail: &str) -> String {
    if detail.is_empty() {
        return "cette opération est impossible".to_owned();
    }
    let mut known = IMPOSSIBLE.iter();
    match known.find(|(needle, _)| detail.contains(needle)) {
        Some((_, french)) => format!("opération impossible : {french}"),
        // This crate's own filters report errors in French.
        None if detail.contains('«') => detail.to_owned(),
        None => format!("opération impossible : {detail}"),
    }
}

/// The name of the filter, test or function that does not exist.
pub(super) fn unknown(error: &Error) -> Option<&str> {
    let mut words = error.detail()?.split(' ');
    match error.kind() {
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest => words.nth(1),
        // The detail is "… is unknown", without a word for its kind.
        ErrorKind::UnknownFunction => words.next(),
        _ => None,
    }
}

fn syntax_in_french(error: &Error, detail: &str) -> String {
    if let Some(pasted) = pasted_sign(error) {
        return pasted;
    }
    if let Some((_, french)) = SLIPS.iter().find(|(needle, _)| detail.contains(needle)) {
        return (*french).to_owned();
    }
    if let Some((_, wanted)) = detail.split_once("unexpected end of input, expected ") {
        let last = error.template_source().zip(error.range());
        let last = last.and_then(|(source, at)| source.get(at));
        let after = last.filter(|it| !it.trim().is_empty());
        let after = after
            .map(|it| format!(" après « {it} »"))
            .unwrap_or_default();
        return format!("il manque {}{after}", sign(wanted));
    }
    if detail.contains("unexpected character") {
        let sign = rest(error).and_then(|it| it.chars().next());
        return match sign {
            None => "signe inattendu".to_owned(),
            Some(it) if it.is_alphabetic() => {
                format!("signe inattendu « {it} » : un nom s'écrit sans accent")
            }
            Some(it) => format!("signe inattendu « {it} »"),
        };
    }
    if detail.contains("recursion") {
        return "trop de niveaux imbriqués".to_owned();
    }
    let unexpected = detail.strip_prefix("unexpected ");
    match unexpected.map(|it| it.split_once(", expected ").unwrap_or((it, ""))) {
        Some((found, "")) => format!("il y a ici {} en trop", sign(found)),
        Some((found, wanted)) => format!("il faut ici {}, et non {}", sign(wanted), sign(found)),
        None => format!("cette balise n'est pas correcte ({detail})"),
    }
}

/// What a word processor changed in the unreadable tag, if anything.
fn pasted_sign(error: &Error) -> Option<String> {
    let (source, at) = error.template_source().zip(error.range())?;
    let before = source.get(..at.start)?;
    let begin = before.rfind(['{', '\n']).map_or(0, |it| it + 1);
    let tag = source.get(begin..)?;
    let end = ["}}", "%}", "\n"]
        .iter()
        .filter_map(|it| tag.find(it))
        .min();
    let inside = &tag[..end.unwrap_or(tag.len())];
    value_in_quotes(inside).or_else(|| pasted::note(inside))
}

/// The message for a value in typographic quotes: with plain ones, it would be printed as those words.
fn value_in_quotes(inside: &str) -> Option<String> {
    const OPENING: [char; 6] = ['«', '“', '”', '„', '‘', '’'];
    const CLOSING: [char; 5] = ['»', '”', '“', '’', '‘'];
    let open = inside.find(OPENING)?;
    let quoted = inside[open..].trim_start_matches(OPENING);
    let path = &quoted[..quoted.find(CLOSING)?];
    let path = path.trim();
    let is_whole = inside[..open]
        .trim()
        .trim_start_matches(['-', '+'])
        .is_empty();
    let is_value = advice::exists(path) && (path.contains('.') || is_whole);
    is_value
        .then(|| format!("le nom d'une valeur s'écrit sans guillemets : écrivez seulement {path}"))
}

/// The source text from the error on.
fn rest(error: &Error) -> Option<&str> {
    error.template_source()?.get(error.range()?.start..)
}

/// What was left open in a text before the parser gave up.
pub(super) fn left_open(error: &Error, source: &str) -> Option<Finding<usize>> {
    let noticed = error.range()?.start;
    let detail = error.detail().unwrap_or_default();
    let at_end = ["end of input", "end of raw block"]
        .iter()
        .any(|it| detail.contains(it));
    unclosed::left_open(source, noticed, at_end)
}

fn sign(english: &str) -> String {
    if let Some((_, french)) = SIGNS.iter().find(|(it, _)| *it == english) {
        return (*french).to_owned();
    }
    format!("« {} »", english.trim_matches('`'))
}

/// The quoted part of an error's detail.
pub(super) fn quoted(detail: &str) -> &str {
    let mut parts = detail.split(['"', '\'', '`']);
    parts.nth(1).unwrap_or(detail)
}

//! Undefined names: words from other languages, strings without quotes, fields without the object in front.

use super::{Entry, Refused, scope};
use crate::rules::alike::bare;
use crate::rules::diagnostic::nearest;
use crate::rules::finding::Finding;
use crate::rules::script::analysis::given::{Kind, Seen, may_be_absent, seen};
use crate::rules::script::syntax::brackets::open_at;
use crate::rules::script::syntax::foreign;
use crate::rules::script::syntax::outline::functions;
use crate::rules::script::syntax::tokens::{self, is_of_name, tokens};
use crate::rules::script::{ACTEUR_EN_CHARGE, GESTIONNAIRE_CONCERNE};

/// The keys of the result of `affecter`.
const RESULTS: [&str; 2] = [GESTIONNAIRE_CONCERNE, ACTEUR_EN_CHARGE];

/// What an undefined name probably means; `entry` is the script's function.
pub(super) fn find(name: &str, refused: &Refused<'_>, entry: Entry<'_>) -> Option<Finding> {
    let Refused { text, at, place } = *refused;
    let (_, parameters) = entry;
    let rest = text.get(at..)?.strip_prefix(name)?;
    let told = negated(name, rest)
        .or_else(|| holed(name, rest))
        .or_else(|| accented(text, at))
        .or_else(|| without_quotes(name, text, at))
        .or_else(|| with_capitals(name, text, parameters))
        .or_else(|| of_other_language(name, text, at));
    if let Some(message) = told {
        return Some(Finding::new(place, message));
    }
    if let Some(found) = scope::find(name, refused, entry) {
        return Some(found);
    }
    let end = at + name.len();
    let found = super::without_hash(text, at, end);
    let found = found.or_else(|| super::between_brackets(text, at, end));
    let found = found.or_else(|| misspelt_definition(name, text, at));
    found.or_else(|| {
        let message = field(name, rest, parameters)
            .or_else(|| of_other_script(name, parameters))
            .or_else(|| near(name, text))
            .unwrap_or_else(|| unknown(name, text, at, parameters));
        Some(Finding::new(place, message))
    })
}

/// A negation in front of a string: it negates the comparison, or asks whether the value is missing.
fn negated(name: &str, rest: &str) -> Option<String> {
    if !["not", "non", "pas"].contains(&name) {
        return None;
    }
    let value = rest.trim_start();
    let end = value.find(|it| !is_of_name(it) && it != '.');
    let (value, behind) = value.split_at(end.unwrap_or(value.len()));
    let path: Vec<String> = value.split('.').map(str::to_owned).collect();
    if seen(&path) != Some(Seen::Plain(Kind::Text)) {
        return None;
    }
    let behind = behind.trim_start();
    let sign = if behind.starts_with("in ") || behind.starts_with("in[") {
        "!in …"
    } else if behind.starts_with("==") {
        "!= …"
    } else if may_be_absent(&path) {
        "== ()"
    } else {
        return None;
    };
    Some(format!("« {name} {value} » : écrivez « {value} {sign} »"))
}

/// The code or e-mail address that begins with this name, such as `MZ-02`, of which the engine only reads the first
/// word; the name itself if it is neither.
pub(in crate::rules::script) fn whole<'t>(text: &'t str, at: usize, name: &'t str) -> &'t str {
    let Some(rest) = text.get(at..) else {
        return name;
    };
    let end = |of: &dyn Fn(char) -> bool| {
        let end = rest.find(|it| !of(it)).unwrap_or(rest.len());
        rest[..end].trim_end_matches(['-', '.'])
    };
    let address = end(&|it| is_of_name(it) || "-.@+".contains(it));
    if let Some((before, after)) = address.split_once('@')
        && before.starts_with(name)
        && after.contains('.')
    {
        return address;
    }
    let code = end(&|it| is_of_name(it) || it == '-');
    let is_call = rest[code.len()..].starts_with(['(', '.', '[']);
    if code.len() > name.len() && !is_call && is_code(name) {
        code
    } else {
        name
    }
}

/// Whether a name has only signs that codes have.
fn is_code(name: &str) -> bool {
    let of_code = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_';
    name.chars().count() > 1 && name.chars().all(of_code)
}

/// A code or address of several words, without quotes.
fn without_quotes(name: &str, text: &str, at: usize) -> Option<String> {
    let whole = whole(text, at, name);
    // « MAX-1 » may be a calculation with a name that is not defined, or is written differently above.
    let is_code = || is_at_text(text, at) && near(name, text).is_none();
    let is_text = whole != name && (whole.contains('@') || is_code());
    is_text
        .then(|| format!("« {whole} » est un texte : écrivez-le entre guillemets, « \"{whole}\" »"))
}

/// A name known here, written with capital letters: « Signalement ».
fn with_capitals(name: &str, text: &str, parameters: &[&str]) -> Option<String> {
    let lower = name.to_lowercase();
    if lower == name {
        return None;
    }
    let words: Vec<&str> = tokens(text)
        .filter(tokens::Token::counts)
        .map(|it| it.written)
        .collect();
    let is_defined = words
        .windows(2)
        .any(|it| ["let", "const", "for"].contains(&it[0]) && it[1] == lower);
    (is_defined || parameters.contains(&lower.as_str()))
        .then(|| format!("variable inconnue : « {name} » ; écrivez « {lower} », sans majuscule"))
}

/// A word of another language, or a keyword in capital letters: « Si », « AND ».
fn of_other_language(name: &str, text: &str, at: usize) -> Option<String> {
    // A word in capital letters where a string belongs is a code without quotes, unless it stands for a value.
    let is_code =
        || name.to_lowercase() != name && is_at_text(text, at) && !foreign::is_value(name);
    foreign::word(name).filter(|_| !is_code())
}

/// An interpolated string as in other languages: `f"…{valeur}…"`.
fn holed(name: &str, rest: &str) -> Option<String> {
    (["f", "F"].contains(&name) && rest.starts_with('"')).then(|| {
        format!("« {name}\"…\" » : un texte à trous s'écrit entre accents graves : `…${{valeur}}…`")
    })
}

/// A name with an accent inside; the engine only knows the part before the accent.
pub(super) fn accented(text: &str, at: usize) -> Option<String> {
    let before = text[..at].trim_end_matches(is_of_name).len();
    let word = &text[before..];
    let word = &word[..word.find(|it| !is_of_name(it)).unwrap_or(word.len())];
    let meant: String = bare(word).collect();
    let is_name = meant.is_ascii() && !word.is_ascii();
    is_name.then(|| {
        format!(
            "« {word} » : un nom s'écrit sans accent, « {meant} », et un texte entre guillemets"
        )
    })
}

/// A name defined outside the functions, which see it as `global::…` or not at all.
pub(super) fn outside(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (keyword, rest) = line.split_once(char::is_whitespace)?;
        let rest = rest.trim_start().strip_prefix(name)?;
        if !rest.trim_start().starts_with('=') {
            return None;
        }
        match keyword {
            "const" => Some(format!(
                "« {name} » est défini hors de la fonction : écrivez ici « global::{name} »"
            )),
            "let" => Some(format!(
                "« {name} » est défini hors de la fonction, qui ne le voit pas : écrivez-y « const {name} = … », et ici « global::{name} »"
            )),
            _ => None,
        }
    })
}

/// A field of a parameter, written without the parameter in front.
fn field(name: &str, rest: &str, parameters: &[&str]) -> Option<String> {
    let fields = |path: &[String]| match seen(path) {
        Some(Seen::Fields(all)) => all,
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for parameter in parameters {
        let path = vec![(*parameter).to_owned()];
        let all = fields(&path);
        if all.contains(&name) {
            found.push(format!("{parameter}.{name}"));
        }
        if *parameter != "evenement" {
            continue;
        }
        for part in all {
            let inner = fields(&[(*parameter).to_owned(), part.to_owned()]);
            if inner.contains(&name) {
                found.push(format!("{parameter}.{part}.{name}"));
            }
        }
    }
    // Fields that every event has come first.
    found.sort_by_key(|it| it.contains(".demande."));
    let shown = found.first()?;
    let path: Vec<String> = shown.split('.').map(str::to_owned).collect();
    let is_code =
        seen(&[name.to_owned()]).is_some() && seen(&path) == Some(Seen::Plain(Kind::Text));
    if is_code && rest.trim_start().starts_with('.') {
        return Some(format!(
            "variable inconnue : « {name} » ; ce script n'en connaît que le code, « {shown} », sans rien derrière"
        ));
    }
    Some(format!(
        "variable inconnue : « {name} » ; écrivez « {} »",
        found.join(" » ou « ")
    ))
}

/// A parameter that only the other script has.
fn of_other_script(name: &str, parameters: &[&str]) -> Option<String> {
    let is_given = seen(&[name.to_owned()]).is_some();
    is_given.then(|| {
        format!(
            "variable inconnue : « {name} » ; ce script ne connaît que « {} »",
            parameters.join(" », « ")
        )
    })
}

/// The definition, further up in the same function, of a name that looks like this one and that nothing reads, while
/// this one is read several times: the slip is in the definition.
fn misspelt_definition(name: &str, text: &str, at: usize) -> Option<Finding> {
    let all = functions(text);
    let own = all.iter().find(|it| it.extent.contains(&at))?;
    let words = &own.body;
    let used = |name: &str| {
        let whole = words.iter().filter(|it| it.written == name).count();
        let holed = words.iter().filter(|it| it.kind == tokens::Kind::Holed);
        let inside = |it: &&str| *it == name;
        let holed = holed.map(|it| {
            it.written
                .split(|it| !is_of_name(it))
                .filter(inside)
                .count()
        });
        whole + holed.sum::<usize>()
    };
    let pairs = words.windows(2).filter(|it| it[0].written == "let");
    let unread = pairs.map(|it| it[1]).filter(|it| used(it.written) == 1);
    let unread: Vec<tokens::Token> = unread.filter(|it| it.at < at).collect();
    let near = nearest(name, unread.iter().map(|it| it.written))?;
    let defined = unread.iter().find(|it| it.written == near)?;
    (used(name) > 1).then(|| {
        let message = format!(
            "« {near} » est défini ici, mais plus bas il s'appelle « {name} » : écrivez ici « let {name} »"
        );
        Finding::new(defined.at, message).within(text)
    })
}

/// A name defined in the script that looks like this one.
fn near(name: &str, text: &str) -> Option<String> {
    let words: Vec<&str> = tokens(text)
        .filter(tokens::Token::counts)
        .map(|it| it.written)
        .collect();
    let defined = words.windows(2).filter_map(|it| match it {
        ["let" | "for", name] => Some(*name),
        _ => None,
    });
    let defined: Vec<&str> = defined.filter(|it| *it != name && it.len() > 2).collect();
    let longer = |it: &&&str| name.len() > 3 && name.starts_with(&format!("{it}_"));
    let near = nearest(name, defined.iter().copied());
    let near = near.or_else(|| defined.iter().find(longer).copied())?;
    Some(format!(
        "variable inconnue : « {name} » ; vouliez-vous dire « {near} » ?"
    ))
}

/// Operators and functions after which a string is likely.
const BEFORE_TEXTS: [&str; 9] = [
    "==",
    "!=",
    "[",
    "get(",
    "contains(",
    "starts_with(",
    "ends_with(",
    "a:",
    "modele:",
];

/// Whether a string is likely at this place: after one of those, or later in a list.
fn is_at_text(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end();
    let in_list = || open_at(text, at).is_some_and(|it| text[it..].starts_with('['));
    BEFORE_TEXTS.iter().any(|it| before.ends_with(it)) || before.ends_with(',') && in_list()
}

fn unknown(name: &str, text: &str, at: usize, parameters: &[&str]) -> String {
    let whole = whole(text, at, name);
    if whole != name {
        return format!(
            "variable inconnue : « {name} » ; si « {whole} » est un texte, écrivez-le entre guillemets : « \"{whole}\" »"
        );
    }
    if is_code(name) || is_at_text(text, at) {
        return format!(
            "variable inconnue : « {name} » ; si c'est un texte, écrivez-le entre guillemets : « \"{name}\" »"
        );
    }
    let before = text[..at].trim_end();
    let rest = text[at + name.len()..].trim_start();
    let is_assigned = rest.starts_with('=') && !rest.starts_with("==");
    if RESULTS.contains(&name) && is_assigned {
        return format!(
            "« {name} » n'est pas une variable, mais une clé du résultat : écrivez à la place « return #{{{}: …, {}: …}}; »",
            RESULTS[0], RESULTS[1]
        );
    }
    // « <= » compares, and « += » calculates.
    let is_value = before
        .strip_suffix('=')
        .is_some_and(|it| !it.ends_with(['=', '!', '<', '>', '+', '-', '*', '/', '%']));
    let manager = if is_value && parameters.contains(&"residence") {
        format!(" ; un gestionnaire se lit par « residence.gestionnaires.get(\"{name}\") »")
    } else {
        String::new()
    };
    format!(
        "variable inconnue : « {name} » ; une variable se définit plus haut par « let {name} = … ; », et un texte s'écrit entre guillemets{manager}"
    )
}

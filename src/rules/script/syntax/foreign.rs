//! Words, signs and functions of other languages, with their Rhai equivalents.

use crate::rules::script::syntax::tokens::KEYWORDS;

/// Words in lower case, and their equivalents.
const WORDS: [(&str, &str); 46] = [
    ("and", "&&"),
    ("et", "&&"),
    ("or", "||"),
    ("ou", "||"),
    ("not", "!"),
    ("non", "!"),
    ("pas", "!"),
    ("si", "if"),
    ("sinon", "else"),
    ("elif", "else if"),
    ("elsif", "else if"),
    ("elseif", "else if"),
    ("sinonsi", "else if"),
    ("then", "{"),
    ("alors", "{"),
    ("end", "}"),
    ("endif", "}"),
    ("fin", "}"),
    ("finsi", "}"),
    ("vrai", "true"),
    ("faux", "false"),
    ("null", "()"),
    ("none", "()"),
    ("nil", "()"),
    ("undefined", "()"),
    ("rien", "()"),
    ("foreach", "for"),
    ("pour", "for"),
    ("tantque", "while"),
    ("match", "switch"),
    ("select", "switch"),
    ("selon", "switch"),
    ("var", "let"),
    ("soit", "let"),
    ("def", "fn"),
    ("function", "fn"),
    ("fonction", "fn"),
    ("func", "fn"),
    ("retourne", "return"),
    ("retourner", "return"),
    ("renvoie", "return"),
    ("renvoyer", "return"),
    ("raise", "throw"),
    ("est", "=="),
    ("is", "=="),
    ("dans", "in"),
];

/// Signs and their equivalents.
pub(in crate::rules::script) const SIGNS: [(&str, &str); 12] = [
    ("=>", ">="),
    ("=<", "<="),
    ("=!", "!="),
    ("<>", "!="),
    ("≠", "!="),
    ("≤", "<="),
    ("≥", ">="),
    ("×", "*"),
    ("÷", "/"),
    ("--", "//"),
    ("<!--", "//"),
    ("#", "//"),
];

/// Names of functions, and how to write the same in Rhai.
const FUNCTIONS: [(&[&str], &str); 20] = [
    (
        &["slice", "substring", "substr", "mid", "left", "sous_chaine"],
        "sub_string(début, longueur), où le début compte à partir de 0",
    ),
    (
        &["length", "size", "count", "longueur", "taille", "strlen"],
        "len()",
    ),
    (
        &[
            "lower",
            "lowercase",
            "to_lowercase",
            "toLowerCase",
            "minuscule",
            "minuscules",
        ],
        "to_lower()",
    ),
    (
        &[
            "upper",
            "uppercase",
            "to_uppercase",
            "toUpperCase",
            "majuscule",
            "majuscules",
        ],
        "to_upper()",
    ),
    (
        &[
            "includes", "include", "has", "contient", "like", "matches", "test",
        ],
        "contains(…)",
    ),
    (
        &[
            "has_key",
            "hasKey",
            "containsKey",
            "hasOwnProperty",
            "exists",
            "existe",
        ],
        "\"nom\" in objet",
    ),
    (
        &["startsWith", "startswith", "beginsWith", "commence_par"],
        "starts_with(…)",
    ),
    (&["endsWith", "endswith", "finit_par"], "ends_with(…)"),
    (&["indexOf", "find_index", "position"], "index_of(…)"),
    (&["strip"], "trim()"),
    (&["isEmpty", "empty", "est_vide", "vide"], "is_empty()"),
    (
        &[
            "int",
            "parseInt",
            "Number",
            "integer",
            "to_number",
            "entier",
            "nombre",
        ],
        "parse_int(texte)",
    ),
    (&["float", "parseFloat"], "parse_float(texte)"),
    (&["str", "String", "toString", "texte"], "to_string()"),
    (
        &[
            "date",
            "now",
            "today",
            "timestamp",
            "maintenant",
            "aujourdhui",
            "aujourd_hui",
            "date_du_jour",
        ],
        "signalement.date_creation, la seule date qu'un script connaît",
    ),
    (
        &["heure", "heures", "hour", "get_hour", "getHours"],
        "heure_de(signalement.date_creation), l'heure de Paris de 0 à 23",
    ),
    (
        &[
            "jour",
            "jour_semaine",
            "day",
            "weekday",
            "day_of_week",
            "getDay",
            "jour_de",
        ],
        "jour_de_semaine(signalement.date_creation), de \"lundi\" à \"dimanche\"",
    ),
    (
        &["annee", "annee_de", "year", "get_year", "getFullYear"],
        "signalement.date_creation.sub_string(0, 4), un texte comme \"2026\"",
    ),
    (
        &["mois", "month", "get_month", "getMonth"],
        "mois_de(signalement.date_creation), de 1 à 12",
    ),
    (
        &["concat", "format", "sprintf"],
        "`un texte avec ${valeur}`, entre accents graves",
    ),
];

/// The message for a word of another language in any case (« si », « ET »), or for a Rhai keyword in capitals (« IF »).
pub(in crate::rules::script) fn word(written: &str) -> Option<String> {
    let meant = meant(written)?;
    Some(format!("« {written} » : écrivez « {meant} »"))
}

fn meant(written: &str) -> Option<&'static str> {
    let lower = written.to_lowercase();
    let known = WORDS.iter().find(|(it, _)| *it == lower);
    let own = || {
        let mut own = KEYWORDS.into_iter().chain(["true", "false"]);
        own.find(|it| *it == lower && lower != written)
    };
    known.map(|(_, meant)| *meant).or_else(own)
}

/// Whether a word stands for a value, in another language or in capital letters: « vrai », « NULL ».
pub(in crate::rules::script) fn is_value(written: &str) -> bool {
    meant(written).is_some_and(|it| ["true", "false", "()"].contains(&it))
}

/// The message for another language's keyword that begins a function.
pub(in crate::rules::script) fn defining(it: &str) -> Option<String> {
    meant(it).filter(|it| *it == "fn").and_then(|_| word(it))
}

/// How to write a function of another language in Rhai.
pub(in crate::rules::script) fn function(name: &str) -> Option<&'static str> {
    let found = FUNCTIONS.iter().find(|(names, _)| names.contains(&name));
    found.map(|(_, meant)| *meant)
}

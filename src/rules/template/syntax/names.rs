//! The names of filters and tests, and what to write instead of one that does not exist.

use crate::rules::diagnostic::nearest;

/// The filters of every template.
const FILTERS: [&str; 55] = [
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "date",
    "date_heure",
    "date_iso",
    "date_longue",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "groupby",
    "heure",
    "heure_de",
    "indent",
    "int",
    "items",
    "join",
    "jour_de_semaine",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "mois_de",
    "pprint",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
];
/// The date filters, which take no argument.
pub(in crate::rules::template) const DATES: [&str; 4] =
    ["date", "heure", "date_heure", "date_longue"];
/// The filters that only the requests and responses of an API have.
const OF_REQUESTS: [&str; 10] = [
    "base64",
    "depuis_horodatage",
    "format_date",
    "hmac_sha256",
    "horodatage",
    "lire_date",
    "motif",
    "sha256",
    "table",
    "tronquer",
];
/// Names of filters in French or other languages.
const ALSO_FILTERS: [(&str, &str); 28] = [
    ("len", "length"),
    ("majuscule", "upper"),
    ("majuscules", "upper"),
    ("uppercase", "upper"),
    ("minuscule", "lower"),
    ("minuscules", "lower"),
    ("lowercase", "lower"),
    ("defaut", "default"),
    ("sinon", "default"),
    ("longueur", "length"),
    ("taille", "length"),
    ("nombre", "length"),
    ("remplacer", "replace"),
    ("remplace", "replace"),
    ("arrondi", "round"),
    ("arrondir", "round"),
    ("trier", "sort"),
    ("joindre", "join"),
    ("premier", "first"),
    ("dernier", "last"),
    ("strip", "trim"),
    ("json", "tojson"),
    ("jour", "date"),
    ("date_courte", "date"),
    ("values", "items"),
    ("mois", "mois_de"),
    ("jour_semaine", "jour_de_semaine"),
    ("weekday", "jour_de_semaine"),
];
/// The tests of every template.
const TESTS: [&str; 12] = [
    "defined",
    "undefined",
    "none",
    "true",
    "false",
    "string",
    "number",
    "odd",
    "even",
    "in",
    "startingwith",
    "endingwith",
];
/// Names of tests in French or other languages.
const ALSO_TESTS: [(&str, &str); 7] = [
    ("vide", "none"),
    ("empty", "none"),
    ("null", "none"),
    ("nul", "none"),
    ("rien", "none"),
    ("defini", "defined"),
    ("absent", "none"),
];

/// All filters, including those for requests and responses.
pub(in crate::rules::template) fn filters() -> impl Iterator<Item = &'static str> + Clone {
    FILTERS.into_iter().chain(OF_REQUESTS)
}

/// What to write instead of an unknown filter, after a colon; empty if there is no close match.
pub(in crate::rules::template) fn instead_of_filter(name: &str) -> String {
    if ["tronquer", "truncate", "couper"].contains(&name) {
        return " : le début d'un texte s'écrit « …[:20] »".to_owned();
    }
    meant(name, FILTERS.into_iter())
}

/// The same for requests and responses.
pub(in crate::rules::template) fn instead_of_filter_of_requests(name: &str) -> String {
    meant(name, filters())
}

fn meant(name: &str, known: impl Iterator<Item = &'static str>) -> String {
    let long = |it: &&str| it.len() > 2;
    let near = also(&ALSO_FILTERS, name).or_else(|| nearest(name, known.filter(long)));
    near.map_or_else(String::new, |near| {
        format!(" : vouliez-vous dire « {near} » ?")
    })
}

/// What to write instead of an unknown test.
pub(in crate::rules::template) fn instead_of_test(name: &str) -> String {
    let near = also(&ALSO_TESTS, name).or_else(|| nearest(name, TESTS));
    near.map_or_else(String::new, |near| {
        format!(" : écrivez « {near} » à la place")
    })
}

/// What to write instead of an unknown function.
pub(in crate::rules::template) fn instead_of_function(name: &str) -> String {
    let filter = filter(name);
    filter.map_or_else(String::new, |it| {
        format!(" : c'est un filtre, et s'écrit derrière la valeur, « … | {it} »")
    })
}

/// The filter with this name, or the one meant by it.
pub(in crate::rules::template) fn filter(name: &str) -> Option<&'static str> {
    let known = FILTERS.into_iter().find(|it| *it == name);
    known.or_else(|| also(&ALSO_FILTERS, name))
}

/// What to write instead of a method call on a value, which other languages have.
pub(in crate::rules::template) fn instead_of_method(name: &str) -> String {
    match name {
        "values" => " : écrivez « {% for cle, valeur in … | items %} »".to_owned(),
        "contains" => " : écrivez « … in … », le texte cherché d'abord".to_owned(),
        "split" => " : écrivez « … | split(\",\") | first » pour le premier morceau, « … | split(\",\") | last » pour le dernier".to_owned(),
        "startswith" | "starts_with" => " : écrivez « … is startingwith \"…\" »".to_owned(),
        "endswith" | "ends_with" => " : écrivez « … is endingwith \"…\" »".to_owned(),
        "keys" => " : écrivez « {% for cle in … %} »".to_owned(),
        _ => {
            let known = filters().find(|it| *it == name);
            let filter = known.or_else(|| also(&ALSO_FILTERS, name));
            filter.map_or_else(String::new, |it| format!(" ; un filtre s'écrit « | {it} »"))
        }
    }
}

fn also(others: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let found = others.iter().find(|(it, _)| *it == name);
    found.map(|(_, it)| *it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::template;
    use minijinja::ErrorKind;

    #[test]
    fn each_listed_name_exists() {
        let unknown = |environment: &minijinja::Environment<'_>, text: &str| {
            let tried = environment.compile_expression(text).unwrap().eval(());
            let kind = tried.err().map(|it| it.kind());
            matches!(
                kind,
                Some(ErrorKind::UnknownFilter | ErrorKind::UnknownTest)
            )
        };
        let ours = template::environment();
        let also = ALSO_FILTERS.iter().map(|(_, it)| *it);
        for name in FILTERS.into_iter().chain(also) {
            assert!(!unknown(&ours, &format!("1|{name}")), "{name}");
        }
        let mut of_requests = template::environment();
        template::filters::add_for_requests(&mut of_requests);
        for name in OF_REQUESTS {
            assert!(unknown(&ours, &format!("1|{name}")), "{name}");
            assert!(!unknown(&of_requests, &format!("1|{name}")), "{name}");
        }
        let also = ALSO_TESTS.iter().map(|(_, it)| *it);
        for name in TESTS.into_iter().chain(also) {
            assert!(!unknown(&ours, &format!("1 is {name}")), "{name}");
        }
    }
}

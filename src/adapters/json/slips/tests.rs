//! Mistakes of people, or of programs with a vague idea of JSON, each with the text corrected by the remedy.

use crate::adapters::json::Json;
use rstest::rstest;

pub(super) fn told(text: &str) -> String {
    Json::parse(text.as_bytes()).unwrap_err().to_string()
}

#[rstest]
#[case::curved(
    "{\"a\": “b”}",
    "colonne 7) : un nom ou un texte se met entre guillemets droits",
    "{\"a\": \"b\"}"
)]
#[case::curved_key(
    "{“a”: 1}",
    "colonne 2) : un nom ou un texte se met entre guillemets droits",
    "{\"a\": 1}"
)]
#[case::curved_end(
    "{\"a\": \"b”,\n\"c\": 1}",
    "(ligne 1, colonne 9) : un nom ou un texte",
    "{\"a\": \"b\",\n\"c\": 1}"
)]
#[case::french("{\"a\": « b »}", "colonne 7) : un nom ou un texte", "{\"a\": \"b\"}")]
#[case::single("{\"a\": 'b'}", "colonne 7) : un nom ou un texte", "{\"a\": \"b\"}")]
#[case::single_key("{'a': 1}", "colonne 2) : un nom ou un texte", "{\"a\": 1}")]
#[case::trailing_comma(
    "{\"a\": 1,\n}",
    "(ligne 1, colonne 8) : la virgule avant « } » est en trop",
    "{\"a\": 1\n}"
)]
#[case::in_list(
    "{\"a\": [1, ]}",
    "colonne 9) : la virgule avant « ] » est en trop",
    "{\"a\": [1 ]}"
)]
#[case::two_commas(
    "{\"a\": 1,, \"b\": 2}",
    "colonne 9) : deux virgules",
    "{\"a\": 1, \"b\": 2}"
)]
#[case::first_comma("{,\"a\": 1}", "colonne 2) : cette virgule est en trop", "{\"a\": 1}")]
#[case::comment(
    "{\"a\": 1, // un\n\"b\": 2}",
    "(ligne 1, colonne 10) : JSON n'a pas de commentaires",
    "{\"a\": 1, \n\"b\": 2}"
)]
#[case::first_comment(
    "// un\n{\"a\": 1}",
    "(ligne 1, colonne 1) : JSON n'a pas de commentaires",
    "\n{\"a\": 1}"
)]
#[case::hash(
    "{\"a\": 1 # un\n}",
    "colonne 9) : JSON n'a pas de commentaires",
    "{\"a\": 1 \n}"
)]
#[case::last_comment(
    "{\"a\": 1}\n# un",
    "(ligne 2, colonne 1) : JSON n'a pas de commentaires",
    "{\"a\": 1}\n"
)]
#[case::long_comment(
    "{/* un */\"a\": 1}",
    "colonne 2) : JSON n'a pas de commentaires : effacez tout, de « /* »",
    "{\"a\": 1}"
)]
#[case::two_objects(
    "{\"a\": 1}\n{\"b\": 2}",
    "(ligne 2, colonne 1) : un second objet",
    "{\"a\": 1}"
)]
#[case::with_a_comma(
    "{\"a\": 1},\n{\"b\": 2}",
    "(ligne 1, colonne 9) : un second objet",
    "{\"a\": 1}"
)]
#[case::bare_key("{a: 1}", "colonne 2) : mettez ce nom entre guillemets", "{\"a\": 1}")]
#[case::half_quoted(
    "{\"a\": ASC 1\"}",
    "colonne 7) : il manque un guillemet (\") devant ce texte",
    "{\"a\": \"ASC 1\"}"
)]
#[case::left_open(
    "{\"a\": \"b,\n\"c\": 1}",
    "(ligne 1, colonne 7) : le guillemet ouvert ici",
    "{\"a\": \"b\",\n\"c\": 1}"
)]
#[case::windows_lines(
    "{\"a\": \"b,\r\n\"c\": 1}",
    "(ligne 1, colonne 7) : le guillemet ouvert ici",
    "{\"a\": \"b\",\r\n\"c\": 1}"
)]
#[case::open_on_the_line(
    "{\"a\": \"b, \"c\": 1}",
    "colonne 7) : le guillemet ouvert ici",
    "{\"a\": \"b\", \"c\": 1}"
)]
#[case::open_key(
    "{\"a: \"b\"}",
    "colonne 2) : le guillemet ouvert ici",
    "{\"a\": \"b\"}"
)]
#[case::line_break(
    "{\"a\": \"un\ndeux\"}",
    "(ligne 1, colonne 10) : dans un texte, un retour à la ligne s'écrit \\n",
    "{\"a\": \"un\\ndeux\"}"
)]
#[case::line_break_behind_a_quotation(
    "{\"a\": \"Il a dit « au secours »\nMerci\"}",
    "(ligne 1, colonne 31) : dans un texte, un retour à la ligne s'écrit \\n",
    "{\"a\": \"Il a dit « au secours »\\nMerci\"}"
)]
#[case::line_break_behind_an_apostrophe(
    "{\"a\": \"la porte d’\nentrée\"}",
    "colonne 19) : dans un texte, un retour à la ligne",
    "{\"a\": \"la porte d’\\nentrée\"}"
)]
#[case::line_break_behind_a_foot(
    "{\"a\": \"5',\r\npuis\"}",
    "colonne 11) : dans un texte, un retour à la ligne",
    "{\"a\": \"5',\\npuis\"}"
)]
#[case::line_break_at_the_end(
    "{\"a\": \"un\n\", \"b\": 1}",
    "colonne 10) : dans un texte, un retour à la ligne",
    "{\"a\": \"un\\n\", \"b\": 1}"
)]
#[case::quotation_at_the_end(
    "{\"a\": \"dit « oui »\n\"}",
    "colonne 19) : dans un texte, un retour à la ligne",
    "{\"a\": \"dit « oui »\\n\"}"
)]
#[case::open_behind_a_quotation(
    "{\"a\": \"dit « oui »,\n\"b\": 1}",
    "colonne 7) : le guillemet ouvert ici",
    "{\"a\": \"dit « oui »\",\n\"b\": 1}"
)]
#[case::open_behind_single_quotes(
    "{\"a\": \"dit 'oui',\n\"b\": 1}",
    "colonne 7) : le guillemet ouvert ici",
    "{\"a\": \"dit 'oui'\",\n\"b\": 1}"
)]
#[case::single_end_behind_an_apostrophe(
    "{\"a\": \"l'ascenseur',\n\"b\": 1}",
    "colonne 19) : un nom ou un texte",
    "{\"a\": \"l'ascenseur\",\n\"b\": 1}"
)]
#[case::french_end(
    "{\"a\": \"b »\n}",
    "colonne 10) : un nom ou un texte",
    "{\"a\": \"b \"\n}"
)]
#[case::tab(
    "{\"é\": \"un\tdeux\"}",
    "colonne 10) : dans un texte, une tabulation s'écrit \\t",
    "{\"é\": \"un\\tdeux\"}"
)]
#[case::control("{\"a\": \"un\u{1}\"}", "(U+0001) : effacez-le", "{\"a\": \"un\"}")]
#[case::backslash(
    "{\"a\": \"C:\\dossier\"}",
    "colonne 10) : dans un texte, une barre « \\ » s'écrit « \\\\ »",
    "{\"a\": \"C:\\\\dossier\"}"
)]
#[case::no_hexadecimal(
    "{\"a\": \"C:\\users\"}",
    "une barre « \\ » s'écrit « \\\\ »",
    "{\"a\": \"C:\\\\users\"}"
)]
#[case::half_a_sign(
    "{\"a\": \"\\ud83d\"}",
    "l'autre moitié manque",
    "{\"a\": \"\\ud83d\\ude00\"}"
)]
#[case::quoted(
    "{\"a\": \"dit \"non\" hier\"}",
    "colonne 12) : un guillemet à l'intérieur d'un texte s'écrit \\\"",
    "{\"a\": \"dit \\\"non\\\" hier\"}"
)]
#[case::as_in_csv(
    "{\"a\": \"dit \"\"non\"\"\"}",
    "s'écrit \\\"",
    "{\"a\": \"dit \\\"non\\\"\"}"
)]
#[case::quoted_before_a_colon(
    "{\"a\": \"dit \"non\": hier\"}",
    "s'écrit \\\"",
    "{\"a\": \"dit \\\"non\\\": hier\"}"
)]
#[case::no_colon("{\"a\" 1}", "colonne 4) : il manque les deux-points", "{\"a\": 1}")]
#[case::equals(
    "{\"a\" = 1}",
    "colonne 6) : mettez deux-points « : » à la place de « = »",
    "{\"a\" : 1}"
)]
#[case::arrow("{\"a\" => 1}", "à la place de « => »", "{\"a\" : 1}")]
#[case::name_alone(
    "{\"a\", \"b\": 1}",
    "colonne 5) : devant ce signe, il manque « : » et une valeur",
    "{\"a\": null, \"b\": 1}"
)]
#[case::decimal_comma(
    "{\"a\": 1,5}",
    "colonne 8) : les décimales suivent un point",
    "{\"a\": 1.5}"
)]
#[case::short_escape(
    "{\"a\":\"\\u12\"}",
    "colonne 11) : après « \\u », il faut quatre chiffres",
    "{\"a\":\"\\u0012\"}"
)]
#[case::short_escape_before_a_comma(
    "{\"a\":\"\\u12\",\"b\":1}",
    "colonne 11) : après « \\u », il faut quatre chiffres",
    "{\"a\":\"\\\\u12\",\"b\":1}"
)]
#[case::short_escape_behind_one(
    "{\"a\":\"\\u00e9\\u0g\"}",
    "colonne 16) : après « \\u »",
    "{\"a\":\"\\u00e9\\u0000\"}"
)]
#[case::dash(
    "{\"a\": –5}",
    "un tiret typographique (–) : tapez le tiret ordinaire",
    "{\"a\": -5}"
)]
#[case::hidden_space(
    "{\"a\":\u{a0}1}",
    "colonne 6) : il y a ici une espace insécable",
    "{\"a\": 1}"
)]
#[case::ellipsis(
    "{\"a\": [1, …]}",
    "points de suspension : effacez-les",
    "{\"a\": [1]}"
)]
#[case::closed_twice(
    "{\"a\": 1}}",
    "colonne 9) : « } » est en trop : effacez-le",
    "{\"a\": 1}"
)]
#[case::closed_early(
    "{\"a\": {}}, \"b\": 1}",
    "colonne 10) : l'objet s'arrête avant cette virgule",
    "{\"a\": {}, \"b\": 1}"
)]
#[case::not_closed(
    "{\"a\": {\"b\": [1]\n",
    "(ligne 1, colonne 15) : il manque « }} » à la fin",
    "{\"a\": {\"b\": [1]}}"
)]
#[case::text_not_closed(
    "{\"a\": \"b}",
    "colonne 7) : le guillemet ouvert ici",
    "{\"a\": \"b\"}"
)]
#[case::cut_off("{\"a\":\n", "(ligne 1, colonne 5) : la suite manque", "{\"a\":\n1}")]
#[case::cut_off_behind_the_first_name("{\"a\"", "colonne 4) : la suite manque", "{\"a\": 1}")]
#[case::cut_off_behind_a_name(
    "{\"a\": 1, \"b\"\n",
    "colonne 12) : la suite manque",
    "{\"a\": 1, \"b\": 1}"
)]
#[case::cut_off_in_a_word("{\"a\": tru", "colonne 9) : la suite manque", "{\"a\": true}")]
#[case::cut_off_in_a_number("{\"a\": [1.", "colonne 9) : la suite manque", "{\"a\": [1.5]}")]
#[case::cut_off_behind_a_text(
    "{\"a\": 1, \"b\": \"c\"",
    "colonne 17) : il manque « } » à la fin",
    "{\"a\": 1, \"b\": \"c\"}"
)]
#[case::cut_off_behind_a_text_of_a_list(
    "{\"a\": [\"b\", \"c\"",
    "colonne 15) : il manque « ]} » à la fin",
    "{\"a\": [\"b\", \"c\"]}"
)]
#[case::introduced(
    "Bonjour,\nvoici :\n{\"a\": 1}",
    "(ligne 1, colonne 1) : effacez ce qui précède « { »",
    "{\"a\": 1}"
)]
#[case::fenced(
    "{\"a\": 1}\n```",
    "(ligne 2, colonne 1) : effacez ce qui suit",
    "{\"a\": 1}"
)]
#[case::no_braces(
    "\"a\": 1",
    "(ligne 1, colonne 1) : un objet JSON commence par « { »",
    "{\"a\": 1}"
)]
#[case::yaml(
    "a: 1\n",
    "(ligne 1, colonne 1) : un objet JSON commence par « { »",
    "{\"a\": 1}"
)]
#[case::csv(
    "nom;adresse\n",
    "(ligne 1, colonne 1) : un objet JSON commence par « { »",
    "{\"a\": 1}"
)]
#[case::short_escape_before_a_line_break(
    "{\"a\":\"\\u12\\n\"}",
    "colonne 11) : après « \\u »",
    "{\"a\":\"\\u0012\\n\"}"
)]
#[case::short_escape_before_another(
    "{\"a\":\"\\u1\\u0041\"}",
    "colonne 10) : après « \\u »",
    "{\"a\":\"\\u0001\\u0041\"}"
)]
#[case::short_escape_before_an_accent(
    "{\"a\":\"\\u12é\"}",
    "colonne 11) : après « \\u »",
    "{\"a\":\"\\u0012é\"}"
)]
#[case::backslash_behind_an_escaped_one(
    "{\"a\":\"\\\\u1\\d\"}",
    "colonne 11) : dans un texte, une barre",
    "{\"a\":\"\\\\u1\\\\d\"}"
)]
fn a_mistake_is_reported_at_its_position_with_the_remedy(
    #[case] wrong: &str,
    #[case] words: &str,
    #[case] mended: &str,
) {
    let told = told(wrong);
    assert!(told.contains(words), "{told}");
    Json::parse(mended.as_bytes()).unwrap();
}

#[rstest]
#[case("{\"a\": ?}", "le corps n'est pas du JSON valide (ligne 1, colonne 7)")]
#[case(
    "{\"a\": 1 * 2}",
    "le corps n'est pas du JSON valide (ligne 1, colonne 9)"
)]
#[case(
    "{\"a\": \"b\"\n= 1}",
    "le corps n'est pas du JSON valide (ligne 2, colonne 1)"
)]
fn an_unclear_mistake_is_only_located(#[case] wrong: &str, #[case] wanted: &str) {
    assert_eq!(told(wrong), wanted);
}

#[test]
fn the_text_that_was_sent_is_never_quoted() {
    for wrong in [
        "{\"auteur\": Dupont}",
        "{auteurDupont: 1}",
        "{\"auteur\": \"Dupont\nDupont\"}",
        "{\"Dupont\" 1}",
        "{\"a\": \"b\"Dupont\"}",
        "{\"a\": 06Dupont}",
    ] {
        assert!(!told(wrong).contains("Dupont"), "{}", told(wrong));
    }
}

proptest::proptest! {
    #[test]
    fn every_position_is_inside_the_text(text in "[\\[\\]{}:,\"'ae1.\\\\é…“ \n]{0,20}") {
        if let Err(told) = Json::parse(text.as_bytes()) {
            let told = told.to_string();
            let place = told.split_once("(ligne ").and_then(|it| it.1.split_once(", colonne "));
            if let Some((line, rest)) = place {
                let line: usize = line.parse().unwrap();
                let column: usize = rest.split_once(')').unwrap().0.parse().unwrap();
                let own = text.split('\n').nth(line - 1).unwrap();
                proptest::prop_assert!((1..=own.chars().count() + 1).contains(&column), "{}", told);
            }
        }
    }
}

//! How a text is read: as a tree with positions, or as a fault that a person can correct.

use super::*;
use rstest::rstest;

fn text(node: &Node) -> &str {
    match &node.value {
        Value::Text(text) => text,
        other => panic!("not a text: {other:?}"),
    }
}

#[test]
fn scalars_stay_as_they_are_written() {
    let node = parse("f.yaml", "é: [no, 012, 1.10, 1e3, true, 'x y']").unwrap();
    let Value::Map(map) = node.value else {
        panic!("not a map")
    };
    let Value::List(list) = &map[0].1.value else {
        panic!("not a list")
    };
    let seen: Vec<&str> = list.iter().map(text).collect();
    assert_eq!(seen, ["no", "012", "1.10", "1e3", "true", "x y"]);
    assert_eq!((list[1].line, list[1].column), (1, 9));
}

#[test]
fn every_repeated_key_is_reported_at_its_line() {
    let faults = parse("f.yaml", "a: 1\nb: {c: 1, c: 2}\na: 2\n").unwrap_err();
    let at: Vec<(u32, u32)> = faults.iter().map(|it| (it.line, it.column)).collect();
    assert_eq!(at, [(2, 11), (3, 1)]);
}

#[rstest]
#[case("a:\n  b: 1\n\tc: 2\n", 3)]
#[case("a:\n  b 1\n  c: 2\n", 2)]
#[case("a:\n  b = 1\n  # c\n  d: 2\n", 2)]
#[case("a: 1\n---\nb: 2\n", 2)]
#[case("a:\n  b: 1\n   c: 2\n", 3)]
#[case("a:\n  b:1\n  c: 2\n", 2)]
#[case("a:\n  b:1\n  c:2\n\n  d: 2\n", 2)]
#[case("a:\n  b: 1\n  c:2\n", 3)]
#[case("a:\n  b: \"1\n  c: \"2\"\n", 2)]
#[case("a:\n  b: 'x\n  c: y\n  d: l'eau\n", 2)]
#[case("a:\n  b: 'l'eau'\n", 2)]
#[case("a:\n  b\u{a0}:\u{a0}1\n  c: d\n", 2)]
#[case("a:\n  \"b: \"c\"\n", 2)]
fn a_mistake_is_reported_on_its_own_line(#[case] text: &str, #[case] line: u32) {
    let faults = parse("f.yaml", text).unwrap_err();
    assert_eq!(faults[0].line, line, "{faults:?}");
}

#[test]
fn an_item_without_its_dash_is_reported_once() {
    let text = "cas:\n  - nom: un\n    statut: {}\n    attendu: {}\n    nom: deux\n    statut: {}\n    attendu: {}\n";
    let told = |text: &str| {
        let faults = parse("f.yaml", text).unwrap_err().into_iter();
        let told = faults.map(|it| (it.line, it.message));
        told.collect::<Vec<_>>()
    };
    assert_eq!(told(text), [(5, no_dash("nom"))]);
    assert_eq!(told(&text.replace('-', " ")), [(5, no_dash("nom"))]);
    let twice = "la clé « nom » est donnée deux fois (déjà à la ligne 2)";
    let text = "cas:\n  - nom: un\n    statut: {}\n    nom: deux\n";
    assert_eq!(told(text), [(4, twice.to_owned())]);
}

#[test]
fn a_text_that_a_comment_cuts_off_is_a_remark() {
    let remarks = remarks("f.yaml", "a: Bâtiment #1 # fini\nb: c # d\n", false);
    let at: Vec<_> = remarks.iter().map(|it| (it.line, it.column)).collect();
    assert_eq!(at, [(1, 13)]);
    assert!(!crate::rules::diagnostic::any_error(&remarks));
}

#[rstest]
#[case("a:\n  b: 1\n   c: 2\n", "alignez la ligne")]
#[case("a:\n  b: 1\n c: 2\n", "n'est pas alignée")]
#[case("a: 'b'c'\n", "apostrophe")]
#[case("a: \"b\" c\"\n", "guillemet")]
#[case("a: - b\n", "tiret")]
#[case("a: | b\n", "ligne suivante")]
#[case("a: \"C:\\Users\"\n", "barre")]
#[case("a: [b,, c]\n", "crochets")]
#[case("a: {{ b }}\n", "")]
#[case("null: a\n", "rien")]
#[case("a: 1\nb 2\nc: 3\n", "deux-points")]
#[case("a:\n  b:1\n  c: 2\n", "il manque une espace après les deux-points")]
#[case("a: 1\nb:2\n", "il manque une espace après les deux-points")]
#[case("a:\n  b: \"1\n  c: \"2\"\n", "ouvert ici n'est pas refermé")]
#[case("a: 1\nb\n", "deux-points")]
#[case("a:\n  b: 1\n  - c\n", "n'est pas alignée")]
#[case("a:\n  - b\n  c: 1\n", "mêlés")]
#[case("a: [b, c\nd: 1\n", "ouvert ici n'est pas refermé")]
#[case("a: {b: 1 c: 2}\n", "")]
#[case("a: [b c: d: e]\n", "")]
#[case("a: 'b\nc: 1\n", "l'apostrophe ouverte ici n'est pas refermée")]
#[case("a: \"b\nc: 1\n", "le guillemet ouvert ici n'est pas refermé")]
#[case("a: \"l'accès \"B\" est\"\n", "écrivez « \\\" »")]
#[case("a: 'l'accès \"B\"'\n", "doublez chaque apostrophe")]
#[case("a:\n  \"b: \"c\"\n", "ouvert ici n'est pas refermé")]
#[case("a: \"b\\z\"\n", "barre")]
#[case(
    "a: 1E400\n",
    "ce nombre est trop grand, ou n'en est pas un : mettez-le"
)]
#[case("a: .nan\n", "mettez-le entre guillemets")]
#[case("a: '1E400'\n", "")]
#[case("a: b: c\n", "deux-points")]
#[case("a:\n\tb: 1\n", "tabulation")]
#[case("a: @b\n", "guillemets")]
#[case("a: `b`\n", "guillemets")]
#[case("a: %b\n", "guillemets")]
#[case("a: *b\n", "guillemets")]
#[case("a: !b c\n", "« ! »")]
#[case("a: &b c\n", "« & »")]
#[case("a: 1\0\n", "")]
#[case("}\n", "")]
#[case("- a\nb: 1\n", "")]
#[case("a: {- b}\n", "virgules")]
#[case("a: [b}\n", "refermé par")]
#[case("<<: a\n", "à part")]
#[case("a: ? b\n", "« ? »")]
#[case("%a\n---\nb: 1\n%c: 2\n", "« % »")]
#[case("a: [#b]\n", "commentaire")]
#[case(
    "a: 1\nb:\u{a0}2\nc: 3\n",
    "à la colonne 3, il y a une espace insécable"
)]
fn mistakes_made_in_an_editor_are_explained_in_french(#[case] text: &str, #[case] words: &str) {
    let Err(faults) = parse("f.yaml", text) else {
        assert_eq!(words, "", "{text}");
        return;
    };
    let message = &faults[0].message;
    assert!(message.contains(words), "{text}: {message}");
    assert!(!message.contains("valide ("), "{text}: {message}");
}

#[test]
fn an_error_in_a_text_that_is_not_yaml_is_located_and_explained() {
    let faults = parse("f.yaml", "modes: [\n").unwrap_err();
    assert_eq!((faults[0].line, faults[0].column), (1, 8));
    assert!(
        faults[0].message.contains("refermé"),
        "{}",
        faults[0].message
    );
}

#[test]
fn a_comment_of_other_languages_is_a_remark_unless_it_divides() {
    let told = |text, divides| {
        let remarks = remarks("f.yaml", text, divides);
        assert!(!crate::rules::diagnostic::any_error(&remarks));
        let at = remarks.iter().map(|it| (it.line, it.column));
        at.collect::<Vec<_>>()
    };
    let text = "a: b // c\n";
    assert_eq!(told(text, false), [(1, 6)]);
    assert_eq!(told(text, true), []);
    for mended in ["a: b # c\n", "a: 'b // c'\n"] {
        assert_eq!(told(mended, false), []);
    }
}

#[rstest]
#[case("a: \"l'accès \\\"B\\\" est\"\n")]
#[case("a: 'l''accès \"B\"'\n")]
fn a_text_with_both_kinds_of_quotes_can_be_written(#[case] text: &str) {
    parse("f.yaml", text).unwrap();
}

#[rstest]
// Two groups, and two items of a list, indented with no-break spaces: all keys meet on the level of the first line.
#[case(
    "a:\n\u{a0}\u{a0}B:\n\u{a0}\u{a0}\u{a0}\u{a0}c: 1\n\u{a0}\u{a0}\u{a0}\u{a0}d: 1\n\u{a0}\u{a0}E:\n\u{a0}\u{a0}\u{a0}\u{a0}c: 1\n\u{a0}\u{a0}\u{a0}\u{a0}d: 1\n",
    6
)]
#[case(
    "cas:\n\u{a0}\u{a0}- nom: a\n\u{a0}\u{a0}\u{a0}\u{a0}statut: b\n\u{a0}\u{a0}- nom: c\n\u{a0}\u{a0}\u{a0}\u{a0}statut: d\n",
    4
)]
fn lines_indented_with_other_spaces_are_reported_as_such(#[case] text: &str, #[case] count: usize) {
    let faults = parse("f.yaml", text).unwrap_err();
    assert_eq!(faults.len(), count, "{faults:?}");
    for fault in &faults {
        assert_eq!(fault.column, 1);
        assert!(
            fault
                .message
                .contains("il y a ici une espace insécable (U+00A0) : tapez une espace ordinaire"),
            "{fault}"
        );
    }
    parse("f.yaml", &text.replace('\u{a0}', " ")).unwrap();
}

//! Lines that are sentences: a comment that lost its `//`.

use crate::rules::script::syntax::foreign;
use crate::rules::script::syntax::tokens::{KEYWORDS, Kind, Token, tokens};

/// Signs and operators that sentences do not use.
const SIGNS: [&str; 12] = ["{", "}", "=", "=>", "<", ">", "&", "|", "+", "#", "!", "in"];
/// Number of words in a row that make a sentence.
const SENTENCE: usize = 4;
/// The same beside a comment, or with an accent among the words.
const SHORT_SENTENCE: usize = 3;
/// The same if some of the words could be a statement.
const LONG_SENTENCE: usize = 5;

/// The message if the line around this byte is a sentence.
pub(super) fn line(text: &str, at: usize) -> Option<String> {
    let before = text[..at].rfind('\n').map(|it| &text[..it]);
    let line = text[before.map_or(0, |it| it.len() + 1)..].split('\n');
    let (line, below) = (line.clone().next()?.trim(), line.clone().nth(1));
    let above = before.and_then(|it| it.rsplit('\n').next());
    let mut around = [above, below].into_iter().flatten();
    let beside_comment = around.any(|it| it.trim_start().starts_with("//"));
    is_sentence(line, beside_comment).then(|| {
        "cette ligne n'est pas du code ; si c'est un commentaire, mettez « // » devant".to_owned()
    })
}

fn is_sentence(line: &str, beside_comment: bool) -> bool {
    let all: Vec<Token> = tokens(line).filter(Token::counts).collect();
    let Some(first) = all.first().filter(|it| it.kind == Kind::Word) else {
        return false;
    };
    let calls = all
        .windows(2)
        .any(|it| it[0].kind == Kind::Word && it[1].written == "(" && it[0].end() == it[1].at);
    let is_code = |it: &Token<'_>| SIGNS.contains(&it.written) || it.kind == Kind::Holed;
    if calls || line.ends_with(';') || KEYWORDS.contains(&first.written) || all.iter().any(is_code)
    {
        return false;
    }
    let words: Vec<&str> = all
        .iter()
        .filter(|it| it.kind == Kind::Word)
        .map(|it| it.written)
        .collect();
    // A statement in French or in another language is told how to write it.
    let foreign = |it: &str| foreign::word(it).is_some();
    let is_statement = foreign(first.written) && !is_capitalized(first.written);
    let others = words.iter().skip(1).any(|it| foreign(it));
    let accented = words.iter().any(|it| !it.is_ascii());
    let wanted = match (is_statement, others) {
        _ if is_statement && words.iter().any(|it| ["alors", "then"].contains(it)) => return false,
        (true, true) => LONG_SENTENCE,
        (false, _) if beside_comment || accented => SHORT_SENTENCE,
        _ => SENTENCE,
    };
    longest_run(&all) >= wanted
}

/// Whether a word begins with its only capital letter, as the first one of a sentence does.
fn is_capitalized(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase) && !letters.any(char::is_uppercase)
}

/// The most words in a row; an apostrophe between two of them does not part them.
fn longest_run(all: &[Token<'_>]) -> usize {
    let (mut longest, mut run) = (0, 0);
    for (index, it) in all.iter().enumerate() {
        let elides = it.written == "'"
            && index > 0
            && all[index - 1].end() == it.at
            && all.get(index + 1).is_some_and(|next| next.at == it.end());
        if it.kind == Kind::Word {
            run += 1;
        } else if !elides {
            run = 0;
        }
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Quels e-mails partent, et à qui ?")]
    #[case("Qui est concerné par la demande")]
    #[case("et le message ci-dessous dit pourquoi.")]
    #[case("gestionnaire concerné : le gestionnaire de la résidence, du type demandé")]
    #[case(
        "Une résidence sans responsable de secteur est une erreur : la demande n'est pas créée,"
    )]
    #[case("Le soir c'est l'astreinte")]
    #[case("si le gardien est absent, on prend le responsable")]
    #[case("Si le gardien est absent, alors on prend le secteur")]
    #[case("Si pas d'astreinte")]
    fn a_sentence_is_recognized(#[case] sentence: &str) {
        let text = format!("fn f(a) {{\n  {sentence}\n  a\n}}");
        let found = line(&text, text.find(sentence).unwrap());
        assert!(found.is_some(), "{sentence}");
    }

    #[rstest]
    #[case("if a not in b { a }")]
    #[case("let mut x be a")]
    #[case("concerne responsable")]
    #[case("pour x dans a")]
    #[case("si pas gardien alors")]
    #[case("si le gardien manque alors")]
    #[case("SI pas gardien absent")]
    #[case("Si gardien absent {")]
    #[case("retourne a;")]
    #[case("a et b ou c et d = 1")]
    #[case("a: evenement signalement email,")]
    #[case("print(a b c d e)")]
    #[case("residence code est \"ASC\" {")]
    #[case("`un texte` et encore un autre texte")]
    #[case("\"ASC\" ou \"CHAUF\"")]
    #[case("return le gardien de nuit")]
    fn code_is_no_sentence(#[case] code: &str) {
        let text = format!("fn f(a) {{\n  {code}\n  a\n}}");
        assert_eq!(line(&text, text.find(code).unwrap()), None);
    }

    #[test]
    fn a_short_sentence_beside_a_comment_is_recognized() {
        let text = "fn f(a) {\n  // Les urgences du soir.\n  Pour la nuit\n  a\n}";
        assert!(line(text, text.find("Pour").unwrap()).is_some());
    }

    #[rstest]
    #[case("signalement.qualification in URGENTES")]
    #[case("qualification.code !in URGENTES")]
    fn code_below_a_comment_is_no_sentence(#[case] code: &str) {
        let text = format!("fn f(a) {{\n  // Les urgences du soir.\n  {code}\n}}");
        assert_eq!(line(&text, text.find(code).unwrap()), None);
    }
}

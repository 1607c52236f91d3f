//! What can happen to a file in an editor, explained for someone who does not know YAML's grammar.

use super::causes::{cause, not_closed, too_far_left};
use super::{Group, habits, levels};
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::pasted;

const TAB: &str = "une tabulation : utilisez des espaces pour décaler";
const CUT: &str = "une ligne « --- » coupe le fichier en deux";
const COLON: &str = "deux-points inattendus : mettez le texte entre guillemets, ou alignez la ligne sur celle du dessus";
const ASKEW: &str = "cette ligne n'est pas alignée avec les clés de son groupe, ou n'est pas « nom: valeur » ; si c'est un commentaire, mettez « # » devant";
const NO_COLON: &str = "cette ligne n'est pas « nom: valeur » : il manque les deux-points, ou l'espace après eux ; si c'est un commentaire, mettez « # » devant";

const GLUED: &str = "il manque une espace après les deux-points : « nom: valeur »";
pub(super) const BRACE: &str =
    "une accolade ou un crochet en début de valeur : mettez le texte entre guillemets";
const UNCLOSED: &str = "un crochet « [ » ou une accolade « { » n'est pas refermé";
const MIXED: &str = "un tiret « - » et une clé « nom: » sont mêlés au même décalage : alignez cette ligne sur la clé qui suit le tiret, ou mettez-lui le sien";
const GOES_ON: &str =
    "le texte continue après le guillemet qui le ferme : mettez-le entre apostrophes « ' »";
const GOES_ON_SINGLE: &str =
    "le texte continue après l'apostrophe qui le ferme : mettez-le entre guillemets doubles « \" »";
const GOES_ON_WITH_BOTH: &str = "le texte continue après le guillemet qui le ferme : écrivez « \\\" » pour chaque guillemet du texte";
const GOES_ON_SINGLE_WITH_BOTH: &str =
    "le texte continue après l'apostrophe qui le ferme : doublez chaque apostrophe du texte « '' »";
const QUOTE_LEFT_OPEN: &str = "un guillemet n'est pas refermé";
const NO_COLON_BEFORE_QUOTE: &str =
    "il manque les deux-points entre ce nom et le guillemet : écrivez « nom: \"texte\" »";
const NOT_CLOSED: &str = "le guillemet ouvert ici n'est pas refermé";
const NOT_CLOSED_SINGLE: &str = "l'apostrophe ouverte ici n'est pas refermée";

/// Parts of the parser's messages, with the explanation for each. The first match counts.
const STUMBLES: [(&str, &str); 37] = [
    (
        "non-finite float",
        "ce nombre est trop grand, ou n'en est pas un : mettez-le entre guillemets",
    ),
    ("content after single-quoted", GOES_ON_SINGLE),
    ("content after double-quoted", GOES_ON),
    (
        "block sequence entries",
        "un tiret inattendu : une liste commence à la ligne suivante, ou s'écrit [a, b] ; s'il fait partie du texte, mettez le texte entre guillemets",
    ),
    (
        "block scalar",
        "après « | » ou « > », le texte commence à la ligne suivante ; sinon, mettez-le entre guillemets",
    ),
    (
        "hexadecimal",
        "une barre « \\ » entre guillemets doubles s'écrit « \\\\ »",
    ),
    (
        "implicit flow mapping",
        "entre crochets ou accolades, une valeur manque, ou une virgule est en trop",
    ),
    ("expected string scalar", BRACE),
    (
        "cannot deserialize null",
        "« null » et « ~ » signifient « rien » : mettez-les entre guillemets s'ils sont un nom",
    ),
    ("unclosed bracket", UNCLOSED),
    ("unclosed quote", QUOTE_LEFT_OPEN),
    ("mapping values are not allowed", COLON),
    ("tab", TAB),
    ("multiple YAML documents", CUT),
    (
        "unknown anchor",
        "le symbole « * » en début de valeur : mettez le texte entre guillemets",
    ),
    (
        "an anchor or alias",
        "le symbole « & » ou « * » en début de valeur : mettez le texte entre guillemets",
    ),
    (
        "a tag",
        "le symbole « ! » en début de valeur : mettez le texte entre guillemets",
    ),
    (
        "directive",
        "le symbole « % » en début de ligne : mettez le texte entre guillemets",
    ),
    ("block mapping, did not find expected key", ASKEW),
    ("simple key", NO_COLON),
    ("expected '-' indicator", MIXED),
    (
        "a flow ",
        "entre crochets ou accolades, il manque une virgule ou la fermeture",
    ),
    (
        "escape",
        "une barre « \\ » entre guillemets doubles s'écrit « \\\\ »",
    ),
    (
        "illegal placement of ':'",
        "entre crochets ou accolades, il manque une virgule ou la fermeture",
    ),
    (
        "unexpected character",
        "un signe inattendu : mettez le texte entre guillemets",
    ),
    ("misplaced bracket", "un crochet ou une accolade en trop"),
    ("recursion limit", "trop de niveaux imbriqués"),
    ("document start", ASKEW),
    (
        "only valid inside a block",
        "un tiret « - » ne va pas entre crochets ou accolades : séparez par des virgules",
    ),
    (
        "may not precede",
        "entre crochets ou accolades, il manque une virgule ou la fermeture",
    ),
    (
        "merge",
        "la clé « << » a un sens à part : mettez-la entre guillemets",
    ),
    (
        "comment intercepting",
        "un commentaire « # » coupe un texte : mettez le texte entre guillemets",
    ),
    (
        "comments must be separated",
        "un « # » commence un commentaire après une espace ; dans un texte, mettez le texte entre guillemets",
    ),
    (
        "mapping keys are not allowed",
        "le symbole « ? » en début de valeur : mettez le texte entre guillemets",
    ),
    (
        "mismatched bracket",
        "un crochet « [ » est refermé par « } », ou une accolade « { » par « ] »",
    ),
    (
        "unexpected EOF",
        "le fichier s'arrête au milieu d'un groupe : une ligne au-dessus n'est pas alignée",
    ),
    ("budget breached", "ce fichier est trop grand"),
];

/// The fault with its position: the parser sees some mistakes only on the line before or after them.
pub(super) fn diagnose(
    file: &str,
    text: &str,
    groups: &[Group],
    (line, column): (u32, u32),
    error: &serde_saphyr::Error,
) -> Diagnostic {
    let lines: Vec<&str> = text.lines().collect();
    let before = |it: u32| usize::try_from(it).ok()?.checked_sub(1);
    let stop = before(line).zip(before(column));
    let clamp = |it: usize| u32::try_from(it + 1).unwrap_or(u32::MAX);
    if let Some((at, column, message)) = stop.and_then(|stop| cause(&lines, stop)) {
        return Diagnostic::at(code::YAML, file, clamp(at), clamp(column), message);
    }
    let message = explain(error);
    let sign = stop.and_then(|(at, column)| lines.get(at)?.chars().nth(column));
    let opener = match (message.as_str(), sign) {
        (UNCLOSED, Some(sign)) => not_closed(sign),
        (QUOTE_LEFT_OPEN, Some('"')) => Some(NOT_CLOSED),
        (QUOTE_LEFT_OPEN, Some('\'')) => Some(NOT_CLOSED_SINGLE),
        _ => None,
    };
    let message = opener.map_or(message, str::to_owned);
    let found = stop.and_then(|(at, _)| mistake(&lines, at, &message));
    let level = stop.filter(|_| found.is_none() && [COLON, ASKEW].contains(&message.as_str()));
    if let Some((at, column, message)) = level.and_then(|(at, _)| levels::cause(groups, &lines, at))
    {
        return Diagnostic::at(code::YAML, file, clamp(at), clamp(column), message);
    }
    let (line, column, message) = match found {
        Some((at, column, message)) => (clamp(at), clamp(column), message),
        None => {
            let own = stop.and_then(|(at, _)| with_both(&message, lines.get(at)?));
            (line, column, own.unwrap_or(message.as_str()))
        }
    };
    let pasted = before(line).and_then(|at| pasted::note_in_line(lines.get(at)?));
    let left = before(line).filter(|_| message == ASKEW);
    let left = left.and_then(|at| {
        let cut = too_far_left(&lines, at).map(|it| (it, "gauche"));
        cut.or_else(|| levels::first_of_group(&lines, at))
    });
    let left = left.map(|(at, side)| format!("ou la ligne {} est trop à {side}", at + 1));
    let message = match pasted.or(left) {
        Some(more) => format!("{message} ; {more}"),
        None => message.to_owned(),
    };
    Diagnostic::at(code::YAML, file, line, column, message)
}

/// Line and column of the actual mistake, from 0, and the message.
fn mistake<'m>(lines: &[&str], at: usize, message: &'m str) -> Option<(usize, usize, &'m str)> {
    match message {
        TAB => {
            let mut after = lines.iter().enumerate().skip(at);
            after.find_map(|(at, line)| {
                let indent = line.len() - line.trim_start().len();
                Some((at, line[..indent].find('\t')?, message))
            })
        }
        CUT => {
            let mut before = lines.iter().enumerate().take(at + 1).skip(1);
            let cut = before.rfind(|(_, line)| line.starts_with("---"))?;
            Some((cut.0, 0, message))
        }
        BRACE => {
            let braces = lines.get(at)?.find("{{")?;
            let column = lines[at][..braces].chars().count();
            Some((at, column, message))
        }
        GOES_ON => {
            let colon = habits::quote_without_colon(lines, at);
            let colon = colon.map(|(at, column)| (at, column, NO_COLON_BEFORE_QUOTE));
            colon.or_else(|| {
                let open = left_open(lines, at, '"');
                let open = open.or_else(|| Some((at, name_left_open(lines.get(at)?)?)));
                open.map(|(at, column)| (at, column, NOT_CLOSED))
            })
        }
        GOES_ON_SINGLE => {
            left_open(lines, at, '\'').map(|(at, column)| (at, column, NOT_CLOSED_SINGLE))
        }
        COLON | ASKEW | NO_COLON => {
            if let Some(found) = glued_line(lines, at) {
                return Some(found);
            }
            if !matches!(message, COLON | ASKEW) {
                return None;
            }
            let filled = |line: &str| !line.trim().is_empty() && !line.trim().starts_with('#');
            let mut before = lines.iter().enumerate().take(at);
            let (at, line) = before.rfind(|(_, line)| filled(line))?;
            let bare = !line.contains(':') && !line.trim_start().starts_with('-');
            bare.then_some((
                at,
                line.chars().take_while(|it| it.is_whitespace()).count(),
                NO_COLON,
            ))
        }
        _ => None,
    }
}

/// The line of a name whose value follows its colon without a space: this one, or one of those before it that the
/// parser reads as a single text.
fn glued_line(lines: &[&str], at: usize) -> Option<(usize, usize, &'static str)> {
    let filled = |it: &&(usize, &&str)| {
        let line = it.1.trim();
        !line.is_empty() && !line.starts_with('#')
    };
    let before = lines.iter().enumerate().take(at + 1);
    let own = before.clone().next_back();
    let mut above = before.rev().skip(1).filter(|it| filled(&it)).peekable();
    let mut first = None;
    while let Some((at, line)) = above.next_if(|(_, line)| glued(line).is_some()) {
        first = Some((at, line));
    }
    let (at, line) = first.or(own.filter(|(_, line)| glued(line).is_some()))?;
    Some((at, glued(line)?, GLUED))
}

/// Where a line has a colon without a space after it, in characters from 0: `nom:valeur`.
pub(super) fn glued(line: &str) -> Option<usize> {
    let (name, value) = line.split_once(':')?;
    let bare = name.trim().trim_start_matches("- ");
    let is_name = !bare.is_empty() && bare.chars().all(pasted::of_yaml_key);
    let follows = value.starts_with(|it: char| !it.is_whitespace() && !"/:".contains(it));
    (is_name && follows && !line.contains(": ")).then(|| name.chars().count())
}

/// Where the quoted text that ends on this line begins, if on a different line: its quote should have been closed
/// there.
fn left_open(lines: &[&str], at: usize, quote: char) -> Option<(usize, usize)> {
    let mut before = lines.iter().enumerate().take(at).rev();
    before.find_map(|(at, line)| {
        let begins = line.char_indices().find(|(place, it)| {
            let before = line[..*place].trim_end();
            let value = before.is_empty() || before.ends_with([':', '-', '[', ',', '{']);
            *it == quote && value && !line[place + 1..].contains(quote)
        })?;
        Some((at, line[..begins.0].chars().count()))
    })
}

/// Where the quote of a name is that is not closed before the colon: `"nom: "valeur"`. In characters, from 0.
fn name_left_open(line: &str) -> Option<usize> {
    let own = line.trim_start();
    let (name, value) = own.strip_prefix('"')?.split_once('"')?;
    let takes_colon = name.trim_end().ends_with(':') && !value.trim_start().starts_with(':');
    takes_colon.then(|| line.chars().count() - own.chars().count())
}

/// The same advice for a text with both kinds of quotes: the other kind would end the text as well.
fn with_both(message: &str, line: &str) -> Option<&'static str> {
    match message {
        GOES_ON if line.contains('\'') => Some(GOES_ON_WITH_BOTH),
        GOES_ON_SINGLE if line.contains('"') => Some(GOES_ON_SINGLE_WITH_BOTH),
        _ => None,
    }
}

/// Explains the parser's message for someone who does not know YAML's grammar.
fn explain(error: &serde_saphyr::Error) -> String {
    let english = error.to_string();
    // The position is in separate fields.
    let english = english
        .split(" at line ")
        .next()
        .unwrap_or(&english)
        .to_owned();
    match STUMBLES.iter().find(|(needle, _)| english.contains(needle)) {
        Some((_, french)) => (*french).to_owned(),
        None => format!("ce fichier n'est pas du YAML valide ({english})"),
    }
}

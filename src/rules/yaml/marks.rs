//! Anchors and tags that a person takes for the beginning of a text: YAML swallows « &Encombrants » in « &Encombrants
//! et déchets ».

use std::collections::HashSet;

use super::position;
use crate::rules::diagnostic::{Diagnostic, code};
use serde_saphyr::Location;

/// The tags defined by YAML itself.
const TAGS: [&str; 7] = [
    "!!str", "!!int", "!!float", "!!bool", "!!null", "!!seq", "!!map",
];

/// Line and column, from 1.
type Place = (u32, u32);

/// The anchors and tags of a text.
pub(super) struct Marks<'t> {
    lines: Vec<&'t str>,
    /// The last position looked up in a line, and its byte.
    last: (Place, usize),
    /// Each anchor of an unquoted text: the position of the text, that of the anchor, and the anchor itself.
    anchors: Vec<(Place, Place, &'t str)>,
    /// The positions of texts to which an alias refers.
    used: HashSet<Place>,
    /// The positions of tags that YAML does not define.
    tags: Vec<Place>,
}

/// The message about a character that makes YAML read a text as something else.
#[must_use]
pub fn marked(sign: char) -> String {
    format!("le symbole « {sign} » en début de valeur : mettez le texte entre guillemets")
}

impl<'t> Marks<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self {
            lines: text.lines().collect(),
            last: ((0, 0), 0),
            anchors: Vec::new(),
            used: HashSet::new(),
            tags: Vec::new(),
        }
    }

    /// Records the position of a key or value and that of its definition; returns whether it is quoted.
    pub(super) fn note(&mut self, referenced: &Location, defined: &Location) -> bool {
        let at = position(defined);
        if position(referenced) != at {
            self.used.insert(at);
            return false;
        }
        let Some((before, after)) = self.cut(at) else {
            return false;
        };
        let Some(first) = after.chars().next() else {
            return false;
        };
        let mut rest = before;
        // Both may precede the same text.
        while let Some((ahead, mark)) = last_word(rest) {
            rest = ahead;
            let back = before.get(rest.len()..).unwrap_or_default();
            let back = u32::try_from(back.chars().count()).unwrap_or(u32::MAX);
            let own = (at.0, at.1.saturating_sub(back));
            if mark.starts_with('&') && !"\"'|>[{".contains(first) {
                self.anchors.push((at, own, mark));
            } else if mark.starts_with('!') && !mark.starts_with("!<") && !TAGS.contains(&mark) {
                self.tags.push(own);
            }
        }
        "\"'".contains(first)
    }

    /// The text before and after a position in its line. It continues from the last position, because a file may be one
    /// long line.
    fn cut(&mut self, at: Place) -> Option<(&'t str, &'t str)> {
        let number = |it: u32| usize::try_from(it).ok();
        let line = *self.lines.get(number(at.0)?.checked_sub(1)?)?;
        let (last, known) = self.last;
        let (column, known) = if last.0 == at.0 && last.1 <= at.1 {
            (last.1, known)
        } else {
            (1, 0)
        };
        let onward = number(at.1.checked_sub(column)?)?;
        let ahead = line.get(known..)?;
        let (more, _) = ahead.char_indices().nth(onward)?;
        let byte = known + more;
        self.last = (at, byte);
        line.split_at_checked(byte)
    }

    /// The anchors that are never used, and the tags that YAML does not define.
    pub(super) fn faults(self, file: &str) -> Vec<Diagnostic> {
        let unused = self.anchors.into_iter();
        let unused = unused.filter(|(text, ..)| !self.used.contains(text));
        let unused = unused.map(|(_, own, mark)| {
            let out = format!("{}, ou retirez « {mark} », que rien n'emploie", marked('&'));
            (own, out)
        });
        let tags = self.tags.into_iter().map(|own| (own, marked('!')));
        let mut all: Vec<(Place, String)> = unused.chain(tags).collect();
        all.sort_unstable();
        let told = all.into_iter();
        told.map(|((line, column), message)| {
            Diagnostic::at(code::YAML, file, line, column, message)
        })
        .collect()
    }
}

/// The anchor or tag that ends here, and the text before it.
fn last_word(before: &str) -> Option<(&str, &str)> {
    let trimmed = before.trim_end();
    let begin = trimmed.rfind(|it: char| it.is_whitespace() || "[{,".contains(it));
    let begin = begin.map_or(0, |at| at + 1);
    let (rest, word) = trimmed.split_at_checked(begin)?;
    // A word that ends like this is a key, whatever it begins with.
    let is_mark = word.starts_with(['&', '!']) && !word.ends_with(':');
    (is_mark && trimmed.len() < before.len()).then_some((rest, word))
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use rstest::rstest;

    #[rstest]
    #[case("a: &Encombrants et déchets\n", &[(1, 4, '&')])]
    #[case("a: !Encombrants et déchets\n", &[(1, 4, '!')])]
    #[case("a:\n  - &un deux\n  - [b,&trois quatre, ! c d]\n", &[(2, 5, '&'), (3, 8, '&'), (3, 23, '!')])]
    #[case("été: {b: &c d, e: !f g}\n", &[(1, 10, '&'), (1, 19, '!')])]
    #[case("&a b: c\n", &[(1, 1, '&')])]
    #[case("a: !x {b: c}\n", &[(1, 4, '!')])]
    #[case("a: &b !c d\n", &[(1, 4, '&'), (1, 7, '!')])]
    #[case("a: &b c\nd: *b\ne: &f g\n", &[(3, 4, '&')])]
    #[case("a: &b 12\n", &[(1, 4, '&')])]
    fn a_text_that_begins_with_an_anchor_or_a_tag_is_reported(
        #[case] text: &str,
        #[case] wanted: &[(u32, u32, char)],
    ) {
        let faults = parse("f.yaml", text).unwrap_err();
        let told: Vec<_> = faults.iter().map(|it| (it.line, it.column)).collect();
        let places: Vec<_> = wanted.iter().map(|it| (it.0, it.1)).collect();
        assert_eq!(told, places, "{faults:?}");
        for (fault, (.., sign)) in faults.iter().zip(wanted) {
            let words = format!("le symbole « {sign} » en début de valeur");
            assert!(fault.message.starts_with(&words), "{fault}");
        }
    }

    #[test]
    fn an_unused_anchor_may_be_removed() {
        let faults = parse("f.yaml", "tous: &defaut TOUS\n").unwrap_err();
        assert_eq!(
            faults[0].message,
            "le symbole « & » en début de valeur : mettez le texte entre guillemets, ou retirez « &defaut », que \
             rien n'emploie"
        );
    }

    #[test]
    fn a_file_in_one_long_line_is_read_fast() {
        let items: Vec<String> = (0..20_000).map(|it| format!("é{it}: 12")).collect();
        let text = format!("{{{}, b: &c d}}\n", items.join(", "));
        let faults = parse("f.yaml", &text).unwrap_err();
        let column = text.chars().position(|it| it == '&').unwrap() + 1;
        assert_eq!((faults.len(), faults[0].line), (1, 1));
        assert_eq!(faults[0].column, u32::try_from(column).unwrap());
    }

    #[rstest]
    #[case("a: &b c d\ne: *b\nf: [*b]\n")]
    #[case("a: &b {c: d}\ne: {<<: *b, f: g}\n")]
    #[case("a: &b\n  c: d\ne:\n  <<: *b\n")]
    #[case("a: &b {c: d}\n")]
    #[case("a: &b\n  - c\n")]
    #[case("- &b c\n- *b\n")]
    #[case("&a b: c\nd: *a\n")]
    #[case("a: !!str 12\nb: !!str c\n")]
    #[case("a: '&b c'\nd: \"!e f\"\n")]
    #[case("a: b &c d\ne: f !g h\n")]
    #[case("a: b\n  &c d\n  !e f\n")]
    #[case("a &b: c\nd !e: f\n")]
    #[case("a: |\n  &b c\n  !d e\nf: >\n  !g h\n")]
    #[case("a: b # &c d\n# !e f\ng: h\n")]
    #[case("a: {b: R&D, c: oui !}\n")]
    fn legitimate_anchors_and_tags_are_not_reported(#[case] text: &str) {
        parse("f.yaml", text).unwrap();
    }
}

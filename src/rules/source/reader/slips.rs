//! Reports what a person meant differently from how YAML or the rules read it: lines on the wrong level, commas between
//! words, a comment glued to a word.

use super::Reader;
use crate::rules::diagnostic::{Listed, code, nearest, suggestion_of};
use crate::rules::pasted;
use crate::rules::place::Located;
use crate::rules::yaml::{Key, Node, Value};

/// A word and what follows it after a « # » that no space precedes, both written with letters, as in `haute#nouveau`.
fn glued_comment(word: &str) -> Option<(&str, &str)> {
    const SHORTEST: usize = 3;
    let (before, after) = word.split_once('#')?;
    let is_word = |it: &str| {
        let first = it.split(' ').next().unwrap_or_default();
        first.chars().count() >= SHORTEST && first.chars().all(char::is_alphabetic)
    };
    (before.ends_with(char::is_alphabetic) && is_word(before) && is_word(after))
        .then_some((before, after))
}

/// The word before a doubled colon, `CHAUF::`.
fn doubled_colon(name: &str) -> Option<&str> {
    let before = name.strip_suffix(':')?.trim_end_matches([':', ' ']);
    before.ends_with(char::is_alphanumeric).then_some(before)
}

/// The mark of a comment of another language at the beginning of a word. « -- Aucun -- » is a title, as in lists to
/// choose from.
fn foreign_comment(name: &str) -> Option<&'static str> {
    let mut marks = ["//", "/*", "<!--", "--", ";"].into_iter();
    let mark = marks.find(|it| name.starts_with(*it))?;
    let rest = name[mark.len()..].trim_start();
    let is_word = rest.starts_with(char::is_alphanumeric);
    (is_word && !(mark == "--" && rest.ends_with('-'))).then_some(mark)
}

fn in_parentheses(name: &str) -> Option<&str> {
    let inner = name.strip_prefix('(')?.strip_suffix(')')?;
    (!inner.trim().is_empty() && !inner.contains(['(', ')'])).then_some(inner)
}

fn is_padded(name: &str) -> bool {
    !name.trim().is_empty() && (name.starts_with(' ') || name.ends_with(' '))
}

impl Reader<'_> {
    /// Reports keys indented with characters that YAML does not accept as spaces: they end up on the top level instead
    /// of in their group.
    pub(super) fn note_hidden_indent(&mut self, root: &Node) -> bool {
        let Value::Map(entries) = &root.value else {
            return false;
        };
        let before = self.faults.len();
        let faults = entries
            .iter()
            .filter_map(|(key, _)| key.indent_fault(self.file));
        self.faults.extend(faults);
        self.faults.len() > before
    }

    /// Reports texts in which an escape produces a NUL: they would end up in demandes and statuses, which PostgreSQL
    /// could not store.
    pub(super) fn note_nul(&mut self, root: &Node) -> bool {
        const NUL: &str = "« \\0 » (ou « \\x00 », « \\u0000 ») fait un caractère NUL, qu'aucun texte ne peut contenir : retirez-le, ou mettez le texte entre apostrophes « ' » si « \\ » en fait partie";
        let before = self.faults.len();
        let mut waiting = vec![root];
        while let Some(node) = waiting.pop() {
            match &node.value {
                Value::Text(text) if text.contains('\0') => {
                    self.fault(code::UNREADABLE, node.line, node.column, NUL.to_owned());
                }
                Value::Null | Value::Text(_) => {}
                Value::List(items) => waiting.extend(items.iter().rev()),
                Value::Map(entries) => {
                    waiting.extend(entries.iter().rev().map(|(_, node)| node));
                    let keys = entries.iter().map(|(key, _)| key);
                    for key in keys.filter(|it| it.name.contains('\0')) {
                        self.fault(code::UNREADABLE, key.line, key.column, NUL.to_owned());
                    }
                }
            }
        }
        self.faults.len() > before
    }

    /// Reports the unknown keys that follow a group and seem to belong to it, and returns them; `None` if the group has
    /// no other keys.
    pub(super) fn note_strays<'n>(
        &mut self,
        entries: &'n [(Key, Node)],
        names: &[&str],
    ) -> Option<Vec<&'n Key>> {
        let mut all = Vec::new();
        let mut left_empty = false;
        let is_known = |key: &Key| names.contains(&key.name.as_str());
        for (at, (group, inner)) in entries.iter().enumerate() {
            let empty = inner.value == Value::Null;
            let block = matches!(inner.value, Value::Map(_)) && inner.line > group.line;
            if !is_known(group) || !(empty || block) {
                continue;
            }
            let belongs = |key: &Key| {
                !is_known(key)
                    && (empty || nearest(&key.name, names.iter().copied()).is_none())
                    && key.glued().is_none()
                    && pasted::note_hidden(&key.name).is_none()
                    && (key.line > group.line && key.column == group.column)
                    && self.begins_line(key)
            };
            let below = entries[at + 1..].iter().take_while(|(key, _)| belongs(key));
            let strays: Vec<&(Key, Node)> = below.collect();
            let Some((first, node)) = strays.first() else {
                continue;
            };
            let whole = matches!(node.value, Value::Map(_) | Value::List(_));
            let lines = match (strays.len(), whole && node.line > first.line) {
                (1, false) => "cette ligne doit être décalée",
                (1, true) => "cette ligne et celles de son groupe doivent être décalées",
                _ => "cette ligne et celles qui suivent doivent être décalées",
            };
            // If other keys are allowed here, it may be a misspelling of one of them.
            let otherwise = if empty || names.len() == 1 {
                String::new()
            } else {
                format!(
                    " ; sinon, {}",
                    suggestion_of(Listed::Keys, &first.name, names.iter().copied())
                )
            };
            let message = format!(
                "clé inconnue « {} » : {lines} sous « {} »{otherwise}",
                first.name, group.name
            );
            self.fault(code::KEY_UNKNOWN, first.line, first.column, message);
            all.extend(strays.into_iter().map(|(key, _)| key));
            left_empty |= empty;
        }
        (!left_empty).then_some(all)
    }

    /// Whether a key comes first on its line, without a quote; keys between braces mostly do not.
    pub(super) fn begins_line(&self, key: &Key) -> bool {
        let number = |it: u32| usize::try_from(it).ok()?.checked_sub(1);
        let line = number(key.line).and_then(|at| self.text.lines().nth(at));
        line.is_some_and(|it| it.trim_start().starts_with(&key.name))
    }

    /// The message about a word between braces that YAML reads as a key although no colon follows it, because of a
    /// comma, an equals sign, or a colon that was left out after one of these names.
    pub(in crate::rules) fn note_bare(&self, key: &Key, names: &[&str]) -> Option<String> {
        if !self.lacks_colon(key) {
            return None;
        }
        if let Some((name, value)) = key.name.split_once('=') {
            let (name, value) = (name.trim(), value.trim());
            return Some(format!("écrivez « {name}: {value} », avec deux-points"));
        }
        let parts = key.name.split_once([' ', ';']);
        if let Some((name, value)) = parts.filter(|(it, _)| names.contains(it)) {
            let value = value.trim_start_matches([' ', ';']);
            return Some(format!(
                "il manque les deux-points : écrivez « {name}: {value} »"
            ));
        }
        Some(if self.follows_comma(key) {
            "une virgule coupe le texte qui est devant : mettez-le en entier entre guillemets, ou ajoutez « : » et une valeur".into()
        } else {
            "il manque les deux-points entre le nom et la valeur : écrivez « nom: valeur »".into()
        })
    }

    /// Whether a comma comes before a key between braces, possibly on a line above.
    fn follows_comma(&self, key: &Key) -> bool {
        let number = |it: u32| usize::try_from(it).ok()?.checked_sub(1);
        let Some((line, column)) = number(key.line).zip(number(key.column)) else {
            return false;
        };
        let lines: Vec<&str> = self.text.lines().take(line + 1).collect();
        let Some((own, above)) = lines.split_last() else {
            return false;
        };
        let before: String = own.chars().take(column).collect();
        let before = std::iter::once(before.as_str()).chain(above.iter().rev().copied());
        let mut ends = before.filter_map(|it| it.trim_end().chars().next_back());
        ends.next() == Some(',')
    }

    /// Whether no colon follows a key, as can happen between braces.
    pub(in crate::rules) fn lacks_colon(&self, key: &Key) -> bool {
        let number = |it: u32| usize::try_from(it).ok()?.checked_sub(1);
        let written = number(key.line)
            .zip(number(key.column))
            .and_then(|(line, column)| {
                let line = self.text.lines().nth(line)?;
                let begin = line.char_indices().nth(column)?.0;
                line[begin..].strip_prefix(&key.name)
            });
        !key.quoted && written.is_some_and(|rest| rest.trim_start().starts_with([',', '}']))
    }

    /// Reports a word that ends in a comment to a person, but not to YAML: no space precedes its « # ».
    pub(super) fn note_glued_comment(&mut self, word: &Located) {
        let Some((before, after)) = glued_comment(&word.text).filter(|_| self.is_written(word))
        else {
            return;
        };
        // Between braces or brackets, the comment would hide what closes them.
        let remedy = if self.is_inside_brackets(word) {
            format!("effacez-le : « {before} » (ou mettez le mot")
        } else {
            format!("mettez une espace devant « # » : « {before} # {after} » (ou le mot")
        };
        let message = format!(
            "« {} » : ce « # » fait partie du mot ; si « {after} » est un commentaire, {remedy} entre guillemets, s'il est bien ainsi)",
            word.text
        );
        self.remark(code::SHAPE, word.line, word.column, message);
    }

    /// A text for people: reports characters at its end that were meant as syntax. Inside quotes, everything belongs to
    /// the text, and so do French or typographic quotes around it.
    pub(in crate::rules::source) fn label(&mut self, node: &Node) -> Option<Located> {
        let label = self.text(node)?;
        let text = label.text.as_str();
        self.note_expression(&label);
        if !self.is_written(&label) {
            return Some(label);
        }
        // After a digit it means inches.
        let before = text.strip_suffix('"');
        let before = before.filter(|text| !text.ends_with(|sign: char| sign.is_ascii_digit()));
        let reason = match (text.chars().next_back(), before) {
            (Some(sign @ (',' | ';')), _) => {
                let meant = text.trim_end_matches([',', ';', ' ']);
                let reason = format!("ce « {sign} » fait partie du texte : écrivez « {meant} »");
                Some(reason)
            }
            (_, Some(before)) if !before.contains('"') => {
                let reason =
                    format!("le guillemet de la fin fait partie du texte : écrivez « {before} »");
                Some(reason)
            }
            _ => None,
        };
        if let Some(reason) = reason {
            let message = format!("« {text} » : {reason}");
            self.remark(code::SHAPE, label.line, label.column, message);
        }
        Some(label)
    }

    /// Reports an expression of a template in a text that is no template.
    fn note_expression(&mut self, label: &Located) {
        let text = label.text.as_str();
        let marks = [("{{", "}}"), ("{%", "%}")];
        let mut found = marks.into_iter().filter_map(|(open, close)| {
            let (_, rest) = text.split_once(open)?;
            let (inner, _) = rest.split_once(close)?;
            Some(format!("{open}{inner}{close}"))
        });
        if let Some(expression) = found.next() {
            let message = format!(
                "« {text} » : seuls les modèles remplacent « {expression} » par une valeur ; ici, ces signes font partie du texte : retirez-les"
            );
            self.remark(code::SHAPE, label.line, label.column, message);
        }
    }

    /// Whether a text appears literally in its line, without quotes.
    pub(super) fn is_written(&self, it: &Located) -> bool {
        self.behind(it).is_some()
    }

    /// Whether a text without quotes is followed on its line by a comma or by what closes a group. Outside of brackets
    /// and braces, these would be part of the text.
    fn is_inside_brackets(&self, it: &Located) -> bool {
        let rest = self.behind(it).unwrap_or_default();
        rest.trim_start().starts_with([',', '}', ']'])
    }

    /// The rest of the line after a text that appears in it literally, without quotes.
    fn behind(&self, it: &Located) -> Option<&str> {
        let number = |it: u32| usize::try_from(it).ok()?.checked_sub(1);
        let (line, column) = number(it.line).zip(number(it.column))?;
        let line = self.text.lines().nth(line)?;
        let written = line.get(line.char_indices().nth(column)?.0..)?;
        written.strip_prefix(it.text.as_str())
    }

    /// Reports a word of a list that spans several lines: it was meant as several words, and a comma is missing.
    pub(in crate::rules::source) fn note_over_lines(&mut self, word: &Located) {
        if self.spans_lines(word) {
            let message = format!(
                "« {} » tient sur plusieurs lignes et ne compte que pour un : mettez une virgule entre plusieurs, ou tout sur une ligne",
                word.text
            );
            self.remark(code::SHAPE, word.line, word.column, message);
        }
    }

    /// Reports a word that continues on the next line: a remark below it became part of it.
    pub(super) fn note_going_on(&mut self, word: &Located) {
        if self.spans_lines(word) {
            let message = format!(
                "« {} » : la ligne du dessous fait partie de ce mot : mettez « # » devant elle si c'est un commentaire, ou écrivez tout sur une ligne",
                word.text
            );
            self.remark(code::SHAPE, word.line, word.column, message);
        }
    }

    /// Whether an unquoted text continues on the line below.
    fn spans_lines(&self, word: &Located) -> bool {
        let number = |it: u32| usize::try_from(it).ok()?.checked_sub(1);
        let written = number(word.line)
            .zip(number(word.column))
            .and_then(|(line, column)| {
                let line = self.text.lines().nth(line)?;
                Some(line.get(line.char_indices().nth(column)?.0..)?.to_owned())
            });
        let lines_above = number(word.line).unwrap_or_default();
        let above = self.text.lines().take(lines_above).last();
        let in_block =
            above.is_some_and(|it| it.trim_end_matches(['-', '+']).ends_with(['|', '>']));
        // Quoted texts and aliases begin differently.
        !in_block
            && written.is_some_and(|it| {
                it.starts_with(char::is_alphanumeric) && !it.starts_with(&word.text)
            })
    }

    /// Reports a word of the landlord's with a character that was meant as syntax but belongs to the word: a second
    /// colon, or the comment mark of another language. Quotes mark it as a word.
    pub(in crate::rules::source) fn note_disguised(&mut self, key: &Key) {
        let name = key.name.trim();
        let reason = if key.quoted || name.contains('\n') {
            return;
        } else if let Some(meant) = doubled_colon(name) {
            format!(
                "« {name}: » : les deux-points sont écrits deux fois, et les premiers comptent dans le nom : écrivez « {meant}: »"
            )
        } else if let Some(mark) = foreign_comment(name) {
            format!(
                "« {name} » : un commentaire commence par « # », et non par « {mark} » : mettez « # » à sa place, et devant chaque ligne de son groupe s'il en a un"
            )
        } else {
            return;
        };
        let message = format!("{reason} (ou mettez le nom entre guillemets, s'il est bien ainsi)");
        self.remark(code::SHAPE, key.line, key.column, message);
    }

    /// Reports a code in parentheses, with a point or a space at its end, unless other codes are written like this.
    pub(in crate::rules::source) fn note_odd_code(&mut self, key: &Key, codes: &[(Key, Node)]) {
        let name = key.name.as_str();
        let (is_odd, reason): (fn(&str) -> bool, String) = if is_padded(name) {
            let reason = "une espace compte dans ce code : effacez-la".to_owned();
            (is_padded, reason)
        } else if key.quoted {
            return;
        } else if let Some(inner) = in_parentheses(name) {
            let reason = format!(
                "les parenthèses comptent dans ce code : écrivez « {inner} », ou mettez « # » devant chaque ligne de son groupe pour le retirer"
            );
            (|it| in_parentheses(it).is_some(), reason)
        } else if let Some(before) = name.strip_suffix('.').filter(|it| !it.is_empty()) {
            let reason = format!("le point compte dans ce code : écrivez « {before} »");
            (|it| it.ends_with('.'), reason)
        } else {
            return;
        };
        let alike = codes.iter().filter(|(key, _)| is_odd(&key.name));
        if alike.count() == 1 && codes.len() > 1 {
            let message = format!("« {name} » : {reason}, si SoWell ne l'écrit pas ainsi");
            self.remark(code::SHAPE, key.line, key.column, message);
        }
    }
}

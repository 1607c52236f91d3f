//! What a person wrote for something else than YAML or the rules take it for: lines at another level, commas between
//! words, a word for all the rest.

use super::Reader;
use crate::rules::alike::plain;
use crate::rules::case;
use crate::rules::diagnostic::{Listed, code, nearest, suggestion_of};
use crate::rules::pasted;
use crate::rules::place::Located;
use crate::rules::yaml::{Key, Node, Value};

/// What people write for all that have no line of their own, without accents and spaces.
const DEFAULTS: [&str; 8] = [
    "*",
    "_",
    "sinon",
    "defaut",
    "pardefaut",
    "default",
    "else",
    "otherwise",
];

/// Whether a key names several of a kind. One with a comma of its own goes on in small letters: « Refusée, sans suite ».
fn are_several(key: &str) -> bool {
    let parts: Vec<&str> = key.split([',', ';']).map(str::trim).collect();
    let capital = |it: &&str| it.starts_with(char::is_uppercase);
    let filled = parts.iter().all(|it| it.starts_with(char::is_alphanumeric));
    let word = |it: &&str| !it.contains(' ') && !it.starts_with(|it: char| it.is_ascii_digit());
    let alike = parts.iter().all(capital) || parts.iter().all(word);
    parts.len() > 1 && filled && alike
}

impl Reader<'_> {
    /// Notes the keys that other spaces than YAML's indent: they stand beside all others, whose group lacks them.
    pub(super) fn note_hidden_indent(&mut self, root: &Node) -> bool {
        let Value::Map(entries) = &root.value else {
            return false;
        };
        let hidden = |it: &Key| {
            let indented = it
                .name
                .starts_with(|it: char| !it.is_ascii() && it.is_whitespace());
            indented.then(|| pasted::note_hidden(&it.name)).flatten()
        };
        let before = self.faults.len();
        for (key, note) in entries
            .iter()
            .filter_map(|(key, _)| Some((key, hidden(key)?)))
        {
            let message = format!("« {} » : {note}", key.name.trim());
            self.fault(code::SHAPE, key.line, key.column, message);
        }
        self.faults.len() > before
    }

    /// Notes the texts in which an escape makes a NUL: they would come back in demandes and statuses, which PostgreSQL
    /// could not keep. A case only says what may come, and is kept nowhere.
    pub(super) fn note_nul(&mut self, root: &Node) -> bool {
        const NUL: &str = "« \\0 » (ou « \\x00 », « \\u0000 ») fait un caractère NUL, qu'aucun texte ne peut contenir : retirez-le, ou mettez le texte entre apostrophes « ' » si « \\ » en fait partie";
        let before = self.faults.len();
        let mut waiting = vec![root];
        while let (Some(node), false) = (waiting.pop(), self.file.starts_with(case::FOLDER)) {
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

    /// Notes the unknown keys that stand below a group and look as if they belonged to it, and gives them; `None`
    /// where the group has nothing else.
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
            // Where other keys may stand here too, it may be one of those, misspelt.
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

    /// Whether nothing stands before a key on its line, and no quote around it: not so between braces, mostly.
    pub(super) fn begins_line(&self, key: &Key) -> bool {
        let number = |it: u32| usize::try_from(it).ok()?.checked_sub(1);
        let line = number(key.line).and_then(|at| self.text.lines().nth(at));
        line.is_some_and(|it| it.trim_start().starts_with(&key.name))
    }

    /// What to say of a word between braces that YAML takes for a key, though no colon follows it: a comma or an equals
    /// sign made it one.
    pub(in crate::rules) fn note_bare(&self, key: &Key) -> Option<String> {
        if !self.lacks_colon(key) {
            return None;
        }
        Some(match key.name.split_once('=') {
            Some((name, value)) => {
                let (name, value) = (name.trim(), value.trim());
                format!("écrivez « {name}: {value} », avec deux-points")
            }
            None => "une virgule coupe le texte qui est devant : mettez-le en entier entre guillemets, ou ajoutez « : » et une valeur".into(),
        })
    }

    /// Whether no colon follows a key, as between braces.
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

    /// A text that people read: points out what ends it and was meant for the file. Between quotes all of it is
    /// meant, and so are the quotes of French or of a word processor around it.
    pub(in crate::rules::source) fn label(&mut self, node: &Node) -> Option<Located> {
        let label = self.text(node)?;
        let text = label.text.as_str();
        if !self.is_written(&label) {
            return Some(label);
        }
        // Behind a figure it means inches.
        let before = text.strip_suffix('"');
        let before = before.filter(|it| !it.ends_with(|it: char| it.is_ascii_digit()));
        let told = match (text.chars().next_back(), before) {
            (Some(sign @ (',' | ';')), _) => {
                let meant = text.trim_end_matches([',', ';', ' ']);
                let told = format!("ce « {sign} » fait partie du texte : écrivez « {meant} »");
                Some(told)
            }
            (_, Some(before)) if !before.contains('"') => {
                let told =
                    format!("le guillemet de la fin fait partie du texte : écrivez « {before} »");
                Some(told)
            }
            _ => None,
        };
        if let Some(told) = told {
            let message = format!("« {text} » : {told}");
            self.remark(code::SHAPE, label.line, label.column, message);
        }
        Some(label)
    }

    /// Whether a text stands in its line as it is read, without quotes.
    fn is_written(&self, it: &Located) -> bool {
        let number = |it: u32| usize::try_from(it).ok()?.checked_sub(1);
        let written = number(it.line).zip(number(it.column));
        let written = written.and_then(|(line, column)| {
            let line = self.text.lines().nth(line)?;
            line.get(line.char_indices().nth(column)?.0..)
        });
        written.is_some_and(|line| line.starts_with(&it.text))
    }

    /// Points out a word of a list that stands on several lines: those are several words, and a comma is missing.
    pub(in crate::rules::source) fn note_over_lines(&mut self, word: &Located) {
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
        // Quotes and what is written elsewhere begin otherwise.
        let goes_on = !in_block
            && written.is_some_and(|it| {
                it.starts_with(char::is_alphanumeric) && !it.starts_with(&word.text)
            });
        if goes_on {
            let message = format!(
                "« {} » tient sur plusieurs lignes et ne compte que pour un : mettez une virgule entre plusieurs, ou tout sur une ligne",
                word.text
            );
            self.remark(code::SHAPE, word.line, word.column, message);
        }
    }

    /// Points out a key that was meant for several of a kind, or for all that have no line. `kind` is what one of them is,
    /// as in « un seul statut ».
    pub(in crate::rules::source) fn note_several(&mut self, key: &Key, kind: &str) {
        let name = plain(&key.name);
        // Quotes say that it is a name, except around what cannot do without them.
        let message = if DEFAULTS.contains(&name.as_str()) && (!key.quoted || key.name == "*") {
            let otherwise = if key.quoted {
                ""
            } else {
                " (ou mettez-le entre guillemets s'il s'appelle ainsi)"
            };
            format!(
                "« {0} » ne vaut que pour « {0} » même : rien ne vaut ici pour tout le reste ; retirez cette ligne, et donnez-en une à chacun{otherwise}",
                key.name
            )
        } else if !key.quoted && are_several(&key.name) {
            format!(
                "« {} » compte pour {kind} : donnez une ligne à chacun, ou mettez le tout entre guillemets si c'en est bien un seul",
                key.name
            )
        } else {
            return;
        };
        self.remark(code::RULE, key.line, key.column, message);
    }
}

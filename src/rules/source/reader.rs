//! Reads the nodes of one YAML file and reports faults of their shape.

mod several;
mod slips;

use std::collections::BTreeMap;

use crate::rules::diagnostic::{
    Diagnostic, Listed, any_error, code, nearest, suggestion, suggestion_of,
};
use crate::rules::pasted;
use crate::rules::place::Located;
use crate::rules::yaml::{self, Group, Key, Node, Value};

/// What distinguishes one kind of YAML file from the others.
#[derive(Debug)]
pub struct Kind {
    /// Groups whose title is easily left out.
    pub groups: &'static [Group],
    /// Whether `//` divides in its expressions. Elsewhere it may be meant as a comment.
    pub divides: bool,
    /// Whether its texts may contain NUL, because they are never stored.
    pub allows_nul: bool,
}

impl Kind {
    /// Nothing special.
    pub const PLAIN: Self = Self {
        groups: &[],
        divides: false,
        allows_nul: false,
    };
}

/// Reads the nodes of one file and reports their faults.
pub struct Reader<'a> {
    file: &'a str,
    kind: &'static Kind,
    /// The text of the file, to find positions inside a value.
    text: String,
    faults: &'a mut Vec<Diagnostic>,
    before: usize,
}

impl<'a> Reader<'a> {
    pub(in crate::rules) fn new(file: &'a str, faults: &'a mut Vec<Diagnostic>) -> Self {
        Self::of_kind(&Kind::PLAIN, file, faults)
    }

    pub(in crate::rules) fn of_kind(
        kind: &'static Kind,
        file: &'a str,
        faults: &'a mut Vec<Diagnostic>,
    ) -> Self {
        let before = faults.len();
        Self {
            file,
            kind,
            text: String::new(),
            faults,
            before,
        }
    }

    /// The value, unless the file has an error.
    pub(in crate::rules) fn finish<T>(&self, value: T) -> Option<T> {
        (!any_error(&self.faults[self.before..])).then_some(value)
    }

    pub(in crate::rules) fn root(&mut self, text: &str) -> Option<Node> {
        text.clone_into(&mut self.text);
        match yaml::parse_grouped(self.file, text, self.kind.groups) {
            Ok(node) if node.value == Value::Null => {
                let message = "ce fichier est vide, ou n'a que des commentaires".to_owned();
                self.fault(code::SHAPE, 0, 0, message);
                None
            }
            Ok(Node {
                line,
                column,
                value: Value::Text(text),
                ..
            }) if !text.contains(':') && pasted::note(&text).is_none() => {
                let message = "il n'y a ici aucune ligne « nom: valeur » : il manque les deux-points, ou l'espace après eux";
                self.fault(code::SHAPE, line, column, message.to_owned());
                None
            }
            Ok(node) => {
                let remarks = yaml::remarks(self.file, text, self.kind.divides);
                self.faults.extend(remarks);
                let noted = self.note_hidden_indent(&node)
                    | (!self.kind.allows_nul && self.note_nul(&node));
                (!noted).then_some(node)
            }
            Err(faults) => {
                self.faults.extend(faults);
                None
            }
        }
    }

    /// The position of a byte inside a value if its line contains the value literally, otherwise that of the value.
    pub(in crate::rules) fn place_within(
        &self,
        begin: (u32, u32),
        value: &str,
        at: usize,
    ) -> (u32, u32) {
        let number = |it: u32| usize::try_from(it).ok()?.checked_sub(1);
        let found = || {
            let line = self.text.lines().nth(number(begin.0)?)?;
            let written: String = line.chars().skip(number(begin.1)?).collect();
            let sign = value[at..].chars().next().map_or(0, char::len_utf8);
            let before = value.get(..at + sign)?;
            let mut quotes = ["", "'", "\""].into_iter();
            let quote = quotes.find(|quote| {
                let rest = written.strip_prefix(quote);
                rest.is_some_and(|rest| rest.starts_with(before))
            })?;
            let signs = value[..at].chars().count() + quote.len();
            Some((begin.0, begin.1 + u32::try_from(signs).ok()?))
        };
        found().unwrap_or(begin)
    }

    pub(in crate::rules) fn fault(
        &mut self,
        code: &'static str,
        line: u32,
        column: u32,
        message: String,
    ) {
        self.faults
            .push(Diagnostic::at(code, self.file, line, column, message));
    }

    /// Adds a remark, which does not refuse the edit.
    pub(in crate::rules) fn remark(
        &mut self,
        code: &'static str,
        line: u32,
        column: u32,
        message: String,
    ) {
        let remark = Diagnostic::at(code, self.file, line, column, message);
        self.faults.push(remark.as_warning());
    }

    pub(in crate::rules) fn expected(&mut self, node: &Node, what: &str) {
        let found = match &node.value {
            Value::Null => "rien",
            Value::Text(text) if text.trim().is_empty() => "un texte vide",
            Value::Text(_) => "un texte",
            Value::List(_) => "une liste",
            Value::Map(_) => "des clés « nom: valeur »",
        };
        // A « ! » alone is an empty text to YAML.
        let is_empty =
            node.value == Value::Null || matches!(&node.value, Value::Text(it) if it.is_empty());
        let marked = self.marked(node).filter(|_| is_empty);
        let column = marked.as_ref().map_or(node.column, |it| it.0);
        let pasted = match (&node.value, marked) {
            (_, Some((_, remedy))) => Some(remedy),
            (Value::Text(text), None) => yaml::glued_dash(text)
                .or_else(|| pasted::note(text))
                .or_else(|| yaml::glued(text)),
            _ => None,
        };
        let pasted = pasted.map(|it| format!(" ; {it}")).unwrap_or_default();
        let message = format!("il faut ici {what}, et non {found}{pasted}");
        self.fault(code::SHAPE, node.line, column, message);
    }

    /// The character that makes YAML read a text as something else, if there is one: its column, and what to do about
    /// it.
    fn marked(&self, node: &Node) -> Option<(u32, String)> {
        let line = usize::try_from(node.line).ok()?.checked_sub(1)?;
        let line = self.text.lines().nth(line)?;
        let value = line.split_once(": ").or_else(|| line.split_once("- "))?.1;
        let value = value.trim_start();
        let before = line.strip_suffix(value)?;
        let column = u32::try_from(before.chars().count() + 1).ok()?;
        let mut signs = value.chars();
        let remedy = match (signs.next()?, signs.next()) {
            (sign @ ('!' | '&'), _) => yaml::marked(sign),
            ('#', Some(it)) if it.is_alphanumeric() => {
                "ce qui suit « # » est un commentaire : mettez le texte entre guillemets".into()
            }
            ('#', Some('[' | '{')) => {
                "ce qui suit « # » est un commentaire : effacez ce signe".into()
            }
            _ => return None,
        };
        Some((column, remedy))
    }

    pub(in crate::rules) fn map<'n>(&mut self, node: &'n Node) -> Option<&'n [(Key, Node)]> {
        match &node.value {
            Value::Map(entries) => Some(entries),
            _ => {
                self.expected(node, "un ensemble de clés « nom: valeur »");
                None
            }
        }
    }

    /// The entries of a mapping that must not be empty.
    pub(super) fn entries<'n>(&mut self, node: &'n Node) -> Option<&'n [(Key, Node)]> {
        let entries = self.map(node)?;
        if entries.is_empty() {
            let message = "il faut ici au moins une ligne « nom: valeur »".to_owned();
            self.fault(code::SHAPE, node.line, node.column, message);
        }
        Some(entries)
    }

    /// The values of a mapping that may only contain known keys, in the order of `required`.
    pub(in crate::rules) fn fields<'n, const N: usize>(
        &mut self,
        node: &'n Node,
        names: [&str; N],
        optional: &[&str],
    ) -> Option<[Option<&'n Node>; N]> {
        let entries = self.map(node)?;
        if let ([only], [(first, _), ..]) = (names.as_slice(), entries)
            && entries
                .iter()
                .all(|(key, _)| nearest(&key.name, [*only]).is_none())
            && self.begins_line(first)
        {
            let message = format!(
                "il manque la ligne « {only}: » au-dessus de « {} » : ajoutez-la et décalez dessous les autres lignes",
                first.name
            );
            self.fault(code::KEY_MISSING, first.line, first.column, message);
            return None;
        }
        let strays = self.note_strays(entries, &names)?;
        // If a misspelt key was probably meant to be a required one, the required one is not reported as missing too.
        let mut meant = Vec::new();
        for (key, _) in entries {
            if !strays.contains(&key) && !self.known_key(key, &names) {
                // Its colon may be missing: « {identifiant RS-1} ».
                let first = key.name.split([' ', ';', '=']).next().unwrap_or_default();
                let own = names.iter().copied().find(|it| *it == first);
                meant.extend(own.or_else(|| nearest(&key.name, names.iter().copied())));
            }
        }
        Some(names.map(|name| {
            let found = entries
                .iter()
                .find(|(key, _)| key.name == name)
                .map(|(_, value)| value)
                // `ignorer:` without a value, because all its lines are commented out.
                .filter(|value| value.value != Value::Null || !optional.contains(&name));
            if found.is_none() && !optional.contains(&name) && !meant.contains(&name) {
                self.fault(
                    code::KEY_MISSING,
                    node.line,
                    node.column,
                    format!("la clé « {name} » manque ici"),
                );
            }
            found
        }))
    }

    /// Whether a key is one of these; otherwise reports it, with the nearest one.
    pub(in crate::rules) fn known_key(&mut self, key: &Key, names: &[&str]) -> bool {
        let known = names.contains(&key.name.as_str());
        if !known {
            let near = key
                .glued()
                .or_else(|| self.note_bare(key, names))
                .unwrap_or_else(|| suggestion_of(Listed::Keys, &key.name, names.iter().copied()));
            let message = format!("clé inconnue « {} » : {near}", key.name);
            self.fault(code::KEY_UNKNOWN, key.line, key.column, message);
        }
        known
    }

    pub(in crate::rules) fn key(&mut self, key: &Key) -> Located {
        if key.name.trim().is_empty() {
            self.fault(
                code::SHAPE,
                key.line,
                key.column,
                "cette clé est vide".to_owned(),
            );
        }
        let key = Located {
            line: key.line,
            column: key.column,
            text: key.name.clone(),
        };
        self.note_hidden(&key);
        key
    }

    /// A text that must be identical elsewhere.
    pub(super) fn word_kept(&mut self, node: &Node) -> Option<Located> {
        let word = self.text(node)?;
        self.note_hidden(&word);
        self.note_going_on(&word);
        self.note_glued_comment(&word);
        Some(word)
    }

    /// Reports invisible characters in a word that must be identical elsewhere, and quotes around it that the rules do
    /// not recognize as quotes.
    pub(super) fn note_hidden(&mut self, word: &Located) {
        let note = pasted::note_around(&word.text).or_else(|| pasted::note_hidden(&word.text));
        if let Some(note) = note {
            let message = format!("« {} » : {note}", word.text);
            self.remark(code::SHAPE, word.line, word.column, message);
        }
    }

    pub(in crate::rules) fn text(&mut self, node: &Node) -> Option<Located> {
        match &node.value {
            Value::Text(text) if !text.trim().is_empty() => Some(Located {
                line: node.line,
                column: node.column,
                text: text.clone(),
            }),
            _ => {
                self.expected(node, "un texte");
                None
            }
        }
    }

    /// A text that may be empty, like a cell of an export; one of only spaces counts as empty, as in an export.
    pub(in crate::rules) fn text_or_empty(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) if text.trim().is_empty() => Some(String::new()),
            _ => self.text(node).map(|it| it.text),
        }
    }

    /// One of these words; any other is reported with the nearest one.
    pub(in crate::rules) fn word(&mut self, node: &Node, words: &[&str]) -> Option<Located> {
        let word = self.text(node)?;
        if words.contains(&word.text.as_str()) {
            return Some(word);
        }
        let near = suggestion(&word.text, words.iter().copied());
        let message = format!("mot inconnu « {} » : {near}", word.text);
        self.fault(code::WORD_UNKNOWN, node.line, node.column, message);
        None
    }

    pub(in crate::rules) fn list<'n>(&mut self, node: &'n Node) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) => Some(items),
            Value::Map(entries) if entries.first().is_some_and(|(key, _)| key.name == "nom") => {
                self.fault(code::SHAPE, node.line, node.column, yaml::no_dash("nom"));
                None
            }
            _ => {
                self.expected(node, "une liste, par exemple [a, b]");
                None
            }
        }
    }

    pub(in crate::rules) fn texts(&mut self, node: &Node) -> Option<Vec<Located>> {
        let items = self.list(node)?;
        Some(items.iter().filter_map(|item| self.text(item)).collect())
    }

    /// The column of a tag such as `!ASC` that ends where the node is.
    pub(super) fn tag_before(&self, node: &Node) -> Option<u32> {
        let number = |it: u32| usize::try_from(it).ok()?.checked_sub(1);
        let line = self.text.lines().nth(number(node.line)?)?;
        let before: String = line.chars().take(number(node.column)?).collect();
        let before = before.trim_end();
        let tag = before.rfind([' ', '[', ',']).map_or(0, |at| at + 1);
        let is_tag = before[tag..].starts_with('!');
        let column = before[..tag].chars().count() + 1;
        u32::try_from(column).ok().filter(|_| is_tag)
    }

    /// The texts of a mapping by key; a key without a value counts as missing.
    pub(in crate::rules) fn texts_by_key(
        &mut self,
        node: &Node,
    ) -> Option<BTreeMap<String, Located>> {
        let mut found = BTreeMap::new();
        for (key, value) in self.map(node)? {
            if value.value != Value::Null {
                found.insert(key.name.clone(), self.text(value)?);
            }
        }
        Some(found)
    }

    /// The entries of a mapping from words to words; `kind` describes one key, see [`Self::note_several`].
    pub(super) fn pairs(&mut self, node: &Node, kind: &str) -> Option<Vec<(Located, String)>> {
        let entries = self.entries(node)?;
        let mut pairs = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let glued = key.glued().filter(|_| value.value == Value::Null);
            if let Some(message) = glued {
                self.fault(code::SHAPE, key.line, key.column, message);
                continue;
            }
            self.note_several(key, kind);
            self.note_disguised(key);
            let key = self.key(key);
            if let Some(value) = self.word_kept(value) {
                pairs.push((key, value.text));
            }
        }
        Some(pairs)
    }
}

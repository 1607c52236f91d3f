//! The shape of each YAML rule file: what may stand in it, before anything is checked across
//! files. Every fault of a file is reported, never only the first.

use std::collections::BTreeMap;

use crate::rules::diagnostic::{Diagnostic, any_error, code, nearest, suggestion};
use crate::rules::pasted;
use crate::rules::yaml::{self, Key, Node, Value};

/// A text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// The text.
    pub text: String,
}

/// `priorites.yaml`: SoWell's word and the CRM's.
pub type RawPriorites = Vec<(Located, String)>;

/// One entry of `qualifications.yaml`.
#[derive(Debug, Clone)]
pub struct RawQualification {
    /// SoWell's code of the category.
    pub code: Located,
    /// Name shown to people.
    pub libelle: String,
    /// Which kind of manager it asks for.
    pub type_gestionnaire: Located,
    /// The CRM's procedure.
    pub workflow: String,
}

/// `transmission.yaml`.
#[derive(Debug, Clone)]
pub struct RawTransmission {
    /// Words of `modes`.
    pub modes: Vec<Located>,
    /// Codes of `categories`.
    pub categories: Vec<Located>,
}

/// `statuts.yaml`.
#[derive(Debug, Clone)]
pub struct RawStatuts {
    /// The CRM's first status.
    pub initial: Located,
    /// The channel of SoWell's demandes.
    pub canal: String,
    /// The table.
    pub correspondances: Vec<(Located, RawCorrespondance)>,
    /// Statuses that are not told to SoWell.
    pub ignorer: Vec<Located>,
}

/// The right side of one line of the table.
#[derive(Debug, Clone)]
pub enum RawCorrespondance {
    /// Always this word.
    Fixed(String),
    /// A word for each value of another field.
    Selon {
        /// The field of the event.
        field: Located,
        /// Its values.
        values: Vec<(Located, String)>,
    },
}

/// Reads `priorites.yaml`.
pub fn priorites(file: &str, text: &str, faults: &mut Vec<Diagnostic>) -> Option<RawPriorites> {
    let mut reader = Reader::new(file, faults);
    let root = reader.root(text)?;
    let [priorites] = reader.fields(&root, ["priorites"], &[])?;
    let pairs = reader.pairs(priorites?)?;
    reader.finish(pairs)
}

/// Reads `qualifications.yaml`.
pub fn qualifications(
    file: &str,
    text: &str,
    faults: &mut Vec<Diagnostic>,
) -> Option<Vec<RawQualification>> {
    let mut reader = Reader::new(file, faults);
    let root = reader.root(text)?;
    let [qualifications] = reader.fields(&root, ["qualifications"], &[])?;
    let mut list = Vec::new();
    for (code, node) in reader.entries(qualifications?)? {
        let code = reader.key(code);
        let Some([libelle, kind, workflow]) =
            reader.fields(node, ["libelle", "type_gestionnaire", "workflow"], &[])
        else {
            continue;
        };
        let libelle = libelle.and_then(|node| reader.text(node));
        let kind = kind.and_then(|node| reader.word_kept(node));
        let workflow = workflow.and_then(|node| reader.word_kept(node));
        if let (Some(libelle), Some(kind), Some(workflow)) = (libelle, kind, workflow) {
            list.push(RawQualification {
                code,
                libelle: libelle.text,
                type_gestionnaire: kind,
                workflow: workflow.text,
            });
        }
    }
    reader.finish(list)
}

/// Reads `transmission.yaml`; what could be read of it comes back beside its faults, so that its words
/// are checked too.
pub fn transmission(
    file: &str,
    text: &str,
    faults: &mut Vec<Diagnostic>,
) -> Option<RawTransmission> {
    let mut reader = Reader::new(file, faults);
    let root = reader.root(text)?;
    let [modes, categories] = reader.fields(&root, ["modes", "categories"], &["categories"])?;
    let modes = reader.texts(modes?)?;
    let categories = match categories {
        Some(node) => reader.texts(node).unwrap_or_default(),
        None => Vec::new(),
    };
    Some(RawTransmission { modes, categories })
}

/// Reads `statuts.yaml`; what could be read of it comes back beside its faults, so that its words are
/// checked too.
pub fn statuts(file: &str, text: &str, faults: &mut Vec<Diagnostic>) -> Option<RawStatuts> {
    let mut reader = Reader::new(file, faults);
    let root = reader.root(text)?;
    let [initial, canal, table, ignorer] = reader.fields(
        &root,
        ["initial", "canal", "correspondances", "ignorer"],
        &["ignorer"],
    )?;
    let initial = initial.and_then(|node| reader.word_kept(node));
    let canal = canal.and_then(|node| reader.word_kept(node));
    let mut correspondances = Vec::new();
    if let Some(entries) = table.and_then(|node| reader.entries(node)) {
        for (key, node) in entries {
            let statut = reader.key(key);
            if let Some(right) = reader.correspondance(node) {
                correspondances.push((statut, right));
            }
        }
    }
    let ignorer = match ignorer {
        Some(node) => reader.texts(node).unwrap_or_default(),
        None => Vec::new(),
    };
    for statut in &ignorer {
        reader.note_hidden(statut);
    }
    Some(RawStatuts {
        initial: initial?,
        canal: canal?.text,
        correspondances,
        ignorer,
    })
}

/// Reads nodes of one file and notes what is wrong with them.
pub(super) struct Reader<'a> {
    file: &'a str,
    /// As it was read, to find a place within a value.
    text: String,
    faults: &'a mut Vec<Diagnostic>,
    before: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str, faults: &'a mut Vec<Diagnostic>) -> Self {
        let before = faults.len();
        Self {
            file,
            text: String::new(),
            faults,
            before,
        }
    }

    /// The value, unless something in the file was wrong.
    pub(super) fn finish<T>(&self, value: T) -> Option<T> {
        (!any_error(&self.faults[self.before..])).then_some(value)
    }

    pub(super) fn root(&mut self, text: &str) -> Option<Node> {
        text.clone_into(&mut self.text);
        match yaml::parse(self.file, text) {
            Ok(node) => Some(node),
            Err(faults) => {
                self.faults.extend(faults);
                None
            }
        }
    }

    /// The place of a byte of a value, where its line has the value as it is read; else that of the value.
    pub(super) fn place_within(&self, begin: (u32, u32), value: &str, at: usize) -> (u32, u32) {
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

    pub(super) fn fault(&mut self, code: &'static str, line: u32, column: u32, message: String) {
        self.faults
            .push(Diagnostic::at(code, self.file, line, column, message));
    }

    /// Something to look at, that refuses nothing.
    pub(super) fn remark(&mut self, code: &'static str, line: u32, column: u32, message: String) {
        let remark = Diagnostic::at(code, self.file, line, column, message);
        self.faults.push(remark.as_warning());
    }

    pub(super) fn expected(&mut self, node: &Node, what: &str) {
        let found = match &node.value {
            Value::Null => "rien",
            Value::Text(text) if text.trim().is_empty() => "un texte vide",
            Value::Text(_) => "un texte",
            Value::List(_) => "une liste",
            Value::Map(_) => "des clés « nom: valeur »",
        };
        let pasted = match &node.value {
            Value::Text(text) => pasted::note(text).or_else(|| yaml::glued(text)),
            _ => None,
        };
        let pasted = pasted.map(|it| format!(" ; {it}")).unwrap_or_default();
        self.fault(
            code::SHAPE,
            node.line,
            node.column,
            format!("il faut ici {what}, et non {found}{pasted}"),
        );
    }

    pub(super) fn map<'n>(&mut self, node: &'n Node) -> Option<&'n [(Key, Node)]> {
        match &node.value {
            Value::Map(entries) => Some(entries),
            _ => {
                self.expected(node, "un ensemble de clés « nom: valeur »");
                None
            }
        }
    }

    /// The entries of a mapping that says nothing where it is empty.
    fn entries<'n>(&mut self, node: &'n Node) -> Option<&'n [(Key, Node)]> {
        let entries = self.map(node)?;
        if entries.is_empty() {
            let message = "il faut ici au moins une ligne « nom: valeur »".to_owned();
            self.fault(code::SHAPE, node.line, node.column, message);
        }
        Some(entries)
    }

    /// The values of a mapping whose keys are all known, in the order asked for.
    pub(super) fn fields<'n, const N: usize>(
        &mut self,
        node: &'n Node,
        names: [&str; N],
        optional: &[&str],
    ) -> Option<[Option<&'n Node>; N]> {
        let entries = self.map(node)?;
        // What a misspelt key was meant to be is not missing besides.
        let mut meant = Vec::new();
        for (key, _) in entries {
            if !self.known_key(key, &names) {
                meant.extend(nearest(&key.name, names.iter().copied()));
            }
        }
        Some(names.map(|name| {
            let found = entries
                .iter()
                .find(|(key, _)| key.name == name)
                .map(|(_, value)| value)
                // `ignorer:` with nothing behind it, all its lines commented out.
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

    /// Whether a key is one of these; notes it with the nearest where it is not.
    pub(super) fn known_key(&mut self, key: &Key, names: &[&str]) -> bool {
        let known = names.contains(&key.name.as_str());
        if !known {
            let near = yaml::glued(&key.name)
                .unwrap_or_else(|| suggestion(&key.name, names.iter().copied()));
            let message = format!("clé inconnue « {} » : {near}", key.name);
            self.fault(code::KEY_UNKNOWN, key.line, key.column, message);
        }
        known
    }

    pub(super) fn key(&mut self, key: &Key) -> Located {
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

    /// A text that has to be the same elsewhere.
    fn word_kept(&mut self, node: &Node) -> Option<Located> {
        let word = self.text(node)?;
        self.note_hidden(&word);
        Some(word)
    }

    /// Points out what nobody sees in a word that has to be the same elsewhere, and quotes around it that are none to
    /// the rules.
    fn note_hidden(&mut self, word: &Located) {
        let note = pasted::note_around(&word.text).or_else(|| pasted::note_hidden(&word.text));
        if let Some(note) = note {
            let message = format!("« {} » : {note}", word.text);
            self.remark(code::SHAPE, word.line, word.column, message);
        }
    }

    pub(super) fn text(&mut self, node: &Node) -> Option<Located> {
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

    /// One of these words; any other is noted with the nearest.
    pub(super) fn word(&mut self, node: &Node, words: &[&str]) -> Option<Located> {
        let word = self.text(node)?;
        if words.contains(&word.text.as_str()) {
            return Some(word);
        }
        let near = suggestion(&word.text, words.iter().copied());
        let message = format!("mot inconnu « {} » : {near}", word.text);
        self.fault(code::WORD_UNKNOWN, node.line, node.column, message);
        None
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) => Some(items),
            _ => {
                self.expected(node, "une liste, par exemple [a, b]");
                None
            }
        }
    }

    pub(super) fn texts(&mut self, node: &Node) -> Option<Vec<Located>> {
        let items = self.list(node)?;
        Some(items.iter().filter_map(|item| self.text(item)).collect())
    }

    /// The texts of a mapping by their keys; a key with nothing behind it counts as left out.
    pub(super) fn texts_by_key(&mut self, node: &Node) -> Option<BTreeMap<String, Located>> {
        let mut found = BTreeMap::new();
        for (key, value) in self.map(node)? {
            if value.value != Value::Null {
                found.insert(key.name.clone(), self.text(value)?);
            }
        }
        Some(found)
    }

    fn pairs(&mut self, node: &Node) -> Option<Vec<(Located, String)>> {
        let entries = self.entries(node)?;
        let mut pairs = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let glued = yaml::glued(&key.name).filter(|_| value.value == Value::Null);
            if let Some(message) = glued {
                self.fault(code::SHAPE, key.line, key.column, message);
                continue;
            }
            let key = self.key(key);
            if let Some(value) = self.word_kept(value) {
                pairs.push((key, value.text));
            }
        }
        Some(pairs)
    }

    fn correspondance(&mut self, node: &Node) -> Option<RawCorrespondance> {
        match &node.value {
            Value::Text(text) if !text.trim().is_empty() => {
                self.word_kept(node);
                Some(RawCorrespondance::Fixed(text.clone()))
            }
            Value::Map(_) => {
                let [field, values] = self.fields(node, ["selon", "valeurs"], &[])?;
                let field = field.and_then(|node| self.text(node));
                let values = values.and_then(|node| self.pairs(node));
                Some(RawCorrespondance::Selon {
                    field: field?,
                    values: values?,
                })
            }
            _ => {
                self.expected(node, "un statut SoWell, ou {selon: …, valeurs: {…}}");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_of_a_file_come_at_once() {
        let mut faults = Vec::new();
        let text = "mode: [tous]\ncategorie: [ASC]\ncategories: ASC\n";
        transmission("transmission.yaml", text, &mut faults);
        let seen: Vec<(u32, &str)> = faults
            .iter()
            .map(|it| (it.line, it.message.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                (1, "clé inconnue « mode » : vouliez-vous dire « modes » ?"),
                (
                    2,
                    "clé inconnue « categorie » : vouliez-vous dire « categories » ?"
                ),
            ]
        );
    }

    #[test]
    fn a_status_may_depend_on_a_field() {
        let mut faults = Vec::new();
        let text = "initial: Transférée\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\n  Clôturée: {selon: resultat, valeurs: {Traité: Traité}}\n";
        let raw = statuts("statuts.yaml", text, &mut faults).unwrap();
        assert_eq!(faults, []);
        assert!(matches!(
            &raw.correspondances[1].1,
            RawCorrespondance::Selon { field, .. } if field.text == "resultat"
        ));
    }
}

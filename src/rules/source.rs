//! The shape of each YAML rule file: what may stand in it, before anything is checked across
//! files. Every fault of a file is reported, never only the first. Beside it, the text of any file of rules.

mod reader;
mod text;

use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::pasted;
use crate::rules::yaml::{Key, Node, Value};

pub(super) use reader::Reader;
pub(super) use text::text;

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
    pub workflow: Located,
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
    let mut entries = reader.entries(qualifications?)?;
    while let [(code, node), rest @ ..] = entries {
        let strays = rest.iter().take_while(|(key, node)| {
            let of_code = matches!(node.value, Value::Null | Value::Text(_));
            of_code && is_named(key, &OF_QUALIFICATION)
        });
        let (strays, rest) = rest.split_at(strays.count());
        entries = rest;
        if !strays.is_empty() {
            note_strays(&mut reader, code, strays);
            continue;
        }
        if note_nested(&mut reader, code, node) {
            continue;
        }
        let code = reader.key(code);
        let Some([libelle, kind, workflow]) = reader.fields(node, OF_QUALIFICATION, &[]) else {
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
                workflow,
            });
        }
    }
    reader.finish(list)
}

/// What a qualification says.
const OF_QUALIFICATION: [&str; 3] = ["libelle", "type_gestionnaire", "workflow"];

/// What a status that depends on a field says.
const OF_CHOICE: [&str; 2] = ["selon", "valeurs"];

/// Whether a key has one of these names, whatever indents it.
fn is_named(key: &Key, names: &[&str]) -> bool {
    names.contains(&pasted::as_typed(&key.name).trim())
}

/// Notes what stands beside the key that it belongs to, and should stand under it.
fn note_strays(reader: &mut Reader<'_>, code: &Key, strays: &[(Key, Node)]) {
    let Some((first, _)) = strays.first() else {
        return;
    };
    let lines = match strays.len() {
        1 => "cette ligne",
        _ => "ces lignes",
    };
    let names: Vec<&str> = strays.iter().map(|(key, _)| key.name.trim()).collect();
    let pasted = pasted::note_hidden(&first.name);
    let pasted = pasted.map(|it| format!(" ; {it}")).unwrap_or_default();
    let message = format!(
        "décalez {lines} sous « {} » : {}{pasted}",
        code.name,
        names.join(", ")
    );
    reader.fault(code::SHAPE, first.line, first.column, message);
}

/// Notes another code that stands under this one, and should stand beside it.
fn note_nested(reader: &mut Reader<'_>, code: &Key, node: &Node) -> bool {
    let Value::Map(entries) = &node.value else {
        return false;
    };
    let is_code = |node: &Node| {
        let mut names = OF_QUALIFICATION.iter();
        names.any(|it| node.get(it).is_some())
    };
    let mut nested = entries.iter().filter(|(_, node)| is_code(node));
    let Some((key, _)) = nested.next() else {
        return false;
    };
    let message = format!(
        "« {} » est trop à droite : alignez cette ligne sur « {} », et celles de son groupe d'autant",
        key.name, code.name
    );
    reader.fault(code::SHAPE, key.line, key.column, message);
    true
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
    if let Some(mut entries) = table.and_then(|node| reader.entries(node)) {
        while let [(key, node), rest @ ..] = entries {
            let strays = rest.iter().take_while(|(key, _)| is_named(key, &OF_CHOICE));
            let strays = match node.value {
                Value::Null => strays.count(),
                _ => 0,
            };
            let (strays, rest) = rest.split_at(strays);
            entries = rest;
            if !strays.is_empty() {
                note_strays(&mut reader, key, strays);
                continue;
            }
            let statut = reader.key(key);
            if let Some(right) = correspondance(&mut reader, node) {
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

fn correspondance(reader: &mut Reader<'_>, node: &Node) -> Option<RawCorrespondance> {
    match &node.value {
        Value::Text(text) if !text.trim().is_empty() => {
            reader.word_kept(node);
            Some(RawCorrespondance::Fixed(text.clone()))
        }
        Value::Map(_) => {
            let [field, values] = reader.fields(node, ["selon", "valeurs"], &[])?;
            let field = field.and_then(|node| reader.text(node));
            let values = values.and_then(|node| reader.pairs(node));
            Some(RawCorrespondance::Selon {
                field: field?,
                values: values?,
            })
        }
        _ => {
            reader.expected(node, "un statut SoWell, ou {selon: …, valeurs: {…}}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::diagnostic::Severity;
    use rstest::rstest;

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

    #[test]
    fn a_choice_beside_its_status_is_told_once() {
        let mut faults = Vec::new();
        let text = "initial: Ouverte\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\n  Clôturée:\n  selon: resultat\n  valeurs: {Traité: Traité}\n";
        statuts("s.yaml", text, &mut faults);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!((faults[0].line, faults[0].column), (6, 3));
        let words = "décalez ces lignes sous « Clôturée » : selon, valeurs";
        assert_eq!(faults[0].message, words);
    }

    const ASC: &str =
        "qualifications:\n  ASC:\n    libelle: L\n    type_gestionnaire: t\n    workflow: W\n";

    #[rstest]
    #[case("PLB:\n  libelle: L\n", (6, 1), "celles de son groupe doivent être décalées sous « qualifications »")]
    #[case("PLB:\nlibelle: L\nworkflow: W\n", (6, 1), "celles qui suivent doivent être décalées sous « qualifications »")]
    #[case("  PLB:\n  libelle: L\n  type_gestionnaire: t\n  workflow: W\n", (7, 3), "décalez ces lignes sous « PLB » : libelle, type_gestionnaire, workflow")]
    #[case("  PLB:\n    libelle: L\n    type_gestionnaire: t\n  workflow: W\n", (9, 3), "décalez cette ligne sous « PLB » : workflow")]
    #[case("  PLB:\n  \u{a0} libelle: L\n  \u{a0} type_gestionnaire: t\n", (7, 3), "il y a ici une espace insécable")]
    #[case("\u{a0}  libelle: L\n", (6, 1), "il y a ici une espace insécable")]
    #[case("    PLB:\n      libelle: L\n      workflow: W\n", (6, 5), "« PLB » est trop à droite : alignez cette ligne sur « ASC »")]
    #[case("    PLB:\n    libelle: L\n    type_gestionnaire: t\n    workflow: W\n", (6, 5), "« PLB » commence un autre groupe : décalez cette ligne vers la gauche")]
    #[case("PLB:\n    libelle: L\n    workflow: W\n  EAU:\n    libelle: L\n", (9, 3), "ou la ligne 6 est trop à gauche")]
    fn what_stands_at_another_level_is_told_once(
        #[case] more: &str,
        #[case] at: (u32, u32),
        #[case] words: &str,
    ) {
        let mut faults = Vec::new();
        qualifications("q.yaml", &format!("{ASC}{more}"), &mut faults);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!((faults[0].line, faults[0].column), at, "{faults:?}");
        assert!(faults[0].message.contains(words), "{faults:?}");
    }

    #[rstest]
    #[case(
        "priorites:\nlow: faible\nhigh: haute\n",
        2,
        "celles qui suivent doivent être décalées sous « priorites »"
    )]
    #[case(
        "priorites:\n  low: faible\nhigh: haute\n",
        3,
        "cette ligne doit être décalée sous « priorites »"
    )]
    #[case("priorites:\n  low: &faible\n", 2, "« & » en début de valeur")]
    #[case("priorites:\n  low: !faible\n", 2, "« ! » en début de valeur")]
    #[case("priorites:\n  low: #faible\n", 2, "« # » est un commentaire")]
    #[case(
        "low: faible\nhigh: haute\n",
        1,
        "il manque la ligne « priorites: » au-dessus de « low »"
    )]
    fn a_slip_in_priorities_is_told_once(
        #[case] text: &str,
        #[case] line: u32,
        #[case] words: &str,
    ) {
        let mut faults = Vec::new();
        priorites("p.yaml", text, &mut faults);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].line, line, "{faults:?}");
        assert!(faults[0].message.contains(words), "{faults:?}");
    }

    #[test]
    fn a_status_whose_accents_stand_apart_is_a_remark() {
        let mut faults = Vec::new();
        let text = "initial: Transfe\u{301}re\u{301}e\ncanal: SoWell\ncorrespondances:\n  Ouverte: En attente\nautre: x\n";
        statuts("s.yaml", text, &mut faults);
        let told: Vec<_> = faults.iter().map(|it| (it.line, it.severity)).collect();
        assert_eq!(told, [(5, Severity::Error), (1, Severity::Warning)]);
        assert!(faults[1].message.contains("(U+0301)"), "{faults:?}");
        assert!(
            faults[0]
                .message
                .contains("« correspondances » ; sinon, clés connues")
        );
    }

    #[test]
    fn a_glued_dash_is_told_where_a_list_is_asked_for() {
        let mut faults = Vec::new();
        transmission("t.yaml", "modes:\n  -tous\n", &mut faults);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].message.ends_with("après le tiret : « - tous »"));
    }
}

//! Checks a connector's file before it takes effect: every name and filter that it uses must exist, and everything that
//! can be rendered on a sample must render.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::rules::diagnostic::{Diagnostic, Listed, code, suggestion_of};
use crate::rules::template::Scope;
use crate::rules::view::sample_context;

use super::text::{Fault, LocatedText};
use super::{
    Access, Connector, DuplicateGuard, Extract, Operation, Partner, addresses, braces, paging,
    sample_base,
};

/// The names that the expressions of an operation can use, with harmless values. `null` stands for values that only an
/// answer can give.
#[must_use]
pub fn sample(operation: Operation) -> Json {
    let mut demande = sample_context()["demande"].take();
    if let Some(fields) = demande.as_object_mut() {
        fields.remove("uid");
    }
    let photo = |number: u32| {
        json!({
            "numero": number, "nom": format!("photo-{number}.jpg"), "type": "image/jpeg", "taille": 3,
            "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "base64": "YWJj", "envoi": null,
        })
    };
    let reference = "2ab2cbcf-4350-8d21-bcbb-aada8bb677c6";
    let instant = "2026-02-28T22:59:59Z";
    match operation {
        Operation::Chercher => json!({"reference": reference, "demande": demande}),
        Operation::Creer => json!({
            "reference": reference, "demande": demande, "fichiers": [photo(1), photo(2)],
        }),
        Operation::Joindre => json!({"uid": "DEM-1", "fichier": photo(1)}),
        Operation::Televerser => {
            let mut photo = photo(1);
            photo.as_object_mut().map(|it| it.remove("envoi"));
            json!({"fichier": photo})
        }
        Operation::LireStatut => json!({"uid": "DEM-1"}),
        Operation::Changements => json!({
            "depuis": instant,
            "page": {"numero": 1, "taille": 100, "decalage": 0, "curseur": ""},
        }),
        Operation::Gestionnaires => json!({"residence": "R-01"}),
        Operation::SignalerStatut => json!({
            "livraison": "01a20ac8-9a7e-7440-b979-a9238ac4856e", "uid": "DEM-1",
            "statut": "En cours de traitement", "statut_crm": "Vivest en cours", "date": instant,
            "commentaire": "Un technicien passe demain.", "lien_sowell": demande["lien_sowell"],
        }),
        Operation::SignalerUid => json!({
            "livraison": "01a20ac8-9a7e-7440-b979-a9238ac4856e", "id": reference, "uid": "DEM-1",
            "statut": "En attente", "statut_crm": "Transférée", "lien_sowell": demande["lien_sowell"],
        }),
    }
}

impl Connector {
    /// The sample of an operation, with a placeholder for each value that only an answer can give.
    #[must_use]
    pub fn example(&self, operation: Operation) -> Json {
        let mut values = sample(operation);
        for before in self
            .operations
            .get(&operation)
            .iter()
            .flat_map(|it| &it.before)
        {
            values[&before.name] = placeholders(&before.values);
        }
        if operation == Operation::Changements {
            values["page"] = self.page(operation, None);
            // A case of a later page may set it.
            values["page"]["suivante"] = Json::Null;
        }
        let Some(upload) = self.operations.get(&Operation::Televerser) else {
            return values;
        };
        if let Some(photo) = values.get_mut("fichier")
            && operation != Operation::Televerser
        {
            photo["envoi"] = placeholders(&upload.values);
        }
        let photos = values.get_mut("fichiers").and_then(Json::as_array_mut);
        for photo in photos.into_iter().flatten() {
            photo["envoi"] = placeholders(&upload.values);
        }
        values
    }

    /// Fake settings for samples and cases.
    #[must_use]
    pub fn sample_access(&self) -> Option<Access> {
        let secrets = self.secrets().into_iter();
        let access = Access {
            base_url: sample_base()?,
            token: Some("token".into()),
            secrets: secrets.map(|it| (it.clone(), it)).collect(),
            jeton: self.logs_in().then(|| "jeton".to_owned()),
            maintenant: "2026-02-28T22:59:59Z".into(),
        };
        Some(access.masked())
    }
}

/// The values read under names chosen in the file, each replaced by a placeholder.
fn placeholders(values: &BTreeMap<String, Extract>) -> Json {
    let placeholder = |name: &String| (name.clone(), Json::from(format!("(lu : {name})")));
    Json::Object(values.keys().map(placeholder).collect())
}

/// Reports faults; returns whether there are none.
pub(super) fn check(connector: &Connector, faults: &mut Vec<Diagnostic>) -> bool {
    let before = faults.len();
    let Some(access) = connector.sample_access() else {
        return false;
    };
    let mut found = Vec::new();
    let mut remarks = connector.note_clear();
    remarks.extend(connector.note_requests());
    connector.visit(&mut |operation, text, locals| {
        let names = names(connector, operation, &access);
        check_text(connector, &names, text, locals, &mut found);
        remarks.extend(text_remarks(&names, text, locals));
    });
    for (operation, described) in &connector.operations {
        paging::check(described, &mut found);
        remarks.extend(addresses::unexpressed_value(*operation, described));
    }
    // Even if all of its texts are correct, an operation may fail to make a request.
    if found.is_empty() {
        for operation in connector.operations.keys().copied() {
            if connector.tells_all(operation) {
                let values = sample(operation);
                let made = connector.render_sample(operation, &values, &access);
                found.extend(made.err());
            }
        }
    }
    let located = |it: Fault| {
        let file = connector.partner.file();
        Diagnostic::at(code::TEMPLATE, file, it.line, it.column, it.message)
    };
    found.sort();
    found.dedup();
    faults.extend(found.into_iter().map(located));
    let good = faults.len() == before;
    remarks.sort();
    remarks.dedup();
    let remarks = remarks.into_iter().map(|it| located(it).as_warning());
    faults.extend(remarks);
    if good {
        note_unintended(connector, faults);
    }
    good
}

/// The remarks about a text that is valid by itself.
fn text_remarks(names: &Json, text: &LocatedText, locals: &[&str]) -> Vec<Fault> {
    let is_value = |it: &str| names.get(it).is_some() || locals.contains(&it);
    let is_path = |path: &str| {
        let root = path.split('.').next().unwrap_or_default();
        // Names of these kinds are not in the sample.
        let known = root == "secrets" || locals.contains(&root);
        known || matches!(walk(names, path), Walk::Known | Walk::Unknown)
    };
    let bare = match text.text.literal() {
        Some(literal) => braces::note_without(literal, is_path),
        None => None,
    };
    let bare = bare.or_else(|| braces::too_few(text.text.source(), is_value));
    let vain = text.text.in_vain(names, locals);
    let all = bare
        .into_iter()
        .chain(vain.into_iter().map(|it| it.message));
    all.map(|it| text.fault(it)).collect()
}

impl Connector {
    /// Whether the sample suffices to render an operation, because no value comes from an answer.
    fn tells_all(&self, operation: Operation) -> bool {
        self.steps_before(operation) == 0 && !self.uploads_for(operation)
    }
}

/// The sample of an operation, with all other names that its texts may use.
fn names(connector: &Connector, operation: Option<Operation>, access: &Access) -> Json {
    let mut names = operation.map_or_else(|| json!({}), sample);
    connector.each_common(access, &mut |name, value| names[name] = value.clone());
    names["reponse"] = json!({"statut": null, "json": null, "texte": null, "entetes": null});
    names["element"] = Json::Null;
    let described = operation.and_then(|it| connector.operations.get(&it));
    for before in described.iter().flat_map(|it| &it.before) {
        let values = before.values.keys().map(|it| (it.clone(), Json::Null));
        names[&before.name] = Json::Object(values.collect());
    }
    names
}

/// The faults of one text.
fn check_text(
    connector: &Connector,
    names: &Json,
    text: &LocatedText,
    locals: &[&str],
    found: &mut Vec<Fault>,
) {
    let mut tell = |message| found.push(text.fault(message));
    // Whether the sample determines the result of the text.
    let mut certain = locals.is_empty();
    for path in text.text.names() {
        let mut steps = path.split('.');
        let root = steps.next().unwrap_or_default();
        if locals.contains(&root) {
            certain = false;
            continue;
        }
        match walk(names, &path) {
            Walk::Known | Walk::BeyondScalar => {}
            Walk::Unknown => certain = false,
            Walk::Missing(step, known) => {
                let near = suggestion_of(Listed::Names, &step, known.iter().map(String::as_str));
                tell(format!("« {path} » n'existe pas : {near}"));
                certain = false;
            }
        }
    }
    let wrong = text.text.unknown_filter();
    let wrong = wrong.or_else(|| text.text.unknown_table(&connector.tables));
    if let Some(message) = wrong.or_else(|| text.text.wrong_date()) {
        tell(message);
    } else if certain {
        let mut scope = Scope::of(names);
        scope.set("tables", &connector.tables);
        if !text.text.names().is_empty() {
            scope = scope.of_a_sample();
        }
        if let Err(message) = text.text.value(&scope) {
            tell(message);
        }
    }
}

enum Walk {
    Known,
    /// The path continues after a text or a number, which has no fields.
    BeyondScalar,
    /// The value is known only from an answer.
    Unknown,
    /// The missing step, and the ones that exist.
    Missing(String, Vec<String>),
}

fn walk(names: &Json, path: &str) -> Walk {
    let mut here = names;
    for step in path.split('.') {
        match here {
            Json::Object(entries) => match entries.get(step) {
                Some(Json::Null) => return Walk::Unknown,
                Some(next) => here = next,
                None => {
                    let known: BTreeMap<_, _> = entries.iter().collect();
                    let known = known.into_keys().cloned().collect();
                    return Walk::Missing(step.to_owned(), known);
                }
            },
            Json::Null => return Walk::Unknown,
            _ => return Walk::BeyondScalar,
        }
    }
    Walk::Known
}

/// Remarks on what is allowed but probably not meant.
fn note_unintended(connector: &Connector, faults: &mut Vec<Diagnostic>) {
    let file = connector.partner.file();
    for described in connector.operations.values() {
        if let Some(it) = paging::unused(described) {
            let remark = Diagnostic::at(code::RULE, file, it.line, it.column, it.message);
            faults.push(remark.as_warning());
        }
    }
    if connector.partner == Partner::Sowell {
        return;
    }
    let mut remark = |operation: Operation, message: &str| {
        let described = connector.operations.get(&operation);
        let (line, column) =
            described.map_or((0, 0), |it| (it.call.path.line, it.call.path.column));
        faults.push(Diagnostic::at(code::RULE, file, line, column, message).as_warning());
    };
    let creer = Operation::Creer;
    if !connector.creates_with_photos() && !connector.has(Operation::Joindre) {
        remark(
            creer,
            "les photos ne partent pas : ni « creer » ni « joindre » ne les envoie",
        );
    }
    let is_ours = |it: &str| matches!(it, "reference" | "demande" | "demande.lien_sowell");
    let carries = connector.uses(creer, is_ours);
    if connector.guard != DuplicateGuard::Nothing && !carries {
        remark(
            creer,
            "« creer » n'envoie ni {{ reference }} ni {{ demande.lien_sowell }} : rien ne permet d'éviter un doublon",
        );
    }
    let finds = connector.uses(Operation::Chercher, is_ours);
    if connector.guard == DuplicateGuard::LookUp && !finds {
        remark(
            Operation::Chercher,
            "« chercher » ne se sert ni de {{ reference }} ni de {{ demande.lien_sowell }} : elle trouverait d'autres demandes",
        );
    }
    if connector.has(Operation::Televerser)
        && !connector.uploads_for(creer)
        && !connector.uploads_for(Operation::Joindre)
    {
        remark(
            Operation::Televerser,
            "« televerser » ne sert à rien : ni « creer » ni « joindre » n'utilisent {{ fichier.envoi }}",
        );
    }
}

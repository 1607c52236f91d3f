//! Reads a connector's file into a [`Connector`]: the table in `keys` defines what is allowed, and each part is
//! compiled here.

mod auth;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;
use strum::IntoEnumIterator;

use crate::domain::ports::DuplicateGuard;
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::source::Reader;
use crate::rules::yaml::{Key, Node, Value};

use super::headers;
use super::keys;
use super::shape::Shape;
use super::text::LocatedText;
use super::{
    Answers, Before, BodyShape, Call, Connector, Delays, Described, Extract, ITEM_FIELDS, KIND,
    Meaning, Operation, Paging, Partner, Pattern,
};

/// A call must not outlive the attempt that makes it.
const LONGEST_CALL: Duration = Duration::from_secs(45);

/// Reads the file; `None` if it has any fault.
pub(super) fn read(
    partner: Partner,
    text: &str,
    faults: &mut Vec<Diagnostic>,
) -> Option<Connector> {
    let mut reader = Reader::of_kind(&KIND, partner.file(), faults);
    let root = reader.root(text)?;
    keys::check(&mut reader, partner, &root);
    // The code below relies on all keys being where the table allows them.
    reader.finish(())?;
    let connector = connector(&mut reader, partner, &root);
    reader.finish(())?;
    connector
}

fn connector(reader: &mut Reader<'_>, partner: Partner, root: &Node) -> Option<Connector> {
    let auth = auth::read(reader, partner, root.get("authentification"));
    let headers = headers::read(reader, root.get("entetes"));
    let signature = match root.get("signature") {
        Some(node) => Some(LocatedText::read(reader, node)?),
        None => None,
    };
    let mut operations = BTreeMap::new();
    let described = root.get("operations");
    for operation in partner.operations() {
        if let Some(node) = described.and_then(|it| it.get(operation.as_str())) {
            let read = self::operation(reader, operation, node);
            operations.extend(read.map(|it| (operation, it)));
        }
    }
    let span = |name, otherwise| {
        let given = root.get(name).and_then(duration);
        given.unwrap_or(Duration::from_secs(otherwise))
    };
    let changes = described.and_then(|it| it.get("changements"));
    let overlap = changes.and_then(|it| it.get("recouvrement"));
    Some(Connector {
        partner,
        nom: root.get("nom").and_then(text),
        auth: auth?,
        headers: headers?,
        tables: root
            .get("tables")
            .map_or_else(|| Json::Object(serde_json::Map::new()), Node::json),
        table_places: root.get("tables").map(table_places).unwrap_or_default(),
        signature,
        delays: delays(reader, root.get("delais"))?,
        guard: guard(reader, partner, root, &operations)?,
        longest_work: span("traitement_max", 120),
        overlap: overlap
            .and_then(duration)
            .unwrap_or_else(|| usual_overlap(&operations)),
        operations,
    })
}

/// How far back changes are read again if the file does not say. On the clocks of Paris, one hour comes twice in autumn.
fn usual_overlap(operations: &BTreeMap<Operation, Described>) -> Duration {
    let mut in_paris = false;
    if let Some(changes) = operations.get(&Operation::Changements) {
        changes.visit(&mut |text, locals| {
            let of_paris = text.text.source().contains("Paris");
            in_paris |= of_paris && text.uses(locals, |it| it == "depuis");
        });
    }
    Duration::from_mins(if in_paris { 65 } else { 5 })
}

/// The position of each value of the tables, by table and key.
fn table_places(tables: &Node) -> BTreeMap<(String, String), (u32, u32)> {
    let mut places = BTreeMap::new();
    for (name, table) in entries(tables) {
        for (key, value) in entries(table) {
            let place = (value.line, value.column);
            places.insert((name.name.clone(), key.name.clone()), place);
        }
    }
    places
}

fn entries(node: &Node) -> &[(Key, Node)] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    }
}

fn text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn duration(node: &Node) -> Option<Duration> {
    keys::duration(&text(node)?)
}

fn delays(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Delays> {
    let span = |name, otherwise| {
        let given = node.and_then(|it| it.get(name)).and_then(duration);
        given.unwrap_or(Duration::from_secs(otherwise))
    };
    let delays = Delays {
        connect: span("connexion", 5),
        head: span("reponse", 20),
        total: span("total", 30),
    };
    if delays.total > LONGEST_CALL {
        let at = node?.get("total")?;
        let message = "un appel ne peut pas durer plus de 45s".to_owned();
        reader.fault(code::RULE, at.line, at.column, message);
        return None;
    }
    Some(delays)
}

fn guard(
    reader: &mut Reader<'_>,
    partner: Partner,
    root: &Node,
    operations: &BTreeMap<Operation, Described>,
) -> Option<DuplicateGuard> {
    let looks_up = operations.contains_key(&Operation::Chercher);
    let given = root.get("doublons");
    let at = given.unwrap_or(root);
    let message = match given.and_then(text).as_deref() {
        Some("upsert") => return Some(DuplicateGuard::Upsert),
        Some("cle_idempotence") => return Some(DuplicateGuard::IdempotencyKey),
        Some("possibles") => return Some(DuplicateGuard::Nothing),
        _ if looks_up || partner == Partner::Sowell => return Some(DuplicateGuard::LookUp),
        Some(_) => "« doublons: recherche » demande l'opération « chercher »",
        None => {
            "sans l'opération « chercher », la clé « doublons » doit dire ce que le CRM offre contre les doublons : upsert, cle_idempotence, ou possibles"
        }
    };
    reader.fault(code::RULE, at.line, at.column, message.to_owned());
    None
}

fn fields(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Shape> {
    node.map_or_else(
        || Some(Shape::empty()),
        |node| Shape::read_texts(reader, node),
    )
}

fn operation(reader: &mut Reader<'_>, operation: Operation, node: &Node) -> Option<Described> {
    let method = if operation.reads() { "GET" } else { "POST" };
    let call = call(reader, node, method);
    let fields = fields_of_items(reader, node);
    let before = calls_before(reader, node);
    let page = paging(reader, node.get("page"));
    let elements = node.get("elements").and_then(|it| extract(reader, it));
    let keep = match node.get("garder_si") {
        Some(node) => Some(LocatedText::expression(reader, node)?),
        None => None,
    };
    let only_if = match node.get("seulement_si") {
        Some(node) => Some(LocatedText::expression(reader, node)?),
        None => None,
    };
    let values = values(reader, node.get("lire"));
    Some(Described {
        call: call?,
        before,
        only_if,
        elements,
        keep,
        fields,
        values,
        page,
    })
}

/// Where the answer has the fields of a demande, a change or a manager.
fn fields_of_items(reader: &mut Reader<'_>, node: &Node) -> BTreeMap<&'static str, Extract> {
    let mut fields = BTreeMap::new();
    for name in ITEM_FIELDS {
        if let Some(node) = node.get(name) {
            fields.extend(extract(reader, node).map(|field| (name, field)));
        }
    }
    fields
}

fn calls_before(reader: &mut Reader<'_>, node: &Node) -> Vec<Before> {
    let mut before = Vec::new();
    if let Some(Value::List(items)) = node.get("prealables").map(|it| &it.value) {
        for item in items {
            let call = call(reader, item, "GET");
            let values = values(reader, item.get("lire"));
            before.extend(call.map(|call| Before {
                name: item.get("nom").and_then(text).unwrap_or_default(),
                call,
                values,
            }));
        }
    }
    before
}

fn paging(reader: &mut Reader<'_>, page: Option<&Node>) -> Paging {
    let part = |name: &str| page.and_then(|it| it.get(name));
    let place = |name: &str| part(name).map_or((0, 0), |it| (it.line, it.column));
    let mut place_in_answer = |name: &str| part(name).and_then(|it| extract(reader, it));
    Paging {
        next: place_in_answer("suivante"),
        cursor: place_in_answer("curseur"),
        size: part("taille")
            .and_then(text)
            .and_then(|size| size.parse().ok()),
        size_at: place("taille"),
        cursor_at: place("curseur"),
    }
}

fn values(reader: &mut Reader<'_>, node: Option<&Node>) -> BTreeMap<String, Extract> {
    let mut values = BTreeMap::new();
    if let Some(Value::Map(entries)) = node.map(|it| &it.value) {
        for (key, node) in entries {
            values.extend(extract(reader, node).map(|it| (key.name.clone(), it)));
        }
    }
    values
}

fn call(reader: &mut Reader<'_>, node: &Node, method: &str) -> Option<Call> {
    let path = LocatedText::read(reader, node.get("chemin")?);
    let query = fields(reader, node.get("parametres"));
    let headers = headers::read(reader, node.get("entetes"));
    let body = match node.get("corps") {
        Some(node) => body(reader, node),
        None => Some(BodyShape::Empty),
    };
    let answers = answers(reader, node.get("reponses"));
    let given = node.get("methode").and_then(text);
    Some(Call {
        method: given.unwrap_or_else(|| method.to_owned()),
        path: path?,
        query: query?,
        headers: headers?,
        body: body?,
        answers,
    })
}

fn body(reader: &mut Reader<'_>, node: &Node) -> Option<BodyShape> {
    if let Some(json) = node.get("json") {
        return Shape::read(reader, json).map(BodyShape::Json);
    }
    if let Some(form) = node.get("formulaire") {
        return Shape::read_texts(reader, form).map(BodyShape::Form);
    }
    if let Some(parts) = node.get("multipart") {
        return Some(BodyShape::Multipart {
            line: parts.line,
            column: parts.column,
            parts: Shape::read_parts(reader, parts)?,
        });
    }
    if let Some(own) = node.get("texte") {
        let content = LocatedText::read(reader, own.get("contenu")?);
        let kind = LocatedText::read(reader, own.get("type")?);
        return Some(BodyShape::Text {
            content: content?,
            kind: kind?,
        });
    }
    let file = node.get("fichier")?;
    let content = LocatedText::read(reader, file.get("contenu")?)?;
    let kind = match file.get("type") {
        Some(node) => Some(LocatedText::read(reader, node)?),
        None => None,
    };
    Some(BodyShape::File { content, kind })
}

fn answers(reader: &mut Reader<'_>, node: Option<&Node>) -> Answers {
    let Some(node) = node else {
        return Answers::default();
    };
    let mut answers = Answers::default();
    for meaning in Meaning::iter() {
        let name = meaning.as_str();
        let given = node.get(name).map(|it| match &it.value {
            Value::List(items) => items.iter().filter_map(text).collect(),
            _ => text(it).into_iter().collect::<Vec<_>>(),
        });
        let ranges = given.unwrap_or_default();
        let ranges = ranges.iter().filter_map(|it| keys::statuses(it));
        answers.statuses.extend(ranges.map(|it| (it, meaning)));
        if let Some(node) = node.get(&format!("{name}_si")) {
            answers
                .conditions
                .extend(LocatedText::expression(reader, node).map(|it| (it, meaning)));
        }
    }
    // For an API with the same answer to every failure, the condition for permanent refusal is tested first.
    answers
        .conditions
        .sort_by_key(|(_, it)| *it == Meaning::Refused);
    // The more specific status takes precedence: `429` over `4xx`.
    answers
        .statuses
        .sort_by_key(|((first, last), _)| last - first);
    if let Some(node) = node.get("message") {
        answers.message = extract(reader, node);
    }
    answers
}

fn extract(reader: &mut Reader<'_>, node: &Node) -> Option<Extract> {
    if let Value::Text(source) = &node.value {
        if source.contains("{{") {
            return LocatedText::expression(reader, node).map(Extract::Expression);
        }
        return Some(Extract::Pointer(pointer(source), None));
    }
    let pattern = match node.get("motif") {
        Some(pattern) => {
            let source = text(pattern)?;
            let compiled = Pattern::compile(&source);
            if compiled.is_none() {
                let message = format!("« {source} » n'est pas une expression régulière");
                reader.fault(code::RULE, pattern.line, pattern.column, message);
                return None;
            }
            compiled
        }
        None => None,
    };
    if let Some(entete) = node.get("entete") {
        let name = text(entete).unwrap_or_default();
        headers::check(reader, (entete.line, entete.column), &name);
    }
    match node.get("entete").and_then(text) {
        Some(name) => Some(Extract::Header(name.to_lowercase(), pattern)),
        None => Some(Extract::Pointer(
            pointer(&text(node.get("pointeur")?)?),
            pattern,
        )),
    }
}

/// A lone slash stands for the whole answer, which RFC 6901 writes as an empty text.
fn pointer(written: &str) -> String {
    let whole = written == "/";
    (if whole { "" } else { written }).to_owned()
}

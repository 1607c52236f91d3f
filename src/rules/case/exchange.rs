//! A case of a connector: an operation with its values, the request that must result, and how an answer must be
//! understood.
//!
//! Nothing is sent. The request is rendered and the answer read as for a real call, with sample values for anything the
//! case omits and the name of each secret in place of its value.

mod read;

use serde_json::{Value as Json, json};

use crate::rules::compile::Generation;
use crate::rules::connector::{
    Access, Answer, Connector, Extracted, Failure, Fault, Item, Meaning, Operation, Partner,
    Request, Step,
};
use crate::rules::diagnostic::{Diagnostic, Listed, suggestion_of};
use crate::rules::place::Located;
use crate::rules::yaml::{Key, Node, Value};

use super::Title;
use super::compare::{Difference, Same, compare, compare_named};

pub(super) use read::read;

/// The parts of a request that a case may expect.
const OF_REQUEST: [&str; 5] = ["methode", "chemin", "parametres", "entetes", "corps"];
/// The word for the step that obtains a token.
const LOGIN: &str = "connexion";

/// An operation of a connector, with the request it must send and the answer it must understand.
#[derive(Debug, Clone)]
pub(super) struct ExchangeCase {
    partner: Partner,
    operation: Operation,
    /// Position of the operation in the case.
    at: Located,
    step: Option<Located>,
    values: Option<Node>,
    answer: Option<Answer>,
    expected: Vec<(Located, Node)>,
}

impl ExchangeCase {
    pub(super) fn run(&self, title: &Title, generation: &Generation) -> Vec<Diagnostic> {
        let found = match self.differences(title, generation) {
            Ok(found) => found,
            Err(one) => vec![one],
        };
        let diagnostic = |difference: Difference| {
            let fault = title.fault(difference.line, difference.column, &difference.what);
            if difference.shared {
                fault.caused_by(difference.what)
            } else {
                fault
            }
        };
        found.into_iter().map(diagnostic).collect()
    }

    /// The differences; `Err` if the case cannot be run at all.
    fn differences(
        &self,
        title: &Title,
        generation: &Generation,
    ) -> Result<Vec<Difference>, Difference> {
        let connector = generation.rules.connectors.get(&self.partner);
        let connector = connector.ok_or_else(|| {
            let what = format!("il n'y a pas de {}", self.partner.file());
            shared(&self.at, what)
        })?;
        let step = self.step(connector)?;
        let mut access = connector
            .sample_access()
            .ok_or_else(|| shared(&self.at, "ce connecteur n'a pas d'exemple".into()))?;
        let values = self.values(connector, &mut access)?;
        let request = match self.request(connector, step, &values, &access) {
            // No request is sent, so the list is empty.
            Ok(None) => return Ok(self.without_request()),
            Ok(Some(request)) => request.written(&access.base_url),
            Err(fault) => {
                let mut found = Vec::new();
                let message = format!("{}, {fault}", self.partner.file());
                self.compare_error(title, &message, &mut found);
                return Ok(found);
            }
        };
        let read = self.answer.as_ref().map(|answer| {
            let found = connector.interpret(self.operation, step, &values, &access, answer);
            found.and_then(Extracted::whole)
        });
        Ok(self.compare(title, &request, read.as_ref()))
    }

    /// The request of a step; `None` if the operation needs none on these values.
    fn request(
        &self,
        connector: &Connector,
        step: Step,
        values: &Json,
        access: &Access,
    ) -> Result<Option<Request>, Fault> {
        if step == Step::Main && !connector.is_needed(self.operation, values, access)? {
            return Ok(None);
        }
        connector
            .render(self.operation, step, values, access)
            .map(Some)
    }

    /// Compares the request and what was read in the answer, if the case has one.
    fn compare(
        &self,
        title: &Title,
        request: &Json,
        read: Option<&Result<Extracted, Failure>>,
    ) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut unread = false;
        if let Some(Err(failure)) = read
            && !self.expects("issue")
        {
            let meaning = failure.meaning.as_str();
            // A line that the reason names is one of the connector's, not of the case's.
            let message = if failure.reason.starts_with("ligne ") {
                format!("{meaning} : {}, {}", self.partner.file(), failure.reason)
            } else {
                format!("{meaning} : {}", failure.reason)
            };
            self.compare_error(title, &message, &mut found);
            unread = !self.expects("erreur");
        }
        for (key, wanted) in &self.expected {
            if unread && key.text != "requete" {
                // It is missing because of the failure already reported.
                continue;
            }
            match (key.text.as_str(), read) {
                ("requete", _) => compare_request(wanted, request, &mut found),
                ("erreur", Some(Err(_))) if !self.expects("issue") => {}
                ("erreur", Some(Err(failure))) => {
                    self.compare_error(title, &failure.reason, &mut found);
                }
                (_, Some(read)) => compare_answer(key, wanted, read, &mut found),
                (name, None) => {
                    let what = format!("« {name} » ne s'attend qu'avec « reponse »");
                    found.push(difference(key, what));
                }
            }
        }
        found
    }

    /// Compares an operation that needs no request.
    fn without_request(&self) -> Vec<Difference> {
        let mut found = Vec::new();
        let read = Ok(Extracted::default());
        for (key, wanted) in &self.expected {
            if key.text == "requete" {
                compare(wanted, None, "requete", Same::AsText, &mut found);
            } else {
                compare_answer(key, wanted, &read, &mut found);
            }
        }
        found
    }

    fn expects(&self, name: &str) -> bool {
        self.expected.iter().any(|(key, _)| key.text == name)
    }

    /// Compares the expected error, or reports an unexpected one.
    fn compare_error(&self, title: &Title, message: &str, found: &mut Vec<Difference>) {
        let expected = self.expected.iter().find(|(key, _)| key.text == "erreur");
        match expected {
            None => found.push(shared(&title.nom, message.to_owned())),
            Some((key, node)) => {
                let wanted = text(node);
                if !message.contains(wanted) {
                    let what = format!("erreur : attendu « {wanted} », obtenu « {message} »");
                    found.push(difference(key, what));
                }
            }
        }
    }

    fn step(&self, connector: &Connector) -> Result<Step, Difference> {
        if !connector.has(self.operation) {
            let described: Vec<&str> = connector.described().map(Operation::as_str).collect();
            let near = suggestion_of(Listed::Names, self.operation.as_str(), described);
            let what = format!(
                "{} ne décrit pas l'opération « {} » : {near}",
                self.partner.file(),
                self.operation.as_str()
            );
            return Err(difference(&self.at, what));
        }
        let Some(step) = &self.step else {
            return Ok(Step::Main);
        };
        if step.text == LOGIN && connector.logs_in() {
            return Ok(Step::Login);
        }
        let count = connector.steps_before(self.operation);
        let names: Vec<&str> = (0..count)
            .filter_map(|at| connector.name_before(self.operation, at))
            .collect();
        if let Some(at) = names.iter().position(|it| *it == step.text) {
            return Ok(Step::Before(at));
        }
        let login = connector.logs_in().then_some(LOGIN);
        let near = suggestion_of(Listed::Names, &step.text, names.into_iter().chain(login));
        let what = format!("étape inconnue « {} » : {near}", step.text);
        Err(difference(step, what))
    }

    /// The example values of the operation, overridden by those of the case.
    fn values(&self, connector: &Connector, access: &mut Access) -> Result<Json, Difference> {
        let mut values = connector.example(self.operation);
        let Some(given) = &self.values else {
            return Ok(values);
        };
        let free = |name: &str| {
            let mut before = 0..connector.steps_before(self.operation);
            before.any(|at| connector.name_before(self.operation, at) == Some(name))
        };
        values["maintenant"] = access.maintenant.as_str().into();
        merge(&mut values, given, &free)?;
        if let Some(instant) = values["maintenant"].as_str() {
            instant.clone_into(&mut access.maintenant);
        }
        let page = given.get("page");
        if let Some(page) = page.filter(|it| it.get("decalage").is_none()) {
            let number = page.get("numero").and_then(|it| text(it).parse().ok());
            let number: u64 = number.unwrap_or(1);
            let size = values["page"]["taille"].as_u64().unwrap_or(1);
            values["page"]["decalage"] = (size * number.saturating_sub(1)).into();
        }
        Ok(values)
    }
}

/// Overrides the example's values with those of the case. `free` names the values taken from an answer, which may be of
/// any type; a text of the example must stay a text.
fn merge(base: &mut Json, given: &Node, free: &dyn Fn(&str) -> bool) -> Result<(), Difference> {
    match (&given.value, base) {
        (Value::Map(entries), Json::Object(fields)) => {
            for (key, node) in entries {
                let known: Vec<&str> = fields.keys().map(String::as_str).collect();
                if !known.contains(&key.name.as_str()) {
                    return Err(unknown(key, &known));
                }
                let own = fields.entry(&key.name).or_insert(Json::Null);
                if key.name == "envoi" || free(&key.name) {
                    *own = node.json();
                } else {
                    merge(own, node, free)?;
                }
            }
        }
        (Value::List(items), Json::Array(values)) => {
            let examples = std::mem::take(values);
            for (at, node) in items.iter().enumerate() {
                let mut item = examples.get(at).or(examples.last()).cloned();
                let item = item.get_or_insert(Json::Null);
                if let Some(number) = item.get_mut("numero") {
                    *number = (at + 1).into();
                }
                merge(item, node, free)?;
                values.push(item.take());
            }
        }
        (Value::Text(text), Json::String(own)) => text.clone_into(own),
        (_, own) => *own = given.json(),
    }
    Ok(())
}

fn unknown(key: &Key, known: &[&str]) -> Difference {
    let near = suggestion_of(Listed::Names, &key.name, known.iter().copied());
    Difference {
        line: key.line,
        column: key.column,
        what: format!("valeur inconnue « {} » : {near}", key.name),
        shared: false,
    }
}

fn difference(at: &Located, what: String) -> Difference {
    Difference {
        line: at.line,
        column: at.column,
        what,
        shared: false,
    }
}

/// A difference for which other cases may fail as well.
fn shared(at: &Located, what: String) -> Difference {
    Difference {
        shared: true,
        ..difference(at, what)
    }
}

fn text(node: &Node) -> &str {
    match &node.value {
        Value::Text(text) => text,
        _ => "",
    }
}

/// The named parts are compared as a whole, except the headers, of which only the named ones are compared.
fn compare_request(wanted: &Node, got: &Json, found: &mut Vec<Difference>) {
    for name in OF_REQUEST {
        let Some(wanted) = wanted.get(name) else {
            continue;
        };
        let at = format!("requete/{name}");
        if name == "entetes" {
            compare_headers(wanted, &got[name], &at, found);
        } else {
            compare(wanted, Some(&got[name]), &at, Same::AsText, found);
        }
    }
}

/// Compares headers; their names are case-insensitive.
fn compare_headers(wanted: &Node, got: &Json, at: &str, found: &mut Vec<Difference>) {
    let (Value::Map(entries), Json::Object(sent)) = (&wanted.value, got) else {
        return;
    };
    for (key, node) in entries {
        let mut all = sent.iter();
        let value = all.find(|(name, _)| name.eq_ignore_ascii_case(&key.name));
        let value = value.map(|(_, value)| value);
        compare(
            node,
            value,
            &format!("{at}/{}", key.name),
            Same::AsText,
            found,
        );
    }
}

fn compare_answer(
    key: &Located,
    wanted: &Node,
    read: &Result<Extracted, Failure>,
    found: &mut Vec<Difference>,
) {
    let name = key.text.as_str();
    let meaning = match read {
        Ok(_) => Meaning::Success,
        Err(failure) => failure.meaning,
    };
    let message = read.as_ref().err().and_then(|it| it.message.clone());
    let answer = read.as_ref().ok();
    let items = answer.map(|it| it.items.as_slice()).unwrap_or_default();
    let got = match name {
        "issue" => Some(Json::from(meaning.as_str())),
        "message" => message.map(Json::from),
        "page_suivante" => answer.map(|it| Json::from(it.announces_page())),
        "lu" => {
            let values = answer.map(|it| it.values.clone()).unwrap_or_default();
            return compare_named(wanted, &Json::Object(values), name, Same::AsText, found);
        }
        "elements" => {
            return compare_elements(key, wanted, items, found);
        }
        "erreur" => None,
        // The fields of one demande.
        _ => match items {
            [one] => one.get(name).map(|it| Json::from(it.as_str())),
            _ => None,
        },
    };
    compare(wanted, got.as_ref(), name, Same::AsText, found);
}

fn compare_elements(key: &Located, wanted: &Node, items: &[Item], found: &mut Vec<Difference>) {
    let Value::List(all) = &wanted.value else {
        return;
    };
    if all.len() != items.len() {
        let what = format!(
            "elements : attendu {}, obtenu {} : {}",
            all.len(),
            items.len(),
            json!(items)
        );
        found.push(difference(key, what));
        return;
    }
    for (number, (wanted, item)) in all.iter().zip(items).enumerate() {
        let at = format!("elements/{number}");
        compare_named(wanted, &json!(item), &at, Same::AsText, found);
    }
}

#[cfg(test)]
mod tests;

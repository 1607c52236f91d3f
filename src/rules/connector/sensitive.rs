//! The parts of a request that were made from a secret.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use serde_json::Value as Json;

use super::render::PartContent;
use super::{Access, Body, Connector, Operation, Request, Step};

impl Connector {
    /// The words of a request that depend on secrets, before they are encoded into an address or a body.
    ///
    /// Anyone who displays the request must mask these words. The results of transforming a secret (the base64 of a
    /// pair, a hash) cannot be found by searching for the secret itself.
    #[must_use]
    pub fn sensitive_words(
        &self,
        operation: Operation,
        step: Step,
        values: &Json,
        access: &Access,
        request: &Request,
    ) -> BTreeSet<String> {
        let mut words = words(request);
        // If an expression fails on the masked secrets, no word is known to be harmless.
        if let Ok(masked) = self.render(operation, step, values, &access.masked()) {
            for harmless in self::words(&masked) {
                words.remove(&harmless);
            }
        }
        words
    }
}

fn words(request: &Request) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for (_, value) in &request.headers {
        words.extend(value.split_whitespace().map(str::to_owned));
    }
    for segment in request.url.path().split('/') {
        words.insert(percent_decode_str(segment).decode_utf8_lossy().into_owned());
    }
    let pairs = request.url.query_pairs();
    words.extend(pairs.map(|(_, value)| value.into_owned()));
    match &request.body {
        Body::Empty | Body::File(_) => {}
        Body::Text(text) => add_text(text, &mut words),
        Body::Multipart(parts) => {
            for part in parts {
                if let PartContent::Text(text) = &part.content {
                    add_text(text, &mut words);
                }
            }
        }
    }
    words
}

/// Adds the values of a text that is JSON or a form, or the words of any other text.
fn add_text(text: &str, words: &mut BTreeSet<String>) {
    match serde_json::from_str(text) {
        Ok(json) => add_json(&json, words),
        Err(_) => {
            let pairs = url::form_urlencoded::parse(text.as_bytes());
            words.extend(pairs.map(|(_, value)| value.into_owned()));
            words.extend(text.split_whitespace().map(str::to_owned));
        }
    }
}

fn add_json(json: &Json, words: &mut BTreeSet<String>) {
    match json {
        Json::String(text) => drop(words.insert(text.clone())),
        Json::Array(items) => items.iter().for_each(|it| add_json(it, words)),
        Json::Object(fields) => fields.values().for_each(|it| add_json(it, words)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::connector::{Partner, sample};

    fn sensitive(file: &str) -> Vec<String> {
        let file = format!(
            "doublons: possibles\n{file}\noperations: {{creer: {{chemin: /d, corps: {{json: {{ref: '{{{{ reference }}}}'}}}}, uid: /id}}}}\n"
        );
        let mut faults = Vec::new();
        let connector = Connector::compile(Partner::Crm, &file, &mut faults);
        let connector = connector.unwrap_or_else(|| panic!("{faults:?}"));
        let access = Access {
            base_url: "https://crm.example/api".parse().unwrap(),
            token: None,
            secrets: [("cle".to_owned(), "cle/secrete+1".to_owned())].into(),
            jeton: None,
            maintenant: "2026-03-01T08:00:00Z".into(),
        };
        let values = sample(Operation::Creer);
        let render = connector.render(Operation::Creer, Step::Main, &values, &access);
        let request = render.unwrap_or_else(|it| panic!("{it}"));
        let operation = Operation::Creer;
        let words = connector.sensitive_words(operation, Step::Main, &values, &access, &request);
        words.into_iter().collect()
    }

    #[rstest]
    #[case::pair(
        "authentification: {basique: {utilisateur: vivest, mot_de_passe: '{{ secrets.cle }}'}}",
        &["dml2ZXN0OmNsZS9zZWNyZXRlKzE="]
    )]
    #[case::parameter(
        "authentification: {parametres: {cle: '{{ secrets.cle }}', v: '2'}}",
        &["cle/secrete+1"]
    )]
    #[case::made_of_one(
        "entetes: {X-Cle: \"v1 {{ ('a' ~ secrets.cle)|base64 }} fin\", X-Version: '2'}",
        &["YWNsZS9zZWNyZXRlKzE="]
    )]
    #[case::none("entetes: {X-Version: '2'}", &[])]
    fn words_made_from_a_secret_are_sensitive(#[case] file: &str, #[case] words: &[&str]) {
        assert_eq!(sensitive(file), words);
    }
}

//! Secrets written in clear text in a file, where everyone who reads the rules can see them. They belong in the
//! settings, and are never displayed.

use serde_json::Value as Json;

use crate::rules::template::Text;

use super::shape::Shape;
use super::text::{Fault, LocatedText};
use super::{Auth, BodyShape, Call, Connector, Session};

/// Displayed in place of a secret.
const HIDDEN: &str = "***";
/// How the name of a secret value ends, in lower case.
const ENDINGS: [&str; 9] = [
    "key",
    "token",
    "jeton",
    "secret",
    "password",
    "passwd",
    "passe",
    "mdp",
    "authorization",
];
/// Names with such an ending that are not secrets.
const OTHERS: [&str; 3] = ["csrf", "xsrf", "idempotency"];

impl Connector {
    /// A copy in which clear-text secrets are masked, for display.
    #[must_use]
    pub fn hidden(&self) -> Self {
        let mut hidden = self.clone();
        hidden.hide();
        hidden
    }

    /// The remarks about the clear-text secrets in the file.
    pub(super) fn note_clear(&self) -> Vec<Fault> {
        let places = self.clone().hide().into_iter();
        // A secret without a position does not come from a text of the file.
        let places = places.filter(|(line, _)| *line > 0);
        places
            .map(|(line, column)| Fault {
                line,
                column,
                message: "ce secret est écrit en clair : mettez-le dans les réglages, sous « secrets », avec un nom, et écrivez ici \"{{ secrets.nom }}\", guillemets compris".to_owned(),
            })
            .collect()
    }

    /// Masks each secret, and returns its line and column.
    fn hide(&mut self) -> Vec<(u32, u32)> {
        let mut found = Vec::new();
        match &mut self.auth {
            Auth::None => {}
            Auth::Bearer(token) => hide_text(token, &mut found),
            Auth::Basic { user, password } => {
                // If the user is a key, the password is often only a dummy word.
                if user.text.literal().is_some() {
                    hide_text(password, &mut found);
                }
            }
            Auth::Fields { headers, query } => {
                hide_fields(headers, &mut found);
                hide_fields(query, &mut found);
            }
            Auth::Session(session) => hide_session(session, &mut found),
        }
        if let Some(secret) = &mut self.signature {
            hide_text(secret, &mut found);
        }
        hide_fields(&mut self.headers, &mut found);
        for described in self.operations.values_mut() {
            let before = described.before.iter_mut().map(|it| &mut it.call);
            for call in before.chain([&mut described.call]) {
                hide_fields(&mut call.headers, &mut found);
                hide_fields_of(&mut call.query, is_surely_secret, &mut found);
            }
        }
        found
    }
}

fn hide_session(session: &mut Session, found: &mut Vec<(u32, u32)>) {
    let Call {
        query,
        headers,
        body,
        ..
    } = &mut session.login;
    if let Some(place) = session.clear_secret {
        // The secret may have been merged into one header.
        found.push(place);
        hide_all(headers, "Authorization");
    }
    hide_fields(query, found);
    hide_fields(headers, found);
    if let BodyShape::Json(shape) | BodyShape::Form(shape) = body {
        hide_fields(shape, found);
    }
    hide_fields(&mut session.headers, found);
    hide_fields(&mut session.query, found);
}

fn hide_text(text: &mut LocatedText, found: &mut Vec<(u32, u32)>) {
    let is_clear = text.text.literal().is_some_and(|it| !it.trim().is_empty());
    if let Some(hidden) = Text::compile(HIDDEN).ok().filter(|_| is_clear) {
        found.push((text.line, text.column));
        text.text = hidden;
    }
}

/// Masks each value, at any depth, whose name suggests that it is a secret.
fn hide_fields(shape: &mut Shape, found: &mut Vec<(u32, u32)>) {
    hide_fields_of(shape, is_secret, found);
}

fn hide_fields_of(shape: &mut Shape, is_secret: fn(&str) -> bool, found: &mut Vec<(u32, u32)>) {
    match shape {
        Shape::Text(_) | Shape::Literal(_) => {}
        Shape::List(items) => items
            .iter_mut()
            .for_each(|it| hide_fields_of(it, is_secret, found)),
        Shape::Each { body, .. } => hide_fields_of(body, is_secret, found),
        Shape::When {
            then, otherwise, ..
        } => {
            hide_fields_of(then, is_secret, found);
            if let Some(otherwise) = otherwise {
                hide_fields_of(otherwise, is_secret, found);
            }
        }
        Shape::Map(entries) => {
            for entry in entries {
                let is_one = entry.key.text.literal().is_some_and(is_secret);
                match &mut entry.value {
                    Shape::Text(text) if is_one => hide_text(text, found),
                    value @ Shape::Literal(Json::Number(_)) if is_one => {
                        found.push((entry.key.line, entry.key.column));
                        *value = Shape::Literal(HIDDEN.into());
                    }
                    value => hide_fields_of(value, is_secret, found),
                }
            }
        }
    }
}

/// Masks everything under a name.
fn hide_all(shape: &mut Shape, name: &str) {
    if let Shape::Map(entries) = shape {
        let named = entries
            .iter_mut()
            .filter(|it| it.key.text.literal() == Some(name));
        named.for_each(|it| it.value = Shape::Literal(HIDDEN.into()));
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let mut words = name.split(|it: char| !it.is_alphanumeric());
    let is_key = words.any(|it| ["cle", "clé"].contains(&it));
    let is_other = OTHERS.iter().any(|it| name.contains(it));
    !is_other && (is_key || ENDINGS.iter().any(|it| name.ends_with(it)))
}

/// A stricter test for parameters: a key may be a sort key, and a token a page token.
fn is_surely_secret(name: &str) -> bool {
    const WORDS: [&str; 6] = ["api", "secret", "passw", "passe", "mdp", "authorization"];
    let small = name.to_lowercase();
    is_secret(name) && WORDS.iter().any(|it| small.contains(it))
}

#[cfg(test)]
mod tests {
    use crate::rules::connector::{Connector, Operation, Partner, Step, sample};
    use crate::rules::diagnostic::Diagnostic;
    use rstest::rstest;

    fn compile(extra: &str) -> (Connector, Vec<Diagnostic>) {
        let text = format!(
            "doublons: upsert\n{extra}\noperations:\n  creer: {{chemin: /d, uid: /id, corps: {{json: {{r: '{{{{ reference }}}}', p: '{{{{ fichiers|map(attribute=\"base64\")|list }}}}'}}}}}}\n"
        );
        let mut faults = Vec::new();
        let connector = Connector::compile(Partner::Crm, &text, &mut faults);
        (connector.unwrap_or_else(|| panic!("{faults:?}")), faults)
    }

    #[rstest]
    #[case("authentification: {entetes: {X-Api-Key: s3cret}}", 41)]
    #[case("authentification: {entetes: {X-Api-Key: 12345}}", 41)]
    #[case("authentification: {entetes: {Authorization: Basic s3cret}}", 45)]
    #[case("authentification: {parametres: {cle: s3cret}}", 38)]
    #[case("authentification: {porteur: s3cret}", 29)]
    #[case(
        "authentification: {basique: {utilisateur: moi, mot_de_passe: s3cret}}",
        62
    )]
    #[case(
        "authentification: {oauth2: {url: /o, client: moi, secret: s3cret}}",
        59
    )]
    #[case(
        "authentification: {oauth2: {url: /o, client: moi, secret: s3cret, envoi: basique}}",
        59
    )]
    #[case(
        "authentification: {session: {connexion: {chemin: /l, corps: {json: {a: {password: s3cret}}}}, jeton: /t, entetes: {X: '{{ jeton }}'}}}",
        83
    )]
    #[case("signature: whsec_s3cret", 12)]
    #[case("entetes: {X-Access-Token: s3cret}", 27)]
    fn a_clear_text_secret_is_reported_and_never_shown(#[case] extra: &str, #[case] column: u32) {
        let (connector, faults) = compile(extra);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(
            (faults[0].line, faults[0].column),
            (2, column),
            "{faults:?}"
        );
        assert!(
            faults[0].message.contains("{{ secrets.nom }}"),
            "{faults:?}"
        );
        let hidden = connector.hidden();
        let access = connector.sample_access().unwrap();
        let creer = Operation::Creer;
        let encoded = base64_simd::STANDARD.encode_to_string("moi:s3cret");
        for step in [Step::Login, Step::Main] {
            let Ok(request) = hidden.render(creer, step, &sample(creer), &access) else {
                assert!(!hidden.logs_in());
                continue;
            };
            let shown = format!(
                "{} {:?} {:?} {:?}",
                request.url, request.headers, request.body, request.signature
            );
            let secrets = ["s3cret", "12345", encoded.as_str()];
            assert!(secrets.iter().all(|it| !shown.contains(it)), "{shown}");
        }
        // The request that is sent still contains it.
        let main = connector.render(creer, Step::Main, &sample(creer), &access);
        assert!(main.is_ok());
    }

    #[rstest]
    #[case("api_key: s3cret", true)]
    #[case("client_secret: s3cret", true)]
    #[case("sort_key: date", false)]
    #[case("page_token: premiere", false)]
    fn a_parameter_is_a_secret_only_if_its_name_leaves_no_doubt(
        #[case] parameter: &str,
        #[case] is_secret: bool,
    ) {
        let (_, faults) = crate::rules::connector::paging::tests::paged("{}", parameter);
        assert_eq!(faults.len(), usize::from(is_secret), "{faults:?}");
    }

    #[rstest]
    #[case("authentification: {entetes: {X-Api-Key: '{{ secrets.nom }}', X-Tenant: moi}}")]
    #[case("authentification: {entetes: {Authorization: 'Token {{ secrets.nom }}'}}")]
    #[case("authentification: {basique: {utilisateur: moi, mot_de_passe: '{{ secrets.nom }}'}}")]
    #[case("authentification: {basique: {utilisateur: '{{ secrets.nom }}', mot_de_passe: X}}")]
    #[case("authentification: {oauth2: {url: /o, client: moi, secret: '{{ secrets.nom }}'}}")]
    #[case("authentification: {aucune: {}}")]
    #[case("entetes: {X-CSRF-Token: fetch, Accept-Language: fr, X-Vehicle: 3}")]
    #[case("entetes: {X-Api-Version: 2, Idempotency-Key: a, X-Author: moi, X-Article: b}")]
    #[case("entetes: {X-Api-Key?: ''}")]
    fn other_values_are_not_reported_as_secrets(#[case] extra: &str) {
        let (_, faults) = compile(extra);
        assert_eq!(faults, []);
    }
}

//! Requests that are well formed and yet do not do what they are for: those that cannot be sent, those that look in the
//! wrong place, and addresses in a path.

use crate::domain::ports::DuplicateGuard;

use super::shape::Shape;
use super::text::Fault;
use super::{BodyShape, Call, Connector, Described, Operation};

/// How the name of a value that is an address ends, in lower case.
const ADDRESSES: [&str; 6] = ["url", "uri", "href", "link", "lien", "location"];

impl Connector {
    /// The remarks about such requests.
    pub(super) fn note_requests(&self) -> Vec<Fault> {
        let mut found = Vec::new();
        for described in self.operations.values() {
            for call in described.calls() {
                found.extend(self.unsigned(call));
                found.extend(address_as_path(call));
            }
        }
        found.extend(self.same_list());
        found
    }

    /// A multipart body has no bytes before it is sent, so it cannot be signed.
    fn unsigned(&self, call: &Call) -> Option<Fault> {
        let BodyShape::Multipart { line, column, .. } = &call.body else {
            return None;
        };
        self.signature.as_ref()?;
        Some(Fault {
            line: *line,
            column: *column,
            message: "cette requête ne partira jamais : un corps multipart ne peut pas être signé ; envoyez les champs par « json » ou « formulaire », et chaque photo par « joindre », avec « corps: {fichier: {contenu: \"{{ fichier }}\"}} », ou retirez « signature » si l'API ne la demande pas".to_owned(),
        })
    }

    /// A search whose request is the same for every demande reads the beginning of one list.
    fn same_list(&self) -> Option<Fault> {
        let chercher = self.operations.get(&Operation::Chercher)?;
        let call = &chercher.call;
        let is_bare = matches!(&call.query, Shape::Map(entries) if entries.is_empty())
            && matches!(&call.headers, Shape::Map(entries) if entries.is_empty())
            && call.body == BodyShape::Empty
            && chercher.before.is_empty();
        let path = call.path.text.literal().filter(|it| !it.contains('?'));
        let selects = chercher.keep.is_some();
        if self.guard != DuplicateGuard::LookUp || !is_bare || !selects || path.is_none() {
            return None;
        }
        let message = "« chercher » demande la même liste pour toutes les demandes, et n'en lit que la première page : si l'API ne rend pas toute la liste en une fois, une demande qui est sur une autre page serait créée deux fois ; mettez {{ reference }} dans la requête (« parametres: {reference: \"{{ reference }}\"} »), ou demandez les plus récentes d'abord et une page assez grande";
        Some(call.path.fault(message))
    }
}

impl Described {
    fn calls(&self) -> impl Iterator<Item = &Call> {
        let before = self.before.iter().map(|it| &it.call);
        before.chain([&self.call])
    }
}

/// A path that is one value, and that one a whole address: its signs are encoded, and it leads nowhere.
fn address_as_path(call: &Call) -> Option<Fault> {
    let inner = call.path.text.inner()?.trim();
    let is_path = inner
        .chars()
        .all(|it| it.is_alphanumeric() || matches!(it, '_' | '.'));
    let name = inner.rsplit('.').next()?.to_lowercase();
    let named = ADDRESSES
        .iter()
        .any(|it| name == *it || name.ends_with(&format!("_{it}")));
    if !is_path || !named {
        return None;
    }
    let message = format!(
        "une adresse ne peut pas être ici : « {inner} » serait encodée comme un morceau de chemin ; écrivez le chemin, et n'y mettez que l'identifiant, par exemple « /depots/{{{{ {inner}|motif('([^/]+)$') }}}} »"
    );
    Some(call.path.fault(message))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::rules::connector::{Connector, Partner};
    use crate::rules::diagnostic::Severity;
    use rstest::rstest;

    /// The lines and messages of the remarks about a file with these lines before and in its operations.
    fn told(before: &str, operations: &str) -> Vec<(u32, String)> {
        let text = format!(
            "{before}operations:\n  creer: {{chemin: /d, uid: /id, corps: {{json: {{r: '{{{{ reference }}}}'}}}}}}\n{operations}"
        );
        let mut faults = Vec::new();
        let connector = Connector::compile(Partner::Crm, &text, &mut faults);
        assert!(connector.is_some(), "{faults:?}");
        assert!(faults.iter().all(|it| it.severity == Severity::Warning));
        let told = faults.into_iter().map(|it| (it.line, it.message));
        told.filter(|(_, it)| !it.starts_with("les photos ne partent"))
            .collect()
    }

    const UPSERT: &str = "doublons: upsert\n";
    const SIGNED: &str = "doublons: upsert\nsignature: '{{ secrets.s }}'\n";
    const MULTIPART: &str = "  joindre:\n    chemin: '/d/{{ uid }}'\n    corps: {multipart: {f: {fichier: '{{ fichier }}'}}}\n";

    #[test]
    fn a_multipart_body_that_would_be_signed_gets_a_remark() {
        let told_of = told(SIGNED, MULTIPART);
        assert_eq!(told_of.len(), 1, "{told_of:?}");
        assert_eq!(told_of[0].0, 7);
        assert!(told_of[0].1.contains("ne peut pas être signé"));
        // What the remark advises.
        let bytes = MULTIPART.replace(
            "{multipart: {f: {fichier: '{{ fichier }}'}}}",
            "{fichier: {contenu: \"{{ fichier }}\"}}",
        );
        assert_eq!(told(SIGNED, &bytes), []);
        assert_eq!(told(UPSERT, MULTIPART), []);
    }

    #[rstest]
    #[case("/tickets", "garder_si: element.r == reference", "", true)]
    #[case(
        "/tickets",
        "garder_si: element.r == reference",
        "parametres: {reference: \"{{ reference }}\"}",
        false
    )]
    #[case(
        "/tickets",
        "garder_si: element.r == reference",
        "parametres: {limit: 1000}",
        false
    )]
    #[case("/tickets?sort=-id", "garder_si: element.r == reference", "", false)]
    #[case(
        "'/tickets/{{ reference }}'",
        "garder_si: element.r == reference",
        "",
        false
    )]
    #[case(
        "'/lieux/{{ demande.residence }}'",
        "garder_si: element.r == reference",
        "",
        false
    )]
    #[case(
        "/tickets",
        "garder_si: element.r == reference",
        "entetes: {X-Ref: '{{ reference }}'}",
        false
    )]
    #[case(
        "/recherche",
        "garder_si: element.r == reference",
        "corps: {json: {ref: '{{ reference }}'}}",
        false
    )]
    #[case(
        "/tickets",
        "garder_si: element.r == reference",
        "prealables: [{nom: a, chemin: '/a', parametres: {r: '{{ reference }}'}, lire: {id: /id}}]",
        false
    )]
    fn a_search_for_the_same_list_every_time_gets_a_remark(
        #[case] path: &str,
        #[case] keep: &str,
        #[case] more: &str,
        #[case] wanted: bool,
    ) {
        let chercher =
            format!("  chercher:\n    chemin: {path}\n    uid: /id\n    {keep}\n    {more}\n");
        let told = told("", &chercher);
        let same = told.iter().any(|(_, it)| it.contains("la même liste"));
        assert_eq!(same, wanted, "{told:?}");
        assert_eq!(told.len(), usize::from(wanted), "{told:?}");
    }

    #[rstest]
    #[case("{{ depot.url }}", true)]
    #[case("{{depot.upload_url}}", true)]
    #[case("/depots/{{ depot.url|motif('([^/]+)$') }}", false)]
    #[case("{{ depot.url|safe }}", false)]
    #[case("{{ depot.chemin }}", false)]
    #[case("{{ depot.curl }}", false)]
    #[case("/depots?vers={{ depot.url }}", false)]
    fn an_address_in_a_path_gets_a_remark(#[case] path: &str, #[case] wanted: bool) {
        let joindre = format!(
            "  joindre:\n    prealables: [{{nom: depot, chemin: '/depots', lire: {{url: /u, upload_url: /u, curl: /u, chemin: /c}}}}]\n    chemin: \"{path}\"\n    corps: {{fichier: {{contenu: '{{{{ fichier }}}}'}}}}\n"
        );
        let told = told(UPSERT, &joindre);
        assert_eq!(told.len(), usize::from(wanted), "{told:?}");
        if let [(line, message)] = told.as_slice() {
            assert_eq!(*line, 6);
            assert!(message.contains("motif("), "{message}");
        }
    }

    #[test]
    fn a_secret_that_cannot_sign_gets_a_remark() {
        let compile = |signature: &str| {
            let text = format!(
                "{UPSERT}signature: '{signature}'\noperations:\n  creer: {{chemin: /d, uid: /id}}\n"
            );
            Connector::compile(Partner::Crm, &text, &mut Vec::new()).unwrap()
        };
        let of = |names: &[&str]| {
            names
                .iter()
                .map(|it| (*it).to_owned())
                .collect::<BTreeSet<_>>()
        };
        let signed = compile("{{ secrets.s }}");
        let told = signed.note_signature(&of(&["s", "t"])).unwrap();
        assert_eq!((told.line, told.severity), (2, Severity::Warning));
        assert!(told.message.contains("« s »") && told.message.contains("whsec_"));
        assert_eq!(signed.note_signature(&of(&["t"])), None);
        // What it combines may be a key.
        assert_eq!(
            compile("{{ secrets.s|base64 }}").note_signature(&of(&["s"])),
            None
        );
    }
}

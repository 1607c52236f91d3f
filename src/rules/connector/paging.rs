//! Lists of several pages whose request does not select a page: every call would return the first page, endlessly.

use super::Described;
use super::text::Fault;

/// Reports settings that prevent a list from advancing.
pub(super) fn check(described: &Described, found: &mut Vec<Fault>) {
    let page = &described.page;
    if page.next.is_some() {
        // The address itself selects the page.
        return;
    }
    let asked_by = |words: &[&str]| {
        let mut asked = false;
        let calls = described.before.iter().map(|it| &it.call);
        for call in calls.chain([&described.call]) {
            call.visit(&mut |text, locals| {
                asked |= text.uses(locals, |it| it == "page" || words.contains(&it));
            });
        }
        asked
    };
    let mut tell = |at, message| found.push(fault(at, message));
    if page.cursor.is_some() {
        if !asked_by(&["page.curseur"]) {
            let message = "« curseur » demande {{ page.curseur }} dans la requête : sans lui, la première page reviendrait sans fin";
            tell(page.cursor_at, message);
        }
    } else if page.size.is_some() && !asked_by(&["page.numero", "page.decalage"]) {
        let message = "« taille » demande {{ page.numero }} ou {{ page.decalage }} dans la requête : sans eux, la première page reviendrait sans fin";
        tell(page.size_at, message);
    }
}

/// The remark about a page selected in two ways, of which one is never used.
pub(super) fn unused(described: &Described) -> Option<Fault> {
    let page = &described.page;
    (page.next.is_some() && page.cursor.is_some()).then(|| {
        let message = "« curseur » ne sert à rien à côté de « suivante », qui l'emporte : gardez la façon que décrit l'API";
        fault(page.cursor_at, message)
    })
}

fn fault((line, column): (u32, u32), message: &str) -> Fault {
    Fault {
        line,
        column,
        message: message.to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::rules::connector::{Connector, Partner};
    use crate::rules::diagnostic::Diagnostic;
    use rstest::rstest;

    /// A list of changes with these settings and parameters.
    pub(in crate::rules::connector) fn paged(
        page: &str,
        parameters: &str,
    ) -> (Option<Connector>, Vec<Diagnostic>) {
        let text = format!(
            "doublons: upsert\noperations:\n  creer: {{chemin: /d, uid: /id, corps: {{json: {{r: '{{{{ reference }}}}', p: '{{{{ fichiers|map(attribute=\"base64\")|list }}}}'}}}}}}\n  changements:\n    chemin: /l\n    parametres: {{{parameters}}}\n    uid: /id\n    statut: /s\n    date: /d\n    page: {page}\n"
        );
        let mut faults = Vec::new();
        let connector = Connector::compile(Partner::Crm, &text, &mut faults);
        (connector, faults)
    }

    #[rstest]
    #[case(
        "{taille: 50}",
        "x: '{{ page.taille }}'",
        "« taille » demande {{ page.numero }} ou {{ page.decalage }}"
    )]
    #[case("{curseur: /c}", "x: 1", "« curseur » demande {{ page.curseur }}")]
    #[case(
        "{curseur: '{{ reponse.json.curseur }}'}",
        "x: 1",
        "« curseur » demande {{ page.curseur }}"
    )]
    #[case(
        "{taille: 50}",
        "x: decalage, y: '{{ depuis }} numero'",
        "« taille » demande {{ page.numero }} ou {{ page.decalage }}"
    )]
    fn a_list_whose_request_does_not_select_a_page_is_refused(
        #[case] page: &str,
        #[case] parameters: &str,
        #[case] words: &str,
    ) {
        let (connector, faults) = paged(page, parameters);
        assert!(connector.is_none());
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].line, 10);
        assert!(faults[0].message.starts_with(words), "{faults:?}");
    }

    #[rstest]
    #[case("{taille: 50}", "x: '{{ page.numero }}'")]
    #[case("{taille: 50}", "x: '{{ page.decalage + 1 }}'")]
    #[case("{taille: 50}", "x: '{{ page|tojson }}'")]
    #[case("{taille: 50, suivante: /n}", "x: '{{ page.taille }}'")]
    #[case("{curseur: /c}", "x?: '{{ page.curseur }}'")]
    #[case("{}", "x: 1")]
    fn a_list_that_advances_is_accepted(#[case] page: &str, #[case] parameters: &str) {
        let (connector, faults) = paged(page, parameters);
        assert!(connector.is_some() && faults.is_empty(), "{faults:?}");
    }

    #[test]
    fn a_cursor_beside_an_address_gets_a_remark() {
        let page = "{suivante: /n, curseur: /c}";
        let (connector, faults) = paged(page, "x?: '{{ page.curseur }}'");
        assert!(connector.is_some());
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!((faults[0].line, faults[0].column), (10, 35), "{faults:?}");
        assert!(faults[0].message.contains("gardez"), "{faults:?}");
    }

    #[test]
    fn values_common_to_all_calls_have_no_page() {
        let text = "doublons: upsert\nentetes: {X-Page: '{{ page.numero }}'}\noperations:\n  creer: {chemin: /d, uid: /id}\n";
        let mut faults = Vec::new();
        assert!(Connector::compile(Partner::Crm, text, &mut faults).is_none());
        assert_eq!(faults[0].line, 2, "{faults:?}");
        assert!(faults[0].message.contains("« page.numero » n'existe pas"));
    }
}

//! Addresses in which a value has lost its braces, so that they are the same for every demande.

use super::check::sample;
use super::text::Fault;
use super::{Described, Operation};

/// Characters that API documentation puts around the name of a placeholder.
const AROUND: [char; 8] = [':', '<', '>', '[', ']', '$', '(', ')'];

/// The remark about an operation's address that contains the name of a value as a path segment.
pub(super) fn unexpressed_value(operation: Operation, described: &Described) -> Option<Fault> {
    let address = &described.call.path;
    let path = address.text.literal()?.split('?').next()?;
    let known = sample(operation);
    let part = path.split('/').find(|part| {
        let name = part.trim_matches(AROUND);
        let is_text = known.get(name).is_some_and(serde_json::Value::is_string);
        is_text && (*part != name || stands_for_a_value(operation, described, name))
    })?;
    let name = part.trim_matches(AROUND);
    Some(address.fault(format!(
        "« {part} » part tel quel dans cette adresse : une valeur s'écrit « {{{{ {name} }}}} »"
    )))
}

/// Whether a path segment with this name is unlikely to be the partner's own.
fn stands_for_a_value(operation: Operation, described: &Described, name: &str) -> bool {
    let is_needed = match operation {
        // The value that distinguishes one signalement from another.
        Operation::SignalerStatut => return name == "uid",
        Operation::SignalerUid => name == "id",
        Operation::LireStatut | Operation::Joindre => name == "uid",
        Operation::Gestionnaires => name == "residence",
        Operation::Chercher | Operation::Creer | Operation::Televerser | Operation::Changements => {
            false
        }
    };
    let mut used = false;
    described.visit(&mut |text, locals| {
        used |= text.uses(locals, |it| it.split('.').next() == Some(name));
    });
    is_needed && !used
}

#[cfg(test)]
mod tests {
    use crate::rules::connector::{Connector, Partner};
    use rstest::rstest;

    fn told(operation: &str, path: &str, body: &str) -> Vec<String> {
        let other = "  signaler_statut: {chemin: '/s/{{ uid }}'}\n";
        let other = Some(other).filter(|_| operation != "signaler_statut");
        let text = format!(
            "operations:\n{}  {operation}:\n    chemin: {path}\n    corps: {{json: {{a: {body}}}}}\n",
            other.unwrap_or_default()
        );
        let mut faults = Vec::new();
        let connector = Connector::compile(Partner::Sowell, &text, &mut faults);
        assert!(connector.is_some(), "{faults:?}");
        faults.into_iter().map(|it| it.message).collect()
    }

    #[rstest]
    #[case("signaler_statut", "/signalements/uid", "'{{ uid }}'", "{{ uid }}")]
    #[case("signaler_statut", "'/signalements/:uid'", "'{{ uid }}'", "{{ uid }}")]
    #[case("signaler_uid", "/signalements/id/uid", "'{{ uid }}'", "{{ id }}")]
    #[case("signaler_uid", "'/s/<id>'", "'{{ id }}'", "{{ id }}")]
    fn a_name_of_a_value_in_an_address_is_reported(
        #[case] operation: &str,
        #[case] path: &str,
        #[case] body: &str,
        #[case] meant: &str,
    ) {
        let told = told(operation, path, body);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(meant), "{told:?}");
    }

    #[rstest]
    #[case("signaler_statut", "'/signalements/{{ uid }}'", "1")]
    #[case("signaler_statut", "'/signalements/{{ uid }}/statut'", "1")]
    #[case("signaler_statut", "/signalements/statut", "'{{ uid }}'")]
    #[case("signaler_statut", "/signalements", "'{{ uid }}'")]
    #[case("signaler_uid", "/signalements/uid", "'{{ id }}'")]
    #[case("signaler_uid", "/signalements/id", "'{{ id }}'")]
    #[case("signaler_uid", "'/signalements?id=1'", "'{{ uid }}'")]
    fn a_name_that_belongs_to_the_partner_is_not_reported(
        #[case] operation: &str,
        #[case] path: &str,
        #[case] body: &str,
    ) {
        assert_eq!(told(operation, path, body), Vec::<String>::new());
    }
}

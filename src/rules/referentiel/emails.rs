//! The e-mail addresses of each manager, who has a row for each residence and type.

use std::collections::HashMap;

use super::GESTIONNAIRES;
use super::faults::{accented, no_address};
use super::rows::is_typo;
use crate::rules::addressee;
use crate::rules::diagnostic::{Diagnostic, code};

/// The addresses by manager, identified by CRM identifier and name: if several people share an identifier, each has
/// their own address.
#[derive(Default)]
pub(super) struct Emails<'t> {
    by_manager: HashMap<(&'t str, &'t str), Vec<Given<'t>>>,
    /// Values that are not addresses, with their lines.
    no_addresses: Vec<(u32, &'t str)>,
    /// Addresses with accents, with their lines.
    accented: Vec<(u32, &'t str)>,
}

/// An address of a manager.
struct Given<'t> {
    email: &'t str,
    /// The line of its first occurrence.
    line: u32,
    count: usize,
}

impl<'t> Emails<'t> {
    /// Adds a row; one without an address is ignored.
    pub(super) fn add(&mut self, identifiant: &'t str, nom: &'t str, email: &'t str, line: u32) {
        if email.is_empty() {
            return;
        }
        if !addressee::is_address(email) {
            self.no_addresses.push((line, email));
        } else if !email.is_ascii() && addressee::has_accents(email) {
            self.accented.push((line, email));
        }
        let all = self.by_manager.entry((identifiant, nom)).or_default();
        let mut known = all.iter_mut();
        if let Some(known) = known.find(|it| it.email.eq_ignore_ascii_case(email)) {
            known.count += 1;
        } else if all.len() < 3 {
            // Three different addresses already show that this is a service, not a person.
            all.push(Given {
                email,
                line,
                count: 1,
            });
        }
    }

    /// The remarks about these addresses.
    pub(super) fn faults(self) -> Vec<Diagnostic> {
        let all = [
            no_address(&self.no_addresses),
            accented(&self.accented),
            self.odd(),
        ];
        all.into_iter().flatten().collect()
    }

    /// The managers for whom a single row has a different address from all the others, or for whom two addresses differ
    /// by a typo: the first by line, and the number of others.
    fn odd(self) -> Option<Diagnostic> {
        let managers = self.by_manager.into_iter();
        let mut odd: Vec<_> = managers
            .filter_map(|((identifiant, _), mut all)| {
                all.sort_by_key(|it| it.count);
                match <[Given<'_>; 2]>::try_from(all) {
                    Ok([one, usual]) if one.count == 1 && usual.count > 1 => {
                        Some((one.line, identifiant, one.email, usual))
                    }
                    // Neither is known to be right, but both cannot be.
                    Ok([first, other]) if other.count == 1 && is_typo(other.email, first.email) => {
                        Some((other.line, identifiant, other.email, first))
                    }
                    _ => None,
                }
            })
            .collect();
        odd.sort_by_key(|(line, ..)| *line);
        let (line, identifiant, email, usual) = odd.first()?;
        let also = match odd.len() {
            1 => String::new(),
            2 => " ; un autre gestionnaire est dans ce cas".to_owned(),
            count => format!(" ; {} autres gestionnaires sont dans ce cas", count - 1),
        };
        let message = format!(
            "« {identifiant} » n'a l'e-mail « {email} » qu'ici, et « {} » à la ligne {} : est-ce le bon ?{also}",
            usual.email, usual.line
        );
        Some(Diagnostic::at(code::EXPORT, GESTIONNAIRES, *line, 0, message).as_warning())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rows: &[(&'static str, &'static str, &'static str)]) -> Option<String> {
        let mut emails = Emails::default();
        for (line, (identifiant, nom, email)) in (2..).zip(rows) {
            emails.add(identifiant, nom, email, line);
        }
        emails.odd().map(|it| it.to_string())
    }

    #[test]
    fn an_address_given_by_a_single_row_is_reported() {
        let rows = [
            ("G1", "Loge", "loge@x.fr"),
            ("G1", "Loge", "loge@y.fr"),
            ("G1", "Loge", "loge@x.fr"),
        ];
        assert_eq!(
            told(&rows).as_deref(),
            Some(
                "gestionnaires.csv, ligne 3 : attention : « G1 » n'a l'e-mail « loge@y.fr » qu'ici, et « loge@x.fr » à la ligne 2 : est-ce le bon ?"
            )
        );
    }

    #[test]
    fn two_addresses_that_differ_by_a_typo_are_reported() {
        let rows = [
            ("G1", "Loge", "jean.dupont@x.fr"),
            ("G1", "Loge", "jean.dupnot@x.fr"),
        ];
        assert_eq!(
            told(&rows).as_deref(),
            Some(
                "gestionnaires.csv, ligne 3 : attention : « G1 » n'a l'e-mail « jean.dupnot@x.fr » qu'ici, et « jean.dupont@x.fr » à la ligne 2 : est-ce le bon ?"
            )
        );
        for other in [
            "jean.dupont@y.fr",
            "jean.martin@x.fr",
            "jean.dupont2@x.fr",
            "accueil@x.fr",
            "j.dupont@x.fr",
        ] {
            let rows = [("G1", "Loge", "jean.dupont@x.fr"), ("G1", "Loge", other)];
            assert_eq!(told(&rows), None);
        }
    }

    #[test]
    fn correct_addresses_are_left_alone() {
        let shared = [
            ("LOGE", "Loge", "a@x.fr"),
            ("LOGE", "Loge", "b@x.fr"),
            ("LOGE", "Loge", "c@x.fr"),
            ("LOGE", "Loge", "c@x.fr"),
        ];
        assert_eq!(told(&shared), None);
        assert_eq!(told(&shared[..2]), None);
        let names = [
            ("LOGE", "Mme Petit", "petit@x.fr"),
            ("LOGE", "M. Grand", "grand@x.fr"),
            ("LOGE", "M. Grand", "grand@x.fr"),
        ];
        assert_eq!(told(&names), None);
        let same = [
            ("G1", "Loge", "loge@x.fr"),
            ("G1", "Loge", "Loge@X.fr"),
            ("G1", "Loge", ""),
            ("G1", "Loge", "loge@x.fr"),
        ];
        assert_eq!(told(&same), None);
    }
}

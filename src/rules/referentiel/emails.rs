//! The e-mail addresses of one manager, who has a row for each residence and each type.

use std::collections::HashMap;

use super::GESTIONNAIRES;
use super::faults::{accented, no_address};
use crate::rules::addressee;
use crate::rules::diagnostic::{Diagnostic, code};

/// The addresses of every manager, by what the CRM knows him by and his name: a code that several people share has one
/// address for each.
#[derive(Default)]
pub(super) struct Emails<'t> {
    by_manager: HashMap<(&'t str, &'t str), Vec<Given<'t>>>,
    /// What is no address, each with its line.
    no_addresses: Vec<(u32, &'t str)>,
    /// Addresses with accents.
    accented: Vec<(u32, &'t str)>,
}

/// An address of a manager.
struct Given<'t> {
    email: &'t str,
    /// Where it is given first.
    line: u32,
    count: usize,
}

impl<'t> Emails<'t> {
    /// Takes in a row; one without an address says nothing of it.
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
            // Three say already that this is a desk, and no person.
            all.push(Given {
                email,
                line,
                count: 1,
            });
        }
    }

    /// What is told of them.
    pub(super) fn faults(self) -> Vec<Diagnostic> {
        let all = [
            no_address(&self.no_addresses),
            accented(&self.accented),
            self.odd(),
        ];
        all.into_iter().flatten().collect()
    }

    /// The managers of whom a single row has another address than all the others: the first by line, and how many more.
    fn odd(self) -> Option<Diagnostic> {
        let managers = self.by_manager.into_iter();
        let mut odd: Vec<_> = managers
            .filter_map(|((identifiant, _), mut all)| {
                all.sort_by_key(|it| it.count);
                match <[Given<'_>; 2]>::try_from(all) {
                    Ok([one, usual]) if one.count == 1 && usual.count > 1 => {
                        Some((one.line, identifiant, one.email, usual))
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
    fn an_address_that_one_row_alone_gives_a_manager_is_told() {
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
    fn addresses_that_are_right_are_left_alone() {
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

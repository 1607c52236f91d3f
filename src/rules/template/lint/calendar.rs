//! Hours, days and months compared with impossible values: an hour with a string, a day with a name that does not
//! exist.

use crate::rules::calendar::{DAYS, HEURE_DE, JOUR_DE_SEMAINE, MOIS_DE, MONTHS, no_day};
use crate::rules::compared::turned;
use crate::rules::finding::Finding;
use crate::rules::pointless::Counted;
use crate::rules::template::analysis::compared::listed;
use crate::rules::template::lint::never_true::other;
use crate::rules::template::syntax::tokens::{Path, Word, unquoted};

/// What is wrong with a comparison of this value after a date filter (`date | heure_de >= "20"`), and where.
pub(super) fn misused_filter<'s>(
    source: &'s str,
    words: &[Word<'s>],
    path: &Path,
) -> Option<Finding<usize>> {
    let [(_, "|"), (_, filter), ..] = words.get(path.end..)? else {
        return None;
    };
    let (begin, end) = (path.begin, path.end + 2);
    let beside = other(words, begin, end).into_iter();
    // As if the value came first.
    let beside = beside.map(|(at, word, sign)| {
        let sign = if at < path.at { turned(sign) } else { sign };
        (at, word, sign)
    });
    let listed = listed(source, words, begin..end).into_iter();
    let all = beside.chain(listed.map(|(at, word)| (at, word, "==")));
    let mut faults =
        all.filter_map(|(at, word, sign)| Some(Finding::new(at, fault(filter, word, sign)?)));
    faults.next()
}

/// The message if the result of a date filter never compares like this with the word.
fn fault(filter: &str, word: &str, sign: &str) -> Option<String> {
    let text = unquoted(word);
    match filter {
        JOUR_DE_SEMAINE => match text {
            Some(text) => no_day(text),
            None => word.parse::<u32>().ok().map(|_| {
                format!(
                    "« {JOUR_DE_SEMAINE} » donne un mot, et jamais un nombre : « {} »",
                    DAYS.join(" », « ")
                )
            }),
        },
        HEURE_DE | MOIS_DE if text.is_none() => {
            Counted::by(filter)?.never(sign, word.parse().ok()?)
        }
        HEURE_DE => text.map(|text| {
            let whole: Option<u32> = text.trim().parse().ok().filter(|it| *it < 24);
            let meant = match whole {
                Some(hour) => format!("écrivez {hour} sans guillemets"),
                None => "écrivez un nombre de 0 à 23, sans guillemets".to_owned(),
            };
            format!("« {HEURE_DE} » donne un nombre, et jamais le texte « {text} » : {meant}")
        }),
        MOIS_DE => text.map(|text| {
            let lower = text.trim().to_lowercase();
            let named = MONTHS.iter().position(|it| *it == lower).map(|it| it + 1);
            let month = named.or_else(|| lower.parse().ok().filter(|it| (1..=12).contains(it)));
            let meant = match month {
                Some(month) => format!("écrivez {month} sans guillemets"),
                None => "écrivez un nombre de 1 à 12, sans guillemets".to_owned(),
            };
            format!("« {MOIS_DE} » donne un nombre, et jamais le texte « {text} » : {meant}")
        }),
        _ => None,
    }
}

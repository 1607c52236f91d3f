//! What is left out because the decisions allowed for variations are spent.

use super::super::budget::Budget;
use super::*;

/// The comparisons with signalements that fail anyway take decisions as well.
#[test]
fn variations_that_comparisons_leave_no_decisions_for_are_reported() {
    let tried = |lines: &str| {
        let generation = after(&format!("let s = signalement;\n{lines}"));
        let combinations = Combinations::of(&generation);
        let (all, whole) = (&combinations.qualifications, combinations.whole());
        let usual =
            combinations.residence(combinations.residences[0], all, Reach::All, true, whole);
        let breadth = combinations.breadth(u64::MAX, u64::MAX);
        let singles = combinations.singles(breadth, u64::MAX);
        let mut budget = Budget::new(combinations.count_singles(breadth), whole, &|| true);
        let found = combinations.vary(0, &singles, &[&usual], &mut budget);
        let from = found.unwrap().left_out_from;
        let pairs = combinations.pairs(breadth, u64::MAX);
        // All pairs come after the first variation.
        let first = from.map(|_| 0);
        let together = combinations.not_together(&pairs, first);
        (combinations.not_at_all(from), together)
    };
    let right = "if s.photos > 2 && heure_de(s.date_creation) >= 20 { s.photos += 0; }";
    assert_eq!(tried(right), (None, Vec::new()));
    let wrong = format!("{right}\nif s.photos < 2 {{ throw \"non\"; }}");
    let (alone, together) = tried(&wrong);
    assert_eq!(
        alone.as_deref(),
        Some(
            "Les règles lisent trop de valeurs pour les essayer toutes. N'ont pas été essayées entièrement : le nombre de photos."
        )
    );
    let end = "N'ont pas été croisées entièrement : la date avec le nombre de photos.";
    assert!(together[0].ends_with(end), "{together:?}");
}

//! Decides the pieces of a search on all cores.

use std::ops::Range;

use rayon::prelude::*;

use super::causes::Found;
use super::patience::{Effort, Patience};

/// Number of pieces whose results are kept apart: many more than cores, and far fewer than a large landlord's
/// residences.
const CHUNK: usize = 256;

/// Decides pieces on all cores until what is left is spent; each piece receives what the earlier chunks left of it.
pub(super) fn side_by_side(
    pieces: usize,
    left: Effort,
    tick: &(dyn Fn(u64) + Sync),
    decide: impl Fn(usize, Effort) -> Found + Sync,
) -> Found {
    let mut found = Found::default();
    for chunk in chunks(pieces) {
        let rest = left.minus(found.spent);
        if rest.is_used_up() {
            break;
        }
        let patience = Patience::of(rest);
        let piece = |at: usize| {
            if patience.ended_before(at) {
                return Found::default();
            }
            let found = decide(at, rest);
            patience.note(at, found.spent);
            tick(found.decisions);
            found
        };
        let all: Vec<Found> = chunk.clone().into_par_iter().map(piece).collect();
        // Which of them count is only known when all are decided.
        let counted = chunk.zip(all).filter(|(at, _)| !patience.ended_before(*at));
        found = counted.map(|(_, it)| it).fold(found, Found::join);
    }
    found
}

fn chunks(pieces: usize) -> impl Iterator<Item = Range<usize>> {
    let starts = (0..pieces).step_by(CHUNK);
    starts.map(move |start| start..pieces.min(start + CHUNK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const LEFT: Effort = Effort {
        at_limit: 10,
        operations: 10_000,
    };

    fn found(operations: u64) -> Found {
        let spent = Effort {
            at_limit: 0,
            operations,
        };
        Found {
            decisions: 1,
            spent,
            ..Found::default()
        }
    }

    #[test]
    fn each_piece_is_decided_once() {
        for pieces in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7] {
            let decided = Mutex::new(Vec::new());
            let all = side_by_side(pieces, LEFT, &|_| (), |at, _| {
                decided.lock().unwrap().push(at);
                found(1)
            });
            let mut decided = decided.into_inner().unwrap();
            decided.sort_unstable();
            assert_eq!(decided, (0..pieces).collect::<Vec<_>>());
            assert_eq!(all.decisions, pieces as u64);
        }
    }

    #[test]
    fn a_search_ends_with_the_piece_that_spends_the_rest() {
        let all = side_by_side(3 * CHUNK, LEFT, &|_| (), |_, _| found(30));
        assert_eq!(all.decisions, 334);
        let all = side_by_side(3, LEFT, &|_| (), |_, _| found(10_000));
        assert_eq!(all.decisions, 1);
    }

    #[test]
    fn a_piece_may_spend_only_what_the_chunks_before_it_left() {
        let chunk = CHUNK as u64;
        side_by_side(2 * CHUNK, LEFT, &|_| (), |at, left| {
            let before = if at < CHUNK { 0 } else { 30 * chunk };
            assert_eq!(left.operations, LEFT.operations - before);
            found(30)
        });
    }
}

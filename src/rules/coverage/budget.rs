//! How many more variations may be tried, and whether the search must stop.

use super::patience::Effort;

/// Number of decisions between two calls of `go_on`.
const HANDFUL: u64 = 50;

/// The decisions left for variations.
pub(super) struct Budget<'a> {
    /// Decisions about varied signalements.
    pub(super) signalements: u64,
    /// Decisions that follow from them: about their statuses, and about the others of their kind.
    pub(super) besides: u64,
    /// What else this piece of the search may spend.
    pub(super) left: Effort,
    unasked: u64,
    go_on: &'a dyn Fn() -> bool,
}

impl<'a> Budget<'a> {
    /// A budget of `most` decisions of each sort, valid while `go_on` returns true; `left` is what else it may spend.
    pub(super) fn new(most: u64, left: Effort, go_on: &'a dyn Fn() -> bool) -> Self {
        Self {
            signalements: most,
            besides: most,
            left,
            unasked: 0,
            go_on,
        }
    }

    /// Spends decisions about signalements; `None` if the search must stop.
    pub(super) fn spend(&mut self, decisions: u64) -> Option<()> {
        self.signalements = self.signalements.saturating_sub(decisions);
        self.ask_after(decisions)
    }

    /// Spends decisions that follow from them; `None` if the search must stop.
    pub(super) fn spend_besides(&mut self, decisions: u64) -> Option<()> {
        self.besides = self.besides.saturating_sub(decisions);
        self.ask_after(decisions)
    }

    /// Spends the effort that decisions took.
    pub(super) fn take(&mut self, spent: Effort) {
        self.left = self.left.minus(spent);
    }

    fn ask_after(&mut self, decisions: u64) -> Option<()> {
        self.unasked = self.unasked.saturating_add(decisions);
        if self.unasked < HANDFUL {
            return Some(());
        }
        self.unasked = 0;
        (self.go_on)().then_some(())
    }
}

//! How many more variations may be tried, and whether the search must stop.

/// Number of decisions between two calls of `go_on`.
const HANDFUL: u64 = 50;

/// The decisions left for variations.
pub(super) struct Budget<'a> {
    /// Decisions about varied signalements.
    pub(super) signalements: u64,
    /// Decisions that follow from them: about their statuses, and about the others of their kind.
    pub(super) besides: u64,
    /// How often scripts may reach a limit in this piece of the search.
    pub(super) at_limit: u64,
    unasked: u64,
    go_on: &'a dyn Fn() -> bool,
}

impl<'a> Budget<'a> {
    /// A budget of `most` decisions of each sort, valid while `go_on` returns true; a limit may be reached `at_limit`
    /// times.
    pub(super) fn new(most: u64, at_limit: u64, go_on: &'a dyn Fn() -> bool) -> Self {
        Self {
            signalements: most,
            besides: most,
            at_limit,
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

    /// Records how often scripts reached a limit.
    pub(super) fn reach(&mut self, times: u64) {
        self.at_limit = self.at_limit.saturating_sub(times);
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

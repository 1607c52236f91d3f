//! How much more of what varies may be tried, and whether it is still wanted.

/// Decisions between two questions whether to go on.
const HANDFUL: u64 = 50;

/// What is left to spend on variations.
pub(super) struct Budget<'a> {
    /// Decisions about signalements that vary.
    pub(super) signalements: u64,
    /// Decisions about what those bring about: their statuses, and the others that are alike.
    pub(super) besides: u64,
    /// How often scripts may reach a limit in this piece of the search.
    pub(super) at_limit: u64,
    unasked: u64,
    go_on: &'a dyn Fn() -> bool,
}

impl<'a> Budget<'a> {
    /// So many decisions of each, for as long as `go_on` says; a limit is reached `at_limit` times.
    pub(super) fn new(most: u64, at_limit: u64, go_on: &'a dyn Fn() -> bool) -> Self {
        Self {
            signalements: most,
            besides: most,
            at_limit,
            unasked: 0,
            go_on,
        }
    }

    /// Spends decisions about signalements; `None` when it is not to go on.
    pub(super) fn spend(&mut self, decisions: u64) -> Option<()> {
        self.signalements = self.signalements.saturating_sub(decisions);
        self.ask_after(decisions)
    }

    /// Spends decisions about what they bring about; `None` when it is not to go on.
    pub(super) fn spend_besides(&mut self, decisions: u64) -> Option<()> {
        self.besides = self.besides.saturating_sub(decisions);
        self.ask_after(decisions)
    }

    /// Notes how often scripts reached a limit.
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

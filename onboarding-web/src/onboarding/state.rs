//! The states that people see, and their order.

/// Where an onboarding stands, the most pressing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The last thing that was tried failed.
    Failed,
    /// Running, and not heard of for too long.
    Stale,
    /// The stack is at work.
    Running,
    /// The customer has seen the page.
    Opened,
    /// The link was made.
    Sent,
    /// The stack was deleted.
    Removed,
    /// Logging is set up.
    Active,
}

impl State {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Failed,
        Self::Stale,
        Self::Running,
        Self::Opened,
        Self::Sent,
        Self::Removed,
        Self::Active,
    ];

    /// As it is stored and stands in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Stale => "stale",
            Self::Running => "running",
            Self::Opened => "opened",
            Self::Sent => "sent",
            Self::Active => "active",
            Self::Removed => "removed",
        }
    }

    /// Reads [`Self::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Where it sorts: what needs attention first.
    pub fn rank(self) -> i64 {
        self as i64
    }

    /// Whether staff should look.
    pub fn needs_attention(self) -> bool {
        self <= Self::Stale
    }
}

//! The states that people see, and their order.

/// Where an onboarding stands, the most pressing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The last thing that was tried failed.
    Failed,
    /// Logs are written, and the vendor cannot read them.
    Unreadable,
    /// No logs come any more, or none ever came.
    Silent,
    /// Running, and not heard of for too long.
    Stale,
    /// The stack is at work.
    Running,
    /// The customer has seen the page.
    Opened,
    /// The link was made.
    Sent,
    /// Logging is set up; the vendor has not read a log yet.
    Waiting,
    /// The stack was deleted.
    Removed,
    /// Logging is set up, and a log was read where the vendor looks for logs.
    Active,
}

impl State {
    /// All states.
    pub const ALL: [Self; 10] = [
        Self::Failed,
        Self::Unreadable,
        Self::Silent,
        Self::Stale,
        Self::Running,
        Self::Opened,
        Self::Sent,
        Self::Waiting,
        Self::Removed,
        Self::Active,
    ];

    /// As it is stored and stands in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Unreadable => "unreadable",
            Self::Silent => "silent",
            Self::Stale => "stale",
            Self::Running => "running",
            Self::Opened => "opened",
            Self::Sent => "sent",
            Self::Waiting => "waiting",
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

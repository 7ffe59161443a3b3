//! Why a stack failed, in plain words, and what to do next.
//!
//! A reason is the text of a stack event, of the function's answer, or what a person pastes from
//! the AWS console. [`explain`] holds it against the catalogue, [`ALL`], in which the special comes
//! before the general; the words of the function itself come before those of AWS.

mod access;
mod aws;
mod inputs;
mod logs;
mod run;
mod stack;

/// One cause in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// Kebab-case; quoted to support.
    pub code: &'static str,
    /// What happened, in one sentence.
    pub title: &'static str,
    /// What the customer does next; "we" and "us" are the vendor.
    pub customer: &'static str,
    /// What support staff should know or check.
    pub support: &'static str,
    /// What the failure leaves in the customer's account.
    pub left: Left,
    /// How a reason is recognised: any of these, each of which is met when all of its parts occur
    /// in the text, in whatever order. Parts are ASCII, in lower case.
    pub signals: &'static [&'static [&'static str]],
}

/// What a failure leaves in the customer's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// CloudFormation refused before anything was made.
    AsBefore,
    /// CloudFormation takes back what it began.
    TakenBack,
    /// Nothing failed, or what is left is left on purpose.
    Fine,
    /// Something that a person has to see to.
    Partly,
}

impl Left {
    /// The sentence for the customer.
    pub fn words(self) -> &'static str {
        match self {
            Self::AsBefore => "Nothing was changed in your account, and no log was deleted.",
            Self::TakenBack => {
                "Nothing stays half done: CloudFormation takes back what it began, and no log was \
                 deleted. Before a new launch, delete the failed stack."
            }
            Self::Fine => "Nothing is broken, and no log was deleted.",
            Self::Partly => {
                "No log was deleted. Until this is done, a part of our setup may stay in your \
                 account."
            }
        }
    }
}

const PARTS: [&[Hint]; 6] =
    [inputs::INPUTS, run::RUN, logs::LOGS, access::ACCESS, stack::STACK, aws::AWS];

/// Every hint, in the order of matching: the first that is met wins.
pub const ALL: &[Hint] = &joined::<{ count() }>();

/// A reason is read no further than this many characters; CloudFormation's own are far shorter.
const READ: usize = 20_000;

const fn count() -> usize {
    let (mut count, mut part) = (0, 0);
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
}

const fn joined<const N: usize>() -> [Hint; N] {
    let mut all = [PARTS[0][0]; N];
    let (mut filled, mut part) = (0, 0);
    while part < PARTS.len() {
        let mut index = 0;
        while index < PARTS[part].len() {
            all[filled] = PARTS[part][index];
            filled += 1;
            index += 1;
        }
        part += 1;
    }
    all
}

impl Hint {
    fn is_met(&self, text: &str) -> bool {
        self.signals.iter().any(|parts| parts.iter().all(|part| text.contains(part)))
    }
}

/// The cause behind a reason; `None` if the catalogue does not know it.
pub fn explain(reason: &str) -> Option<&'static Hint> {
    let text = readable(reason);
    ALL.iter().find(|hint| hint.is_met(&text))
}

/// In lower case, with straight quotes and single spaces: a paste brings line ends and typography.
fn readable(reason: &str) -> String {
    let mut text = String::new();
    for c in reason.chars().take(READ) {
        match c {
            _ if c.is_whitespace() || c.is_control() => {
                if !text.ends_with(' ') {
                    text.push(' ');
                }
            }
            '‘' | '’' => text.push('\''),
            '“' | '”' => text.push('"'),
            _ => text.push(c.to_ascii_lowercase()),
        }
    }
    text
}

/// A reply that can be sent to the customer as it is: plain text of at most 120 words.
pub fn reply(
    hint: Option<&Hint>,
    reason: &str,
    customer: &str,
    vendor: &str,
    contact: &str,
) -> String {
    let (customer, vendor) = (one_line(customer, 5, 60), one_line(vendor, 5, 60));
    let contact = one_line(contact, 4, 120);
    let (happened, left) = match hint {
        Some(Hint { code, title, customer: next, left, .. }) => (
            format!("Your log analysis setup needs a look (code {code}). {title}\n\n{next}"),
            *left,
        ),
        None => (unknown(reason), Left::TakenBack),
    };
    format!(
        "Hello {customer},\n\n{happened}\n\n{}\n\nQuestions? Write to {contact}.\n\n{vendor}\n",
        left.words()
    )
}

fn unknown(reason: &str) -> String {
    let reason = one_line(reason, 30, 300);
    let asked = "Send us the stack's events from CloudFormation, from the first one that ends in \
                 FAILED, and we tell you the next step.";
    if reason.is_empty() {
        return format!("Your log analysis setup stopped without saying why. {asked}");
    }
    format!("Your log analysis setup stopped. The message was: \"{reason}\"\n\n{asked}")
}

/// The beginning of a text on one line, without control characters.
fn one_line(text: &str, words: usize, characters: usize) -> String {
    let text: String =
        text.chars().take(READ).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut all = text.split_whitespace();
    let line = all.by_ref().take(words).collect::<Vec<_>>().join(" ");
    let cut = all.next().is_some() || line.chars().nth(characters).is_some();
    let mut line: String = line.chars().take(characters).collect();
    if cut {
        line.push('…');
    }
    line
}

#[cfg(test)]
#[path = "hints_tests.rs"]
mod tests;

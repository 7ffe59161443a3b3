//! What changes in permissions from one template text to another, in words.
//!
//! Compared is what may be done to what under which conditions, not the text: a statement that is
//! renamed, split or moved is no change.

use std::fmt;

use super::{RolePermissions, Statement, text::covers};

/// Whether more or less is allowed, or the same in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Something that was not there before.
    Added,
    /// Something that is no longer there.
    Removed,
    /// Something that is there in another way, a denial included.
    Changed,
}

/// A change in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whether it is more, less or otherwise.
    pub direction: Direction,
    /// The words, without a full stop.
    pub words: String,
}

impl Change {
    /// Something that was not there before.
    pub(crate) fn added(words: String) -> Self {
        Self { direction: Direction::Added, words }
    }

    /// Something that is no longer there.
    pub(crate) fn removed(words: String) -> Self {
        Self { direction: Direction::Removed, words }
    }

    /// Something that is there in another way.
    pub(crate) fn changed(words: String) -> Self {
        Self { direction: Direction::Changed, words }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// One action on one kind of resource.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Grant {
    allow: bool,
    /// The action, perhaps with what it does in brackets.
    action: String,
    does: String,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// The ARN, perhaps with words in brackets.
    arn: String,
    words: String,
    conditions: Vec<String>,
}

/// What became of one action; actions with the same fate are told in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    Gained(Vec<Place>),
    Lost(Vec<Place>),
    /// Allowed before by a wider permission, and now by its own name.
    Kept(Vec<Place>),
    Moved {
        from: Vec<Place>,
        to: Vec<Place>,
    },
    Conditions {
        place: Place,
        was: Vec<String>,
    },
}

/// Every change of permissions, role by role; empty if there is none.
pub fn changes(old: &[RolePermissions], new: &[RolePermissions]) -> Vec<Change> {
    let mut lines = Vec::new();
    let find = |list: &[RolePermissions], id: &str| {
        list.iter().find(|role| role.logical_id == id).cloned()
    };
    for role in new {
        match find(old, &role.logical_id) {
            Some(before) => lines.extend(changed(&before, role)),
            None => lines.extend(added(role)),
        }
    }
    for role in old {
        if find(new, &role.logical_id).is_none() {
            let words = format!("{} is gone, and all its permissions with it", role.label());
            lines.push(Change::removed(words));
        }
    }
    lines
}

fn added(role: &RolePermissions) -> Vec<Change> {
    let label = role.label();
    let trusted = role.trusted.iter().map(|who| format!("may be used by {who}"));
    let managed = role.managed.iter().map(|arn| format!("has the managed policy {arn}"));
    let boundary = role.boundary.iter().map(|arn| format!("has the permissions boundary {arn}"));
    let mut lines = vec![Change::added(format!("{label} is new"))];
    lines.extend(
        trusted
            .chain(managed)
            .chain(boundary)
            .map(|words| Change::added(format!("{label}: {words}"))),
    );
    lines.extend(fates(&[], &grants(role)).iter().map(|fate| fate.told(&label, "may use")));
    lines
}

fn changed(old: &RolePermissions, new: &RolePermissions) -> Vec<Change> {
    let label = new.label();
    let mut lines = Vec::new();
    let mut compare = |before: &[String], after: &[String], gained: &str, lost: &str| {
        let gone = before.iter().filter(|one| !after.contains(one));
        lines.extend(gone.map(|one| Change::removed(format!("{label}: {lost} {one}"))));
        let come = after.iter().filter(|one| !before.contains(one));
        lines.extend(come.map(|one| Change::added(format!("{label}: {gained} {one}"))));
    };
    compare(&old.trusted, &new.trusted, "may now also be used by", "may no longer be used by");
    compare(
        &old.managed,
        &new.managed,
        "now has the managed policy",
        "no longer has the managed policy",
    );
    compare(
        old.boundary.as_slice(),
        new.boundary.as_slice(),
        "now has the permissions boundary",
        "no longer has the permissions boundary",
    );
    let fates = fates(&grants(old), &grants(new));
    lines.extend(fates.iter().map(|fate| fate.told(&label, "may now also use")));
    lines
}

fn grants(role: &RolePermissions) -> Vec<Grant> {
    let mut found: Vec<Grant> = Vec::new();
    for grant in role.statements.iter().flat_map(of_statement) {
        if !found.contains(&grant) {
            found.push(grant);
        }
    }
    found
}

fn of_statement(statement: &Statement) -> Vec<Grant> {
    let mut conditions = statement.conditions.clone();
    conditions.sort();
    let names: Vec<&str> = statement.actions.iter().map(|action| action.name.as_str()).collect();
    let actions = if statement.all_actions_but {
        vec![(format!("every action but {}", names.join(", ")), String::new())]
    } else {
        let pair = |action: &super::Action| (action.name.clone(), action.does.to_string());
        statement.actions.iter().map(pair).collect()
    };
    let arns: Vec<&str> = statement.resources.iter().map(|place| place.arn.as_str()).collect();
    let places = if statement.all_resources_but {
        vec![(format!("anything but {}", arns.join(", ")), String::new())]
    } else {
        statement.resources.iter().map(|place| (place.arn.clone(), place.words.clone())).collect()
    };
    let allow = statement.allow;
    actions
        .into_iter()
        .flat_map(|(action, does)| {
            places.iter().map(move |(arn, words)| (action.clone(), does.clone(), arn, words))
        })
        .map(|(action, does, arn, words)| {
            let place =
                Place { arn: arn.clone(), words: words.clone(), conditions: conditions.clone() };
            Grant { allow, action, does, place }
        })
        .collect()
}

/// Actions that share one fate.
#[derive(Debug)]
struct Shared {
    allow: bool,
    /// Name, and what it does.
    actions: Vec<(String, String)>,
    fate: Fate,
}

fn fates(old: &[Grant], new: &[Grant]) -> Vec<Shared> {
    let mut shared: Vec<Shared> = Vec::new();
    let mut seen: Vec<(bool, &str)> = Vec::new();
    for grant in new.iter().chain(old) {
        if seen.contains(&(grant.allow, grant.action.as_str())) {
            continue;
        }
        seen.push((grant.allow, &grant.action));
        for fate in fates_of(grant, old, new) {
            let action = (grant.action.clone(), grant.does.clone());
            let like = |one: &&mut Shared| one.allow == grant.allow && one.fate == fate;
            match shared.iter_mut().find(like) {
                Some(one) => one.actions.push(action),
                None => shared.push(Shared { allow: grant.allow, actions: vec![action], fate }),
            }
        }
    }
    shared
}

fn fates_of(one: &Grant, old: &[Grant], new: &[Grant]) -> Vec<Fate> {
    let places = |all: &[Grant]| -> Vec<Place> {
        let same = |grant: &&Grant| grant.allow == one.allow && grant.action == one.action;
        all.iter().filter(same).map(|grant| grant.place.clone()).collect()
    };
    let (before, after) = (places(old), places(new));
    let missing = |from: &[Place], all: &[Place]| -> Vec<Place> {
        all.iter().filter(|place| !from.contains(place)).cloned().collect()
    };
    let (mut gone, mut come) = (missing(&after, &before), missing(&before, &after));
    let mut fates = take_conditions(&mut gone, &mut come);
    if moved(&gone, &come) {
        fates.push(Fate::Moved { from: gone, to: come });
        return fates;
    }
    let covered = |all: &[Grant], place: &Place| {
        one.allow && all.iter().any(|grant| grant.covers(&one.action, place))
    };
    gone.retain(|place| !covered(new, place));
    let (kept, gained): (Vec<_>, Vec<_>) = come.into_iter().partition(|place| covered(old, place));
    for group in by_conditions(gained) {
        fates.push(Fate::Gained(group));
    }
    // Worth a line only where the wider permission goes.
    let narrowed = |place: &Place| !covered(&without(new, &one.action), place);
    for group in by_conditions(kept.into_iter().filter(narrowed).collect()) {
        fates.push(Fate::Kept(group));
    }
    for group in by_conditions(gone) {
        fates.push(Fate::Lost(group));
    }
    fates
}

fn without(all: &[Grant], action: &str) -> Vec<Grant> {
    all.iter().filter(|grant| grant.action != action).cloned().collect()
}

/// Takes out the places whose conditions alone have changed.
fn take_conditions(gone: &mut Vec<Place>, come: &mut Vec<Place>) -> Vec<Fate> {
    let count = |all: &[Place], arn: &str| all.iter().filter(|place| place.arn == arn).count();
    let mut fates = Vec::new();
    for place in come.clone() {
        let once = count(come, &place.arn) == 1 && count(gone, &place.arn) == 1;
        let Some(at) = gone.iter().position(|old| once && old.arn == place.arn) else { continue };
        let was = gone.remove(at).conditions;
        come.retain(|other| other.arn != place.arn);
        fates.push(Fate::Conditions { place, was });
    }
    fates
}

fn moved(gone: &[Place], come: &[Place]) -> bool {
    let (Some(from), Some(_)) = (gone.first(), come.first()) else { return false };
    gone.iter().chain(come).all(|place| place.conditions == from.conditions)
}

fn by_conditions(places: Vec<Place>) -> Vec<Vec<Place>> {
    let mut groups: Vec<Vec<Place>> = Vec::new();
    for place in places {
        match groups.iter_mut().find(|group| group[0].conditions == place.conditions) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    groups
}

impl Grant {
    /// Whether this allows the action in that place, whatever else does.
    fn covers(&self, action: &str, place: &Place) -> bool {
        let free = self.place.conditions.is_empty() || self.place.conditions == place.conditions;
        self.allow && free && within(&self.action, action) && within(&self.place.arn, &place.arn)
    }
}

/// Whether one name or pattern lies within another. "Everything but x" has spaces and is no pattern.
fn within(pattern: &str, text: &str) -> bool {
    pattern == text || (!pattern.contains(' ') && covers(pattern, text))
}

impl Shared {
    fn told(&self, label: &str, gains: &str) -> Change {
        let words = format!("{label}: {}", self.words(gains));
        match self.fate {
            Fate::Gained(_) if self.allow => Change::added(words),
            Fate::Lost(_) if self.allow => Change::removed(words),
            _ => Change::changed(words),
        }
    }

    fn words(&self, gains: &str) -> String {
        let [gains, loses, keeps, moves] = if self.allow {
            [gains, "may no longer use", "may still use, now by its own name,", "may now use"]
        } else {
            ["is now denied", "is no longer denied", "is still denied", "is now denied"]
        };
        let what = self.actions();
        match &self.fate {
            Fate::Gained(places) => format!("{gains} {what} {}", on(places)),
            Fate::Lost(places) => format!("{loses} {what} {}", on(places)),
            Fate::Kept(places) => format!("{keeps} {what} {}", on(places)),
            Fate::Moved { from, to } => {
                format!("{moves} {what} {}, instead of {}", on(to), on(from))
            }
            Fate::Conditions { place, was } => {
                let bare = Place { conditions: Vec::new(), ..place.clone() };
                let denied = if self.allow { "" } else { " (denied)" };
                let conditions = conditions(was, &place.conditions);
                format!("{what} {}{denied}: {conditions}", on(&[bare]))
            }
        }
    }

    fn actions(&self) -> String {
        let words: Vec<String> =
            self.actions
                .iter()
                .map(|(name, does)| {
                    if does.is_empty() { name.clone() } else { format!("{name} ({})", lower(does)) }
                })
                .collect();
        words.join(", ")
    }
}

fn on(places: &[Place]) -> String {
    let words: Vec<String> = places
        .iter()
        .map(
            |Place { arn, words, .. }| {
                if words.is_empty() { arn.clone() } else { format!("{arn} ({words})") }
            },
        )
        .collect();
    let conditions = places.first().map(|place| place.conditions.as_slice()).unwrap_or_default();
    let on = format!("on {}", words.join(" and "));
    [&[on], conditions].concat().join(", ")
}

fn conditions(was: &[String], is: &[String]) -> String {
    let added = is.iter().filter(|one| !was.contains(one)).map(|one| format!("now {one}"));
    let gone = was.iter().filter(|one| !is.contains(one)).map(|one| format!("no longer {one}"));
    added.chain(gone).collect::<Vec<_>>().join("; ")
}

fn lower(text: &str) -> String {
    let mut signs = text.chars();
    let first = signs.next().map(|sign| sign.to_lowercase().collect::<String>());
    first.unwrap_or_default() + signs.as_str()
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;

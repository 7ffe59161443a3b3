//! Staff who sign in with their company's accounts.

use super::{Actor, NewAudit, Result, Role, Staff, Store};
use crate::{oidc::Person, token::random_id};

/// What came of somebody whom the provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// They may come in.
    In(Box<Staff>),
    /// Their account is switched off here.
    SwitchedOff,
    /// Another account has their e-mail address. It is not theirs for that: addresses change hands,
    /// and a provider may let people write what they like.
    Taken,
}

impl Store {
    /// Lets somebody in whom the provider vouches for: makes their account at the first time, and
    /// brings it up to date after that. A role that changed ends their other sessions.
    pub async fn admit(&self, ip: &str, person: &Person, role: Role) -> Result<Admission> {
        let Some(known) = self.staff_by_identity(&person.issuer, &person.subject).await? else {
            return self.add_person(ip, person, role).await;
        };
        if known.disabled != 0 {
            return Ok(Admission::SwitchedOff);
        }
        if known.role() != role {
            self.change_role(ip, &known, role).await?;
        }
        let other = self.staff_by_email(&person.email).await?.filter(|other| other.id != known.id);
        // An address that somebody else has by now is not taken over, and locks nobody out either.
        let email = if other.is_some() { &known.email } else { &person.email };
        if (email, &person.name) != (&known.email, &known.name) {
            self.rename(ip, &known, (email, &person.name)).await?;
        }
        let now = self.staff(&known.id).await?;
        Ok(now.map_or(Admission::SwitchedOff, |staff| Admission::In(Box::new(staff))))
    }

    async fn add_person(&self, ip: &str, person: &Person, role: Role) -> Result<Admission> {
        let mut tx = self.write().await?;
        let id = random_id();
        let made = sqlx::query(
            "INSERT INTO staff (id, email, name, role, password, must_change, disabled, epoch, theme, \
             shortcuts, created_at, signed_in_at, issuer, subject) \
             VALUES ($1, $2, $3, $4, '', 0, 0, 1, 'auto', 1, $5, 0, $6, $7) ON CONFLICT DO NOTHING",
        )
        .bind(&id)
        .bind(&person.email)
        .bind(&person.name)
        .bind(role.name())
        .bind(self.now())
        .bind(&person.issuer)
        .bind(&person.subject)
        .execute(&mut *tx)
        .await?;
        if made.rows_affected() == 0 {
            drop(tx);
            // Made by another request of the same person meanwhile, or the address is taken.
            let same = self.staff_by_identity(&person.issuer, &person.subject).await?;
            return Ok(same.map_or(Admission::Taken, |staff| Admission::In(Box::new(staff))));
        }
        let entry = NewAudit {
            action: "add staff",
            subject: person.email.clone(),
            after: format!("{}, {} at {}", role.name(), person.subject, person.issuer),
            ..NewAudit::default()
        };
        self.audit(&mut tx, &service(ip), &entry).await?;
        tx.commit().await?;
        let made = self.staff(&id).await?;
        Ok(made.map_or(Admission::Taken, |staff| Admission::In(Box::new(staff))))
    }

    async fn change_role(&self, ip: &str, staff: &Staff, role: Role) -> Result<()> {
        let mut tx = self.write().await?;
        sqlx::query("UPDATE staff SET role = $1, epoch = epoch + 1 WHERE id = $2")
            .bind(role.name())
            .bind(&staff.id)
            .execute(&mut *tx)
            .await?;
        let entry = NewAudit {
            action: "change staff",
            subject: staff.email.clone(),
            before: staff.role().name().to_owned(),
            after: format!("{}, by groups at {}", role.name(), staff.issuer),
            ..NewAudit::default()
        };
        self.audit(&mut tx, &service(ip), &entry).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn rename(&self, ip: &str, staff: &Staff, (email, name): (&str, &str)) -> Result<()> {
        let mut tx = self.write().await?;
        sqlx::query("UPDATE staff SET email = $1, name = $2 WHERE id = $3")
            .bind(email)
            .bind(name)
            .bind(&staff.id)
            .execute(&mut *tx)
            .await?;
        let entry = NewAudit {
            action: "change staff",
            subject: staff.email.clone(),
            before: format!("{}, {}", staff.email, staff.name),
            after: format!("{email}, {name}"),
            ..NewAudit::default()
        };
        self.audit(&mut tx, &service(ip), &entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends all sessions of an account.
    pub async fn end_sessions(&self, staff: &Staff) -> Result<()> {
        let update = "UPDATE staff SET epoch = epoch + 1 WHERE id = $1";
        sqlx::query(update).bind(&staff.id).execute(&self.pool).await?;
        Ok(())
    }

    /// Gives an account to somebody at a provider: from now on they sign in to it there, and its
    /// password is gone. `false` if they have another account.
    pub async fn link(
        &self,
        actor: &Actor,
        staff: &Staff,
        (issuer, subject): (&str, &str),
    ) -> Result<bool> {
        if self.staff_by_identity(issuer, subject).await?.is_some_and(|one| one.id != staff.id) {
            return Ok(false);
        }
        let mut tx = self.write().await?;
        sqlx::query(
            "UPDATE staff SET issuer = $1, subject = $2, password = '', must_change = 0, \
             epoch = epoch + 1 WHERE id = $3",
        )
        .bind(issuer)
        .bind(subject)
        .bind(&staff.id)
        .execute(&mut *tx)
        .await?;
        let after = format!("{subject} at {issuer}");
        self.audit(&mut tx, actor, &relinked(staff, after)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Makes the account a local one, with a first password.
    pub async fn unlink(&self, actor: &Actor, staff: &Staff, password: &str) -> Result<()> {
        let mut tx = self.write().await?;
        sqlx::query(
            "UPDATE staff SET issuer = '', subject = '', password = $1, must_change = 1, \
             epoch = epoch + 1 WHERE id = $2",
        )
        .bind(password)
        .bind(&staff.id)
        .execute(&mut *tx)
        .await?;
        self.audit(&mut tx, actor, &relinked(staff, "a password".to_owned())).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn service(ip: &str) -> Actor {
    Actor { ip: ip.to_owned(), ..Actor::of("service") }
}

fn relinked(staff: &Staff, after: String) -> NewAudit {
    let before = if staff.is_managed() {
        format!("{} at {}", staff.subject, staff.issuer)
    } else {
        "a password".to_owned()
    };
    let subject = staff.email.clone();
    NewAudit { action: "change sign-in", subject, before, after, ..NewAudit::default() }
}

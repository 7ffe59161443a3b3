//! Who works here, and who tried to sign in.

use sqlx::FromRow;

use super::{Actor, NewAudit, Result, Store};
use crate::{
    clock::Millis,
    password::{FORGOTTEN_AFTER, wait_after},
    token::random_id,
};

/// What somebody may do; each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Look.
    Viewer,
    /// Add and change customers.
    Editor,
    /// Also staff and settings.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Editor, Self::Admin];

    /// As it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// Reads [`Self::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// An account: a local one, or one of a provider's.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Staff {
    /// For addresses and sessions.
    pub id: String,
    /// What one signs in with, in lower case.
    pub email: String,
    /// For people.
    pub name: String,
    /// See [`Self::role`].
    #[sqlx(rename = "role")]
    pub role_name: String,
    /// A PHC string; empty where the provider knows the password.
    pub password: String,
    /// 1 until the first password was replaced.
    pub must_change: i64,
    /// 1 if the account is switched off.
    pub disabled: i64,
    /// Sessions of an earlier epoch are over.
    pub epoch: i64,
    /// `auto`, `light`, `dark`.
    pub theme: String,
    /// 1 if single keys do things.
    pub shortcuts: i64,
    /// When the account was made.
    pub created_at: Millis,
    /// When it was last signed in to; 0 for never.
    pub signed_in_at: Millis,
    /// The provider that this one signs in with; empty for a local account.
    pub issuer: String,
    /// Whom the provider means.
    pub subject: String,
}

impl Staff {
    /// What this one may do; the least where the database says something else.
    pub fn role(&self) -> Role {
        Role::from_name(&self.role_name).unwrap_or(Role::Viewer)
    }

    /// Whether a provider says who this is and what they may do.
    pub fn is_managed(&self) -> bool {
        !self.issuer.is_empty()
    }

    /// As whom this one does things.
    pub fn actor(&self, ip: &str) -> Actor {
        Actor { name: self.email.clone(), ip: ip.to_owned() }
    }
}

const COLUMNS: &str = "SELECT id, email, name, role, password, must_change, disabled, epoch, theme, \
     shortcuts, created_at, signed_in_at, issuer, subject FROM staff";

/// When each subject had its last try to sign in; 0 for never.
pub type LastTries = std::collections::BTreeMap<String, Millis>;

impl Store {
    async fn one_staff(&self, column: &'static str, value: &str) -> Result<Option<Staff>> {
        let query = format!("{COLUMNS} WHERE {column} = $1");
        let query = sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(value);
        Ok(query.fetch_optional(&self.pool).await?)
    }

    /// By id.
    pub async fn staff(&self, id: &str) -> Result<Option<Staff>> {
        self.one_staff("id", id).await
    }

    /// By e-mail, in any case.
    pub async fn staff_by_email(&self, email: &str) -> Result<Option<Staff>> {
        self.one_staff("email", &email.trim().to_lowercase()).await
    }

    /// By who somebody is at a provider.
    pub async fn staff_by_identity(&self, issuer: &str, subject: &str) -> Result<Option<Staff>> {
        // Local accounts have no issuer.
        let query = format!("{COLUMNS} WHERE issuer = $1 AND subject = $2 AND issuer <> ''");
        let query = sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(issuer).bind(subject);
        Ok(query.fetch_optional(&self.pool).await?)
    }

    /// Everybody, by e-mail.
    pub async fn all_staff(&self) -> Result<Vec<Staff>> {
        let query = format!("{COLUMNS} ORDER BY email");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(&self.pool).await?)
    }

    /// Adds an account; `false` if the e-mail is taken.
    pub async fn add_staff(
        &self,
        actor: &Actor,
        (email, name): (&str, &str),
        role: Role,
        password: &str,
    ) -> Result<bool> {
        let email = email.trim().to_lowercase();
        let mut tx = self.write().await?;
        let made = sqlx::query(
            "INSERT INTO staff (id, email, name, role, password, must_change, disabled, epoch, theme, \
             shortcuts, created_at, signed_in_at) VALUES ($1, $2, $3, $4, $5, 1, 0, 1, 'auto', 1, $6, 0) \
             ON CONFLICT (email) DO NOTHING",
        )
        .bind(random_id())
        .bind(&email)
        .bind(name)
        .bind(role.name())
        .bind(password)
        .bind(self.now())
        .execute(&mut *tx)
        .await?;
        if made.rows_affected() == 0 {
            return Ok(false);
        }
        let after = role.name().to_owned();
        let entry = NewAudit { action: "add staff", subject: email, after, ..NewAudit::default() };
        self.audit(&mut tx, actor, &entry).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Changes role and whether the account may be used. Ends its sessions. `false`, and nothing is
    /// changed, if nobody would be left who may administer.
    pub async fn change_staff(
        &self,
        actor: &Actor,
        staff: &Staff,
        role: Role,
        disabled: bool,
    ) -> Result<bool> {
        let mut tx = self.write().await?;
        sqlx::query("UPDATE staff SET role = $1, disabled = $2, epoch = epoch + 1 WHERE id = $3")
            .bind(role.name())
            .bind(i64::from(disabled))
            .bind(&staff.id)
            .execute(&mut *tx)
            .await?;
        let words = |role: Role, disabled: bool| {
            format!("{}{}", role.name(), if disabled { ", switched off" } else { "" })
        };
        let entry = NewAudit {
            action: "change staff",
            subject: staff.email.clone(),
            before: words(staff.role(), staff.disabled != 0),
            after: words(role, disabled),
            ..NewAudit::default()
        };
        self.audit(&mut tx, actor, &entry).await?;
        // The audit log lets one transaction at a time through: two admins cannot remove each other.
        let admins = "SELECT COUNT(*) FROM staff WHERE role = 'admin' AND disabled = 0";
        let admins: i64 = sqlx::query_scalar(admins).fetch_one(&mut *tx).await?;
        if admins == 0 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Sets a password, ends all sessions of the account, and says whether it is a first one.
    pub async fn set_password(
        &self,
        actor: &Actor,
        staff: &Staff,
        password: &str,
        must_change: bool,
    ) -> Result<()> {
        let mut tx = self.write().await?;
        sqlx::query(
            "UPDATE staff SET password = $1, must_change = $2, epoch = epoch + 1 WHERE id = $3",
        )
        .bind(password)
        .bind(i64::from(must_change))
        .bind(&staff.id)
        .execute(&mut *tx)
        .await?;
        let subject = staff.email.clone();
        let entry = NewAudit { action: "set password", subject, ..NewAudit::default() };
        self.audit(&mut tx, actor, &entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Sets what one's own pages look like.
    pub async fn set_preferences(&self, id: &str, theme: &str, shortcuts: bool) -> Result<()> {
        sqlx::query("UPDATE staff SET theme = $1, shortcuts = $2 WHERE id = $3")
            .bind(theme)
            .bind(i64::from(shortcuts))
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Notes that somebody signed in.
    pub async fn signed_in(&self, actor: &Actor, staff: &Staff) -> Result<()> {
        let mut tx = self.write().await?;
        let update = "UPDATE staff SET signed_in_at = $1 WHERE id = $2";
        sqlx::query(update).bind(self.now()).bind(&staff.id).execute(&mut *tx).await?;
        let (subject, after) = (staff.email.clone(), staff.issuer.clone());
        let entry = NewAudit { action: "sign in", subject, after, ..NewAudit::default() };
        self.audit(&mut tx, actor, &entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Counts one try to sign in for each subject, beside how many are free.
    ///
    /// `Err` is how long to wait instead where one had too many; `Ok` is when each had its last try
    /// before. Deciding and counting are one step, so that many tries at once are no more than one after
    /// another.
    pub async fn count_sign_in_try(
        &self,
        subjects: &[(String, i64)],
    ) -> Result<std::result::Result<LastTries, Millis>> {
        let now = self.now();
        let mut subjects = subjects.to_vec();
        // Always in the same order: two that lock the same rows do not wait for each other.
        subjects.sort();
        let mut tx = self.write().await?;
        let (mut wait, mut before) = (0, LastTries::new());
        for (subject, free) in &subjects {
            // Changes nothing, and holds the row.
            let (count, last): (i64, i64) = sqlx::query_as(
                "INSERT INTO sign_in_failures (subject, count, last_at) VALUES ($1, 0, 0) \
                 ON CONFLICT (subject) DO UPDATE SET count = sign_in_failures.count \
                 RETURNING count, last_at",
            )
            .bind(subject)
            .fetch_one(&mut *tx)
            .await?;
            before.insert(subject.clone(), last);
            if last + FORGOTTEN_AFTER > now && count >= *free {
                wait = wait.max(last + wait_after(count, *free) - now);
            }
        }
        if wait > 0 {
            return Ok(Err(wait));
        }
        for (subject, _) in &subjects {
            sqlx::query(
                "UPDATE sign_in_failures SET last_at = $2, \
                 count = CASE WHEN last_at <= $3 THEN 1 ELSE count + 1 END WHERE subject = $1",
            )
            .bind(subject)
            .bind(now)
            .bind(now - FORGOTTEN_AFTER)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(Ok(before))
    }

    /// A try was none: it does not count, nor does anybody wait because of it. What others did stays.
    pub async fn forgive_sign_in_try(&self, subject: &str, last_before: Millis) -> Result<()> {
        let update = "UPDATE sign_in_failures SET count = count - 1, last_at = $2 \
             WHERE subject = $1 AND count > 0";
        sqlx::query(update).bind(subject).bind(last_before).execute(&self.pool).await?;
        Ok(())
    }

    /// Forgets failures that no longer count.
    pub async fn forget_old_failures(&self, before: Millis) -> Result<()> {
        let delete = "DELETE FROM sign_in_failures WHERE last_at < $1";
        sqlx::query(delete).bind(before).execute(&self.pool).await?;
        Ok(())
    }

    /// Starts counting anew.
    pub async fn forget_sign_in_failures(&self, subject: &str) -> Result<()> {
        let delete = "DELETE FROM sign_in_failures WHERE subject = $1";
        sqlx::query(delete).bind(subject).execute(&self.pool).await?;
        Ok(())
    }
}

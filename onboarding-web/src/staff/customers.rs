//! The list of customers.

use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;

use super::{address, moment, page_of};
use crate::{
    access::SignedIn,
    app::App,
    clock,
    customer_form::grouped,
    error::{Problem, page},
    onboarding::State as Standing,
    pages::{
        customers::{Choice, Customers, Filters, Row, Sort as SortLink, Sorts},
        frame::{Pager, Tag},
    },
    store::{ListFilter, ListPage, ListRow, Role, Sort},
    words,
};

const PAGE: i64 = 50;

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    state: String,
    region: String,
    version: String,
    owner: String,
    sort: String,
    page: String,
}

impl Asked {
    fn filter(&self) -> ListFilter {
        // A longer pattern than this finds nothing that people look for.
        let query = self.q.chars().filter(|c| !c.is_control()).take(200).collect();
        ListFilter {
            query,
            state: self.state.clone(),
            region: self.region.clone(),
            version: self.version.clone(),
            owner: self.owner.clone(),
        }
    }

    fn sorted(&self) -> Sort {
        match self.sort.as_str() {
            "name" => Sort::Name,
            "changed" => Sort::Changed,
            _ => Sort::Attention,
        }
    }

    fn address(&self, sort: &str, page: &str) -> String {
        let filters = [
            ("q", self.q.as_str()),
            ("state", &self.state),
            ("region", &self.region),
            ("version", &self.version),
            ("owner", &self.owner),
            ("sort", sort),
            ("page", page),
        ];
        address("/customers", &filters)
    }
}

/// `GET /customers`
pub async fn list(
    State(app): State<App>,
    signed: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (filter, store) = (asked.filter(), &app.store);
    let wanted: i64 = asked.page.parse().unwrap_or(1).max(1);
    let offset = wanted.saturating_sub(1).saturating_mul(PAGE);
    let mut found = store.list(&filter, asked.sorted(), PAGE, offset).await?;
    let (current, last) = page_of(&asked.page, found.total, PAGE);
    if current != wanted {
        found = store.list(&filter, asked.sorted(), PAGE, (current - 1) * PAGE).await?;
    }
    let active = filter != ListFilter::default();
    let offered = app.catalogue.offered().await?;
    let rows = found.rows.iter().map(|row| view(&app, &signed, &offered, row)).collect();
    let pages = |number: i64| usize::try_from(number).unwrap_or(1);
    page(&Customers {
        frame: signed.frame(&app, "Customers", "customers"),
        empty: found.total == 0 && !active,
        problem: None,
        filters: filters(&app, &asked, active).await?,
        caption: caption(&found),
        sorts: sorts(&asked),
        rows,
        pager: Pager::new(pages(current), pages(last), |page| {
            asked.address(&asked.sort, &page.to_string())
        }),
    })
}

fn caption(found: &ListPage) -> String {
    let customers = if found.total == 1 { "customer" } else { "customers" };
    let need = if found.attention == 1 { "needs" } else { "need" };
    match found.attention {
        0 => format!("{} {customers}", found.total),
        count => format!("{} {customers}, {count} {need} attention", found.total),
    }
}

async fn filters(app: &App, asked: &Asked, active: bool) -> Result<Filters, Problem> {
    let [regions, versions, owners] = app.store.filter_values().await?;
    let any = |label: &str, values: Vec<String>, selected: &str| {
        let all = std::iter::once((String::new(), label.to_owned()));
        Choice::list(all.chain(values.into_iter().map(|one| (one.clone(), one))), selected)
    };
    let states = Standing::ALL.map(|state| (state.name(), Tag::of_state(state.name()).word));
    let states = states.into_iter().map(|(name, word)| (name.to_owned(), word));
    let states = std::iter::once((String::new(), "Any state".to_owned())).chain(states);
    Ok(Filters {
        q: asked.q.clone(),
        states: Choice::list(states, &asked.state),
        regions: any("Any region", regions, &asked.region),
        versions: any("Any version", versions, &asked.version),
        owners: any("Any owner", owners, &asked.owner),
        sort: asked.sort.clone(),
        active,
    })
}

fn sorts(asked: &Asked) -> Sorts {
    let link = |name: &str, order: &'static str| SortLink {
        url: asked.address(name, ""),
        order: if asked.sort == name { order } else { "" },
    };
    let by_attention = asked.sorted() == Sort::Attention;
    Sorts {
        attention: (!by_attention).then(|| asked.address("", "")),
        name: link("name", "ascending"),
        state: SortLink {
            url: asked.address("", ""),
            order: if by_attention { "ascending" } else { "" },
        },
        changed: link("changed", "descending"),
    }
}

fn view(app: &App, signed: &SignedIn, offered: &[String], row: &ListRow) -> Row {
    let now = app.store.now();
    let (link_words, link_tag) = if row.revoked_at != 0 {
        ("revoked".to_owned(), Some(Tag::of_link("revoked")))
    } else if row.expires_at <= now {
        (format!("expired {}", clock::ago(row.expires_at, now)), Some(Tag::of_link("expired")))
    } else {
        (format!("expires in {}", clock::left(row.expires_at - now)), None)
    };
    let may_copy = signed.staff.role() >= Role::Editor && link_tag.is_none();
    let token = || app.store.key().page_token(&row.id, row.generation);
    Row {
        url: format!("/customers/{}", row.id),
        name: row.name.clone(),
        account: grouped(&row.account),
        tag: Tag::of_state(&row.state),
        regions: row.regions.split(", ").map(str::to_owned).collect(),
        link_words,
        link_tag,
        version: row.template_version.clone(),
        newer: words::newer(offered, &row.template_version).is_some(),
        owner: row.owner.clone(),
        changed: moment(row.changed_at, now),
        link: may_copy.then(|| app.site.page_url(&token())),
    }
}

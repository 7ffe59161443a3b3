"""The customer's page and the list of customers, with FastAPI and Jinja2: the same queries on the same
database, and the same pages byte for byte (the templates are made from pages of the site).

Endpoints are plain functions, as FastAPI advises for libraries that block; it calls them on threads.
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader

DATABASE = os.environ["DATABASE"]
key_text = Path(os.environ["KEY_FILE"]).read_text().strip()
KEY = base64.urlsafe_b64decode(key_text + "=" * (-len(key_text) % 4))
templates = Environment(loader=FileSystemLoader(os.environ["PAGES"]), autoescape=True, auto_reload=False,
                        keep_trailing_newline=True)
customer_page = templates.get_template("customer.jinja")
list_page = templates.get_template("customers.jinja")
HEADERS = json.loads(os.environ["HEADERS"])
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

if DATABASE.startswith("postgres"):
    from psycopg_pool import ConnectionPool

    pool = ConnectionPool(DATABASE, min_size=1, max_size=16, kwargs={"prepare_threshold": 1})

    def query(sql, *values):
        with pool.connection() as connection:
            return connection.execute(sql.replace("?", "%s"), values).fetchall()
else:
    local = threading.local()

    def query(sql, *values):
        if not hasattr(local, "connection"):
            local.connection = sqlite3.connect(DATABASE, isolation_level=None)
            local.connection.execute("PRAGMA journal_mode = WAL")
        return local.connection.execute(sql, values).fetchall()


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def token(*parts):
    message = b"".join(len(part).to_bytes(8, "big") + part.encode() for part in parts)
    made = hmac.new(KEY, message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def grouped(account):
    return f"{account[:4]} {account[4:8]} {account[8:]}"


def version_places(region):
    here = "a.region IN (?)" if region else "1 = 0"
    return query(
        "SELECT v.template_id, v.version, v.retired_at, COALESCE(a.region, '') AS region, "
        "CAST(CASE WHEN EXISTS (SELECT 1 FROM artefacts b WHERE b.template_id = v.template_id "
        "AND b.version = v.version) THEN 1 ELSE 0 END AS BIGINT) AS somewhere, "
        "CAST(CASE WHEN EXISTS (SELECT 1 FROM artefacts) THEN 1 ELSE 0 END AS BIGINT) AS anything "
        "FROM template_versions v LEFT JOIN artefacts a "
        f"ON a.template_id = v.template_id AND a.version = v.version AND {here}",
        *([region] if region else []),
    )


@app.get("/c/{page_token}")
def show(page_token: str):
    found = query(
        "SELECT c.id, name, email, account, aws_partition, existing_bucket, retention_days, "
        "template_version, owner, notes, load_balancers, generation, expires_days, expires_at, "
        "revoked_at, opened_count, opened_at, offboarded_at, created_at, changed_at, region, "
        "selectors, stack_name, status, asked_at, dropped_at "
        "FROM customers c LEFT JOIN onboardings o ON o.customer_id = c.id "
        "WHERE c.page_digest = ? ORDER BY region",
        digest(page_token),
    )
    now = time.time()
    if not found or found[0][14] != 0 or found[0][13] <= now * 1000:
        return HTMLResponse("This link does not work", status_code=404, headers=HEADERS)
    id_, name, _, account, *_ = found[0]
    generation, expires_at, region, stack_name = (found[0][at] for at in (11, 13, 20, 22))
    json.loads(found[0][23])
    version_places(region)
    expires = datetime.fromtimestamp(expires_at / 1000, timezone.utc)
    html = customer_page.render(
        name=name,
        account=account,
        grouped=grouped(account),
        page_token=page_token,
        stack_token=token("stack", id_, region, str(generation)),
        stack_name=stack_name,
        terraform_name=stack_name.replace("-", "_"),
        expires=f"{expires.day} {expires:%B %Y}",
        updated=f"{datetime.fromtimestamp(now, timezone.utc):%H:%M:%S}",
    )
    return HTMLResponse(html, headers=HEADERS)


def different(number, column, rows):
    return (
        f"SELECT CAST({number} AS BIGINT) AS number, value FROM (WITH RECURSIVE step (value) AS "
        f"(SELECT MIN({column}) FROM {rows} "
        f"UNION ALL SELECT (SELECT MIN({column}) FROM {rows} AND {column} > step.value) FROM step "
        f"WHERE step.value IS NOT NULL) SELECT value FROM step WHERE value IS NOT NULL) of_{column}"
    )


def span(seconds):
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


@app.get("/customers")
def customers(request: Request):
    now = time.time()
    session = request.cookies.get("onboarding", "")
    found = query("SELECT data, expires_at FROM sessions WHERE digest = ?", digest(session))
    if not found or found[0][1] <= now:
        return HTMLResponse("Sign in", status_code=401, headers=HEADERS)
    data = json.loads(found[0][0])
    staff = query(
        "SELECT id, email, name, role, disabled, epoch, theme, shortcuts FROM staff WHERE id = ?",
        data["staff"],
    )
    if not staff or staff[0][4] != 0 or staff[0][5] != data["epoch"]:
        return HTMLResponse("Sign in", status_code=401, headers=HEADERS)
    rows = query(
        "SELECT id, name, account, state, regions, generation, expires_at, revoked_at, "
        "template_version, owner, changed_at FROM customers ORDER BY rank, changed_at DESC, id "
        "LIMIT 50 OFFSET 0"
    )
    counts = query("SELECT state, SUM(change) FROM customer_counts GROUP BY state")
    version_places(None)
    columns = [
        different(0, "region", "onboardings WHERE dropped_at = 0"),
        different(1, "template_version", "customers WHERE 1 = 1"),
        different(2, "owner", "customers WHERE owner <> ''"),
    ]
    query(" UNION ALL ".join(columns) + " ORDER BY number, value")
    shown = []
    for id_, name, account, _, _, generation, expires_at, _, _, owner, changed_at in rows:
        changed = datetime.fromtimestamp(changed_at / 1000, timezone.utc)
        left = expires_at / 1000 - now
        shown.append({
            "id": id_,
            "name": name,
            "grouped": grouped(account),
            "page_token": token("page", id_, str(generation)),
            "left": span(-(-left // 86400) * 86400 if left > 86400 else left),
            "owner": owner,
            "changed": f"{changed:%Y-%m-%dT%H:%M:%SZ}",
            "ago": "just now" if now - changed_at / 1000 < 60 else f"{span(now - changed_at / 1000)} ago",
        })
    html = list_page.render(rows=shown, total=f"{sum(count for _, count in counts)} customers", staff=staff[0][2])
    return HTMLResponse(html, headers=HEADERS)

// The customer's page and the list of customers, with Fastify and EJS: the same queries on the same
// database, and the same pages byte for byte (the templates are made from pages of the site).

import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import Database from "better-sqlite3";
import ejs from "ejs";
import Fastify from "fastify";
import pg from "pg";

const { DATABASE, HEADERS, KEY_FILE, PAGES, PORT } = process.env;
const KEY = Buffer.from(readFileSync(KEY_FILE, "utf8").trim(), "base64url");
const page = (name) => ejs.compile(readFileSync(join(PAGES, `${name}.ejs`), "utf8"), { _with: false, localsName: "it" });
const customerPage = page("customer");
const listPage = page("customers");
const headers = { ...JSON.parse(HEADERS), "content-type": "text/html; charset=utf-8" };

let query;
if (DATABASE.startsWith("postgres")) {
  pg.types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({ connectionString: DATABASE, max: 16 });
  const names = new Map();
  // Named, so that the server prepares each once for a connection.
  const prepared = (sql) => {
    if (!names.has(sql)) {
      let at = 0;
      names.set(sql, { name: `q${names.size}`, text: sql.replaceAll("?", () => `$${++at}`) });
    }
    return names.get(sql);
  };
  query = async (sql, ...values) => (await pool.query({ ...prepared(sql), values })).rows;
} else {
  const database = new Database(DATABASE);
  database.pragma("journal_mode = WAL");
  const statements = new Map();
  query = (sql, ...values) => {
    if (!statements.has(sql)) statements.set(sql, database.prepare(sql));
    return statements.get(sql).all(...values);
  };
}

const digest = (text) => createHash("sha256").update(text).digest("hex");
function token(...parts) {
  const made = createHmac("sha256", KEY);
  for (const part of parts) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(Buffer.byteLength(part)));
    made.update(length).update(part);
  }
  return made.digest("base64url");
}
const grouped = (account) => `${account.slice(0, 4)} ${account.slice(4, 8)} ${account.slice(8)}`;

const versionPlaces = (region) =>
  query(
    "SELECT v.template_id, v.version, v.retired_at, COALESCE(a.region, '') AS region, " +
      "CAST(CASE WHEN EXISTS (SELECT 1 FROM artefacts b WHERE b.template_id = v.template_id " +
      "AND b.version = v.version) THEN 1 ELSE 0 END AS BIGINT) AS somewhere, " +
      "CAST(CASE WHEN EXISTS (SELECT 1 FROM artefacts) THEN 1 ELSE 0 END AS BIGINT) AS anything " +
      "FROM template_versions v LEFT JOIN artefacts a " +
      "ON a.template_id = v.template_id AND a.version = v.version AND " +
      (region ? "a.region IN (?)" : "1 = 0"),
    ...(region ? [region] : []),
  );
const different = (number, column, rows) =>
  `SELECT CAST(${number} AS BIGINT) AS number, value FROM (WITH RECURSIVE step (value) AS ` +
  `(SELECT MIN(${column}) FROM ${rows} ` +
  `UNION ALL SELECT (SELECT MIN(${column}) FROM ${rows} AND ${column} > step.value) FROM step ` +
  `WHERE step.value IS NOT NULL) SELECT value FROM step WHERE value IS NOT NULL) of_${column}`;

const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const two = (number) => String(number).padStart(2, "0");
function span(seconds) {
  for (const [length, unit] of [[86400, "day"], [3600, "hour"], [60, "minute"]]) {
    if (seconds >= length) {
      const count = Math.floor(seconds / length);
      return `${count} ${unit}${count === 1 ? "" : "s"}`;
    }
  }
  return "less than a minute";
}

const app = Fastify({ logger: false });
app.addHook("onRequest", async (_, reply) => {
  reply.headers(headers);
});

app.get("/c/:pageToken", async (request, reply) => {
  const { pageToken } = request.params;
  const [customer] = await query(
    "SELECT c.id, name, email, account, aws_partition, existing_bucket, retention_days, " +
      "template_version, owner, notes, load_balancers, generation, expires_days, expires_at, " +
      "revoked_at, opened_count, opened_at, offboarded_at, created_at, changed_at, region, " +
      "selectors, stack_name, status, asked_at, dropped_at " +
      "FROM customers c LEFT JOIN onboardings o ON o.customer_id = c.id " +
      "WHERE c.page_digest = ? ORDER BY region",
    digest(pageToken),
  );
  const now = new Date();
  if (!customer || customer.revoked_at !== 0 || customer.expires_at <= now.getTime()) {
    return reply.code(404).send("This link does not work");
  }
  JSON.parse(customer.status);
  await versionPlaces(customer.region);
  const expires = new Date(customer.expires_at);
  return customerPage({
    name: customer.name,
    account: customer.account,
    grouped: grouped(customer.account),
    page_token: pageToken,
    stack_token: token("stack", customer.id, customer.region, String(customer.generation)),
    stack_name: customer.stack_name,
    terraform_name: customer.stack_name.replaceAll("-", "_"),
    expires: `${expires.getUTCDate()} ${months[expires.getUTCMonth()]} ${expires.getUTCFullYear()}`,
    updated: `${two(now.getUTCHours())}:${two(now.getUTCMinutes())}:${two(now.getUTCSeconds())}`,
  });
});

app.get("/customers", async (request, reply) => {
  const now = Date.now() / 1000;
  const cookie = (request.headers.cookie ?? "").match(/(?:^|; )onboarding=([^;]*)/)?.[1] ?? "";
  const [session] = await query("SELECT data, expires_at FROM sessions WHERE digest = ?", digest(cookie));
  if (!session || session.expires_at <= now) return reply.code(401).send("Sign in");
  const data = JSON.parse(session.data);
  const [staff] = await query(
    "SELECT id, email, name, role, disabled, epoch, theme, shortcuts FROM staff WHERE id = ?",
    data.staff,
  );
  if (!staff || staff.disabled !== 0 || staff.epoch !== data.epoch) return reply.code(401).send("Sign in");
  const rows = await query(
    "SELECT id, name, account, state, regions, generation, expires_at, revoked_at, " +
      "template_version, owner, changed_at FROM customers ORDER BY rank, changed_at DESC, id " +
      "LIMIT 50 OFFSET 0",
  );
  const counts = await query("SELECT state, SUM(change) AS count FROM customer_counts GROUP BY state");
  await versionPlaces();
  const columns = [
    different(0, "region", "onboardings WHERE dropped_at = 0"),
    different(1, "template_version", "customers WHERE 1 = 1"),
    different(2, "owner", "customers WHERE owner <> ''"),
  ];
  await query(`${columns.join(" UNION ALL ")} ORDER BY number, value`);
  const shown = rows.map((row) => {
    const left = row.expires_at / 1000 - now;
    const ago = now - row.changed_at / 1000;
    return {
      id: row.id,
      name: row.name,
      grouped: grouped(row.account),
      page_token: token("page", row.id, String(row.generation)),
      left: span(left > 86400 ? Math.ceil(left / 86400) * 86400 : left),
      owner: row.owner,
      changed: new Date(row.changed_at).toISOString().replace(/\.\d+Z$/, "Z"),
      ago: ago < 60 ? "just now" : `${span(ago)} ago`,
    };
  });
  const total = counts.reduce((sum, one) => sum + Number(one.count), 0);
  return listPage({ rows: shown, total: `${total} customers`, staff: staff.name });
});

await app.listen({ host: "127.0.0.1", port: Number(PORT) });

// A real OpenID provider (oidc-provider) on 127.0.0.1, for the tests of signing in.
//
// node provider.mjs MODULES '{"port":…,"redirect":"…","ways":[…]}'
//
// Whoever starts it holds its standard input and tells it, a JSON object a line, who is there:
// {"people": {"rosa": {"email": "…", "groups": ["…"]}}}. It answers with a line to each, and ends when
// its standard input closes. Each start makes a new key, so a second start is a change of keys.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';

const [modules, given] = process.argv.slice(2);
const { port, redirect, ways } = JSON.parse(given);
const found = createRequire(path.join(modules, 'x.js')).resolve('oidc-provider');
const { default: Provider } = await import(pathToFileURL(found));

const issuer = `http://127.0.0.1:${port}`;
let people = {};

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const jwk = { ...key.export({ format: 'jwk' }), kid: `key-${Date.now()}`, use: 'sig', alg: 'RS256' };

const client = {
  redirect_uris: [redirect],
  grant_types: ['authorization_code'],
  response_types: ['code'],
};
const provider = new Provider(issuer, {
  clients: [
    { ...client, client_id: 'site', client_secret: 'a secret of the site: +/&%' },
    { ...client, client_id: 'public', token_endpoint_auth_method: 'none' },
    {
      ...client, client_id: 'posting', client_secret: 'another',
      token_endpoint_auth_method: 'client_secret_post',
    },
  ],
  clientAuthMethods: ways,
  jwks: { keys: [jwk] },
  cookies: { keys: ['of the tests'] },
  scopes: ['openid', 'email', 'profile'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  findAccount: (_, id) =>
    people[id] && { accountId: id, claims: () => ({ sub: id, email_verified: true, ...people[id] }) },
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({
      clientId: oidc.client.clientId,
      accountId: oidc.session.accountId,
    });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});

const page = (uid) => `<!doctype html><html lang="en"><title>Company</title><h1>Company sign-in</h1>
<form method="post" action="/interaction/${uid}"><label for="who">Who are you?</label>
<input id="who" name="who"><button>Go on</button></form>`;

async function body(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

const rest = provider.callback();
createServer(async (request, response) => {
  const [, uid] = request.url.match(/^\/interaction\/([\w-]+)$/) ?? [];
  if (!uid) return rest(request, response);
  if (request.method === 'GET') {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    return response.end(page(uid));
  }
  const who = (await body(request)).get('who');
  const result = people[who] ? { login: { accountId: who } } : { error: 'access_denied' };
  return provider.interactionFinished(request, response, result);
}).listen(port, '127.0.0.1', () => console.log('{"ready":true}'));

readline
  .createInterface({ input: process.stdin })
  .on('close', () => process.exit(0))
  .on('line', (line) => {
    ({ people } = JSON.parse(line));
    console.log('{"ready":true}');
  });

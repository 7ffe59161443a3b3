// An OpenID provider that lies as it is told, on 127.0.0.1: everybody is signed in at once, and the ID
// token is whatever the test says.
//
// node liar.mjs - '{"port":…}'
//
// Whoever starts it holds its standard input and tells it, a JSON object a line, what to do:
//   claims   over those of an honest token; null takes one away
//   header   over those of an honest token's header
//   sign     "own" (the published key), "other" (a key nobody knows), "none", "nothing" (an honest
//            header and no signature), "secret" or "public": HS256 with the client's secret or with the
//            published key as its secret
//   user     over what the user-info endpoint says
//   hang     path of the endpoint that never answers; "all" for every one
//   break    path of the endpoint that answers with something else
//   metadata over the description
//   rotate   new keys from now on
//   algorithm of the signature, RS256 unless said otherwise; goes with rotate
// It answers with a line to each, and ends when its standard input closes.

import {
  constants, createHash, createHmac, generateKeyPairSync, randomBytes, sign as signWith,
} from 'node:crypto';
import { createServer } from 'node:http';
import readline from 'node:readline';

const { port, secret } = JSON.parse(process.argv[3]);
const issuer = `http://127.0.0.1:${port}`;
const KINDS = {
  RS256: ['rsa', { modulusLength: 2048 }, 'sha256'],
  RS512: ['rsa', { modulusLength: 2048 }, 'sha512'],
  PS256: ['rsa', { modulusLength: 2048 }, 'sha256'],
  ES256: ['ec', { namedCurve: 'P-256' }, 'sha256'],
  ES384: ['ec', { namedCurve: 'P-384' }, 'sha384'],
  EdDSA: ['ed25519', {}, null],
};
const make = () => generateKeyPairSync(...KINDS[algorithm].slice(0, 2));
let [algorithm, kid, lie] = ['RS256', 'first', {}];
let [own, other] = [make(), make()];
const asked = new Map();

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const without = (value) => Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null));

function signedBy(key, text) {
  const more = algorithm.startsWith('PS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { dsaEncoding: 'ieee-p1363' };
  return signWith(KINDS[algorithm][2], Buffer.from(text), { key, ...more }).toString('base64url');
}

function signature(text) {
  const hmac = (key) => createHmac('sha256', key).update(text).digest('base64url');
  switch (lie.sign ?? 'own') {
    case 'own': return signedBy(own.privateKey, text);
    case 'other': return signedBy(other.privateKey, text);
    case 'secret': return hmac(secret);
    case 'public': return hmac(own.publicKey.export({ type: 'spki', format: 'pem' }));
    default: return '';
  }
}

const ALGORITHMS = { none: 'none', secret: 'HS256', public: 'HS256' };

function idToken(nonce, access) {
  const now = Math.floor(Date.now() / 1000);
  const alg = ALGORITHMS[lie.sign] ?? algorithm;
  const header = without({ alg, kid, typ: 'JWT', ...lie.header });
  const whole = createHash(KINDS[algorithm][2] ?? 'sha512').update(access).digest();
  const half = whole.subarray(0, whole.length / 2);
  const claims = without({
    iss: issuer, sub: 'rosa', aud: 'site', exp: now + 300, iat: now, nonce,
    at_hash: half.toString('base64url'), email: 'rosa@vendor.test', email_verified: true,
    name: 'Rosa', groups: ['admins'], ...lie.claims,
  });
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${signature(text)}`;
}

const description = () => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  userinfo_endpoint: `${issuer}/user`,
  jwks_uri: `${issuer}/keys`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: [algorithm],
  ...lie.metadata,
});

const published = () => ({
  ...own.publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: algorithm,
});

async function form(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

const pages = {
  '/.well-known/openid-configuration': () => description(),
  '/keys': () => ({ keys: [published()] }),
  '/token': async (request) => {
    const nonce = asked.get((await form(request)).get('code'));
    if (nonce === undefined) return { status: 400, error: 'invalid_grant' };
    const access = randomBytes(16).toString('hex');
    return { access_token: access, token_type: 'Bearer', id_token: idToken(nonce, access) };
  },
  '/user': () => ({ sub: 'rosa', ...lie.user }),
};

createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, issuer);
  if (lie.hang === pathname || lie.hang === 'all') return;
  if (pathname === '/authorize') {
    const code = randomBytes(16).toString('hex');
    asked.set(code, searchParams.get('nonce'));
    const back = new URL(searchParams.get('redirect_uri'));
    back.searchParams.set('code', code);
    back.searchParams.set('state', searchParams.get('state'));
    response.writeHead(302, { location: back.href }).end();
    return;
  }
  if (lie.break === pathname) {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Maintenance</h1>');
    return;
  }
  const { status = 200, ...answer } = (await pages[pathname]?.(request)) ?? { status: 404 };
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}).listen(port, '127.0.0.1', () => console.log('{"ready":true}'));

readline
  .createInterface({ input: process.stdin })
  .on('close', () => process.exit(0))
  .on('line', (line) => {
    lie = JSON.parse(line);
    algorithm = lie.algorithm ?? 'RS256';
    if (lie.rotate) [own, other, kid] = [make(), make(), `after-${kid}`];
    console.log('{"ready":true}');
  });

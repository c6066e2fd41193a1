// Sends the requests of gateways, frameworks and agents, byte for byte, and checks that the answers suit them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API, actorToken, BACKEND, client, configuration, subjectToken } from '../support/basics.ts';
import { added, type Configuration, changed, edited } from '../support/configuration.ts';
import { claimsOf, start, type TestServer } from '../support/harness.ts';

const URN = 'urn:ietf:params:oauth:token-type:';
const ENCODED = 'urn%3Aietf%3Aparams%3Aoauth%3A';
const TE = `grant_type=${ENCODED}grant-type%3Atoken-exchange`;
const AT = `${ENCODED}token-type%3Aaccess_token`;
const JWT = `${ENCODED}token-type%3Ajwt`;

/** The secret has characters that form encoding changes. */
const SECRET = 's+c%r:e/t &=';
const formEncoded = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+');
const basicEncoded = `Basic ${btoa(`odd:${formEncoded(SECRET)}`)}`;
const basicRaw = `Basic ${btoa(`odd:${SECRET}`)}`;
const basicGateway = `Basic ${btoa('gw:gw-secret')}`;
const POST = 'client_id=gateway&client_secret=gateway-secret';

const withBasic = (id: string, plain: string): Configuration =>
  client(id, { auth: 'client_secret_basic', secret: { plain }, grants: ['token_exchange'] });
const world = changed(configuration, {
  clients: added(withBasic('odd', SECRET), withBasic('gw', 'gw-secret')),
  rules: edited('gateway', { client: ['gateway', 'odd', 'gw'], subject: { clients: ['gateway'] } }),
});

interface Shape {
  readonly sender: string;
  readonly headers: readonly string[];
  /** SUBJECT and ACTOR stand for tokens. */
  readonly body: string;
  /** Members of the answer that it needs beside the usual ones. */
  readonly expects?: Readonly<Record<string, unknown>>;
  readonly audience?: unknown;
}

const FORM = 'Content-Type: application/x-www-form-urlencoded';
const JSON_ONLY = 'Accept: application/json';

const accepted: readonly Shape[] = [
  {
    sender: 'agentgateway, Basic form-encoded, requested_token_type left out',
    headers: [
      `authorization: ${basicEncoded}`,
      'content-type: application/x-www-form-urlencoded',
      'accept: application/json',
    ],
    body: `${TE}&subject_token=SUBJECT&subject_token_type=${AT}&audience=${encodeURIComponent(BACKEND)}&scope=read`,
    audience: BACKEND,
  },
  {
    sender: 'agentgateway, secret in the body, actor, several audiences and resources, parameters of its own',
    headers: ['content-type: application/x-www-form-urlencoded', 'accept: application/json'],
    body: `${TE}&subject_token=SUBJECT&subject_token_type=${AT}&actor_token=ACTOR&actor_token_type=${AT}&requested_token_type=${AT}&audience=${encodeURIComponent(API)}&audience=${encodeURIComponent(BACKEND)}&scope=read&resource=${encodeURIComponent(`${API}/v1`)}&x_tenant=shop&${POST}`,
    audience: [API, BACKEND],
  },
  {
    sender: 'agentgateway, body encoded by hand: it reads exp, sub and aud out of the token',
    headers: [`Authorization: ${basicGateway}`, FORM],
    body: `grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=SUBJECT&subject_token_type=${URN}access_token&requested_token_type=${URN}access_token&audience=${API}`,
    audience: API,
  },
  {
    sender: 'MCP TypeScript SDK: a URL object prints the resource with a slash at its end',
    headers: [FORM],
    body: `${TE}&requested_token_type=${AT}&audience=${encodeURIComponent(`${API}/`)}&subject_token=SUBJECT&subject_token_type=${AT}&${POST}`,
    audience: API,
  },
  {
    sender: 'MCP TypeScript SDK, Basic not encoded',
    headers: [`Authorization: ${basicRaw}`, FORM, JSON_ONLY],
    body: `${TE}&subject_token=SUBJECT&subject_token_type=${AT}`,
  },
  {
    sender: 'ToolHive: requested_token_type always',
    headers: [`Authorization: ${basicEncoded}`, FORM],
    body: `audience=${encodeURIComponent(API)}&${TE}&requested_token_type=${AT}&scope=read&subject_token=SUBJECT&subject_token_type=${AT}`,
    expects: { issued_token_type: `${URN}access_token` },
  },
  {
    sender: 'LiteLLM: client in the body, nothing else',
    headers: [FORM],
    body: `${TE}&${POST}&subject_token=SUBJECT&subject_token_type=${AT}&audience=${encodeURIComponent(API)}&scope=read`,
  },
  {
    sender: 'Spring Security: our own access token as jwt, no audience',
    headers: ['Accept: application/json;charset=UTF-8', `${FORM};charset=UTF-8`, `Authorization: ${basicGateway}`],
    body: `${TE}&requested_token_type=${AT}&subject_token=SUBJECT&subject_token_type=${JWT}&scope=read`,
    expects: { issued_token_type: `${URN}access_token` },
  },
  {
    sender: 'Spring Security with an actor',
    headers: ['Accept: application/json;charset=UTF-8', `${FORM};charset=UTF-8`, `Authorization: ${basicGateway}`],
    body: `${TE}&requested_token_type=${AT}&subject_token=SUBJECT&subject_token_type=${JWT}&actor_token=ACTOR&actor_token_type=${JWT}&scope=read`,
  },
  {
    sender: 'Traefik Hub',
    headers: [FORM],
    body: `${TE}&subject_token=SUBJECT&subject_token_type=${JWT}&requested_token_type=${AT}&audience=${encodeURIComponent(API)}&${POST}`,
  },
  {
    sender: 'Airlock Microgateway: asks for a jwt, and uses it as access token',
    headers: [`Authorization: ${basicGateway}`, FORM],
    body: `${TE}&subject_token=SUBJECT&subject_token_type=${AT}&audience=${encodeURIComponent(API)}&requested_token_type=${JWT}`,
    expects: { issued_token_type: `${URN}jwt`, token_type: 'Bearer' },
  },
  {
    sender: 'Auth0 SDKs: with an organization that we do not know',
    headers: [FORM, JSON_ONLY],
    body: `${POST}&${TE}&subject_token=SUBJECT&subject_token_type=${AT}&audience=${encodeURIComponent(API)}&organization=org_1`,
  },
  {
    sender: 'Google external accounts: options in JSON, an empty scope',
    headers: [`Authorization: ${basicRaw}`, FORM],
    body: `${TE}&audience=${encodeURIComponent(API)}&scope=&requested_token_type=${AT}&subject_token=SUBJECT&subject_token_type=${JWT}&options=%7B%22userProject%22%3A%22x%22%7D`,
  },
  {
    sender: 'Apache Iceberg: an empty scope, Basic not encoded',
    headers: [`Authorization: ${basicRaw}`, FORM],
    body: `${TE}&scope=&subject_token=SUBJECT&subject_token_type=${AT}&actor_token=&actor_token_type=`,
  },
  {
    sender: 'gRPC, with a secret: values that are not percent-encoded',
    headers: [FORM],
    body: `grant_type=urn:ietf:params:oauth:grant-type:token-exchange&resource=${API}/v1&audience=&scope=&requested_token_type=${URN}access_token&subject_token=SUBJECT&subject_token_type=${URN}jwt&${POST}`,
  },
];

/** Refused, with an error that tells the sender what to fix. */
const refused: readonly (Shape & { readonly status: number; readonly error: string; readonly says: RegExp })[] = [
  {
    sender: 'agentgateway or gRPC without any client',
    headers: [FORM],
    body: `${TE}&subject_token=SUBJECT&subject_token_type=${AT}`,
    status: 401,
    error: 'invalid_client',
    says: /^Client authentication is missing/,
  },
  {
    sender: 'Iceberg or kagenti with a token in place of client authentication',
    headers: ['Authorization: Bearer SUBJECT', FORM],
    body: `${TE}&subject_token=SUBJECT&subject_token_type=${AT}&client_id=gateway`,
    status: 401,
    error: 'invalid_client',
    says: /^Bearer is not client authentication/,
  },
  {
    sender: 'MSAL on behalf of',
    headers: [FORM],
    body: `grant_type=${ENCODED}grant-type%3Ajwt-bearer&assertion=SUBJECT&scope=read&requested_token_use=on_behalf_of&client_info=1&${POST}`,
    status: 400,
    error: 'unauthorized_client',
    says: /./,
  },
  {
    sender: 'MCP asks for an ID-JAG',
    headers: [FORM],
    body: `${TE}&requested_token_type=${ENCODED}token-type%3Aid-jag&audience=${encodeURIComponent(API)}&subject_token=SUBJECT&subject_token_type=${AT}&${POST}`,
    status: 400,
    error: 'invalid_target',
    says: /^The requested audience is not valid for this client/,
  },
  {
    sender: 'a curl of a guide: scope=a+b through --data-urlencode is one scope',
    headers: [FORM],
    body: `${TE}&scope=read%2Bwrite&subject_token=SUBJECT&subject_token_type=${AT}&${POST}`,
    status: 400,
    error: 'invalid_scope',
    says: /./,
  },
  {
    sender: 'a shell that leaves the line feed at the end of a token',
    headers: [FORM],
    body: `${TE}&subject_token=SUBJECT%0A&subject_token_type=${AT}&${POST}`,
    status: 400,
    error: 'invalid_grant',
    says: /subject token/,
  },
  {
    sender: 'JSON',
    headers: ['Content-Type: application/json'],
    body: `{"grant_type":"urn:ietf:params:oauth:grant-type:token-exchange","subject_token":"SUBJECT"}`,
    status: 400,
    error: 'invalid_request',
    says: /x-www-form-urlencoded/,
  },
];

async function replay(server: TestServer, { headers, body }: Shape) {
  const [subject, actor] = [await subjectToken(server), await actorToken(server)];
  const fill = (text: string): string => text.replaceAll('SUBJECT', subject).replaceAll('ACTOR', actor);
  const form = fill(body);
  const head = [
    'POST /oauth/token HTTP/1.1',
    'Host: login.example',
    ...headers.map(fill),
    `Content-Length: ${Buffer.byteLength(form)}`,
    'Connection: close',
  ];
  const answer = await server.raw(`${head.join('\r\n')}\r\n\r\n${form}`);
  const [top = '', text = ''] = answer.split('\r\n\r\n');
  return { status: Number(top.split(' ')[1]), top, text, json: JSON.parse(text) as Record<string, unknown> };
}

test('answers requests of real clients with everything that those clients check', async (t) => {
  const server = await start(t, world);
  for (const shape of accepted) {
    const { status, top, text, json } = await replay(server, shape);
    assert.equal(status, 200, `${shape.sender}: ${text}`);
    assert.match(top, /^content-type: application\/json/im, shape.sender);
    assert.match(top, /^cache-control: no-store/im, shape.sender);
    const { access_token, token_type, expires_in, scope, issued_token_type } = json;
    assert.deepEqual(
      [token_type, typeof scope, typeof issued_token_type],
      ['Bearer', 'string', 'string'],
      shape.sender,
    );
    assert.ok(Number.isInteger(expires_in) && Number(expires_in) >= 120, `${shape.sender}: ${expires_in}`);
    for (const [name, value] of Object.entries(shape.expects ?? {})) assert.equal(json[name], value, shape.sender);
    if (shape.audience !== undefined) assert.deepEqual(claimsOf(access_token).aud, shape.audience, shape.sender);
  }
});

test('says what to fix within the first 256 bytes, because a gateway logs no more', async (t) => {
  const server = await start(t, world);
  for (const shape of refused) {
    const { status, top, text, json } = await replay(server, shape);
    assert.deepEqual([status, json.error], [shape.status, shape.error], `${shape.sender}: ${text}`);
    assert.match(String(json.error_description), shape.says, shape.sender);
    assert.ok(text.length <= 256, shape.sender);
    assert.match(top, /^x-request-id: \S+/im, shape.sender);
  }
});

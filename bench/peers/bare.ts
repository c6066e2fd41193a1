// The baseline: HTTP, a verification of each token and one signature, in the same Node.
import { createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign, verify } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { readSetting } from './setting.ts';

const { port, jwk, actorJwk } = readSetting();
const [subjectKey, actorKey] = [jwk, actorJwk].map((key) => createPublicKey({ key: key as JsonWebKey, format: 'jwk' }));
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const dsaEncoding = 'ieee-p1363';
/** Header and claims of the issued token: of usual length, always the same. */
const issued = Buffer.alloc(420, 'a').toString('latin1');

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const actor = form.get('actor_token');
    if (isValid(form.get('subject_token') ?? '', subjectKey) && (actor === null || isValid(actor, actorKey))) {
      const made = sign('sha256', Buffer.from(issued), { key: privateKey, dsaEncoding }).toString('base64url');
      answer(response, 200, { access_token: `${issued}.${made}`, token_type: 'Bearer', expires_in: 3600 });
    } else answer(response, 400, { error: 'invalid_grant' });
  });
}).listen(port, '127.0.0.1', () => console.log(`bare serves on port ${port}`));

function isValid(token: string, key: KeyObject | undefined): boolean {
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  return key !== undefined && verify('sha256', Buffer.from(token.slice(0, end)), { key, dsaEncoding }, signature);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': text.length }).end(text);
}

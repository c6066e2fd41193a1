// The baseline: HTTP, one verification and one signature, in the same Node.
import { createPublicKey, generateKeyPairSync, type JsonWebKey, sign, verify } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { readSetting } from './setting.ts';

const { port, jwk } = readSetting();
const publicKey = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const dsaEncoding = 'ieee-p1363';
/** Header and claims of the issued token: of usual length, always the same. */
const issued = Buffer.alloc(420, 'a').toString('latin1');

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const token = new URLSearchParams(Buffer.concat(chunks).toString()).get('subject_token') ?? '';
    const end = token.lastIndexOf('.');
    const signature = Buffer.from(token.slice(end + 1), 'base64url');
    if (verify('sha256', Buffer.from(token.slice(0, end)), { key: publicKey, dsaEncoding }, signature)) {
      const made = sign('sha256', Buffer.from(issued), { key: privateKey, dsaEncoding }).toString('base64url');
      answer(response, 200, { access_token: `${issued}.${made}`, token_type: 'Bearer', expires_in: 3600 });
    } else answer(response, 400, { error: 'invalid_grant' });
  });
}).listen(port, '127.0.0.1', () => console.log(`bare serves on port ${port}`));

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': text.length }).end(text);
}

// POST /oauth/register (RFC 7591): a client registers itself, with an initial access token, or without one if the file says `open`.
import { recordKnown } from '../../primitives/redact.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { SecretDigest } from '../../primitives/secret.ts';
import { parseJsonObject } from '../../primitives/strict-json.ts';
import { decodeUtf8 } from '../../primitives/utf8.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Request } from '../request.ts';

/** As of a client's document. It is kept as long as the client, and in the audit row. */
const MAX_METADATA_BYTES = 5120;

export const register = {
  place: 'below',
  path: '/oauth/register',
  methods: ['POST'],
  isThere: ({ registrations }) => registrations !== undefined,
  face: 'json',
  cors: true,
  audit: 'register',
  metadata: 'registration_endpoint',
  answer: async ({ request, services, event }) => {
    const { registrations, registrationLimit, audit, clock } = services;
    if (registrations === undefined) throw new Refusal('path_unknown');
    registrationLimit.count(request.address);
    checkToken(request, registrations.settings.access);
    const { id, answer, audited, write } = registrations.register(readMetadata(request));
    Object.assign(event, {
      outcome: 'changed',
      client: id,
      party: { iss: services.issuer, sub: id },
      change: { what: `client ${recordKnown(id)}`, after: audited },
      duration: clock() - event.time,
    });
    await audit.appendWith(event, write);
    return { status: 201, body: answer };
  },
} as const satisfies Endpoint;

/** @throws Refusal registration_token */
function checkToken({ headers }: Request, access: readonly SecretDigest[] | 'open'): void {
  if (access === 'open') return;
  const [, token] = /^Bearer +([\w.~+/=-]+)$/i.exec(headers.authorization ?? '') ?? [];
  if (token === undefined || !SecretDigest.anyMatches(access, [token]))
    throw new Refusal('registration_token', {
      headers: { 'WWW-Authenticate': token === undefined ? 'Bearer' : 'Bearer error="invalid_token"' },
    });
}

/** @throws Refusal registration_metadata_invalid */
function readMetadata({ headers, body }: Request) {
  if (body.length > MAX_METADATA_BYTES)
    throw new Refusal('registration_metadata_invalid', {
      detail: `the body has more than ${MAX_METADATA_BYTES} bytes`,
    });
  const isJson = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
  const metadata = isJson ? parseJsonObject(decodeUtf8(body) ?? '') : undefined;
  if (metadata === undefined)
    throw new Refusal('registration_metadata_invalid', { detail: 'the body is not application/json with one object' });
  return metadata;
}

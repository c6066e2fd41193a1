// What is an endpoint? A path below the issuer, a method, what it answers, and what the metadata says of it.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuditEvent } from '../audit/event.ts';
import type { ThrottledRows } from '../audit/throttled.ts';
import type { HeldClientKeys } from '../client-auth/client-keys.ts';
import type { TokenServices } from '../grants/token-endpoint.ts';
import type { Resource } from '../model/resource.ts';
import type { TokenErrorCode } from '../primitives/refusal.ts';
import type { SignIn } from '../sign-in/sign-in.ts';
import type { Presence } from '../store/presence.ts';
import type { Administration } from './admin/administration.ts';
import type { Call, Reply } from './call.ts';
import type { CertificateReader } from './client-certificate.ts';

/** What endpoints work with: one reading of the configuration, and what the process keeps. */
export interface HttpServices extends TokenServices {
  /** Undefined where no client may have people sign in. */
  readonly people: SignIn | undefined;
  readonly tokenErrorCode: TokenErrorCode;
  readonly resources: readonly Resource[];
  readonly clientKeys: HeldClientKeys;
  /** Undefined where nobody can show a certificate. */
  readonly readCertificate: CertificateReader | undefined;
  /** Refusals beyond a limit are counted, not each recorded. */
  readonly throttled: ThrottledRows;
  /** What the admin API works with. */
  readonly admin: Administration;
  /** Is everything there that an exchange needs? */
  readonly ready: () => Promise<boolean>;
  /** The nodes on this database, where this one is one of them. */
  readonly presence?: Presence;
}

export interface Endpoint {
  /** `below` the issuer's path; `inserted` between host and path (RFC 8414 section 3); `root` of the server. */
  readonly place: 'below' | 'inserted' | 'root';
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST')[];
  /** Is it there, by this configuration? Absent, always. */
  readonly isThere?: (services: HttpServices) => boolean;
  /** Is the answer for a person, refusals included? */
  readonly page?: true;
  /** Does it answer without the framework? Its exchange is a plain one then. */
  readonly direct?: true;
  /** May a page of any origin read the answers? */
  readonly cors: boolean;
  /** What the audit row of every answer calls it; undefined where answers have none. */
  readonly audit: AuditEvent['action'] | undefined;
  /** Seconds for which a 200 may be kept; absent, nothing keeps it. */
  readonly cacheFor?: number;
  /** The member of RFC 8414 section 2 that holds its URL. */
  readonly metadata?: string;
  /** May a client that proves nothing ask? Absent: it may. */
  readonly publicClients?: 'never';
  /** @returns the body: text as it is, all else as JSON. */
  readonly answer: (exchange: HttpExchange) => Promise<unknown> | unknown;
}

export interface PlainExchange {
  readonly request: Call;
  readonly reply: Reply;
  readonly services: HttpServices;
  /** The whole list, for the one that describes it. */
  readonly endpoints: readonly Endpoint[];
  /** The audit record, where the endpoint is audited. */
  readonly event: AuditEvent;
}

export interface HttpExchange extends PlainExchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** One that needs nothing of the framework: its requests take the short way. */
export interface PlainEndpoint extends Endpoint {
  readonly direct: true;
  readonly methods: readonly ['POST'];
  readonly answer: (exchange: PlainExchange) => Promise<unknown> | unknown;
}

/** Where the endpoint is, as a path of this server. */
export function pathOf(endpoint: Pick<Endpoint, 'place' | 'path'>, issuer: string): string {
  const base = new URL(issuer).pathname.replace(/\/$/, '');
  if (endpoint.place === 'root') return endpoint.path;
  return endpoint.place === 'below' ? base + endpoint.path : endpoint.path + base;
}

export const urlOf = (endpoint: Pick<Endpoint, 'place' | 'path'>, issuer: string): string =>
  new URL(issuer).origin + pathOf(endpoint, issuer);

export const isPlain = (endpoint: Endpoint): endpoint is PlainEndpoint => endpoint.direct === true;

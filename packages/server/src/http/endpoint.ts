// What is an endpoint? A path, its methods, the face of its refusals, and what it answers.
import type { AuditEvent } from '../audit/event.ts';
import type { ThrottledRows } from '../audit/throttled.ts';
import type { HeldClientKeys } from '../client-auth/client-keys.ts';
import type { TokenServices } from '../grants/token-endpoint.ts';
import type { Resource } from '../model/resource.ts';
import type { TokenErrorCode } from '../primitives/refusal.ts';
import type { Branding } from '../sign-in/pages/branding.ts';
import type { FrontLink } from '../sign-in/pages/front.ts';
import type { SignIn } from '../sign-in/sign-in.ts';
import type { Presence } from '../store/presence.ts';
import type { Administration } from './admin/administration.ts';
import type { CertificateReader } from './client-certificate.ts';
import type { Answer, Request } from './request.ts';

/** What endpoints work with: one reading of the configuration, and what the process keeps. */
export interface HttpServices extends TokenServices {
  /** Undefined where no client may have people sign in. */
  readonly people: SignIn | undefined;
  readonly tokenErrorCode: TokenErrorCode;
  /** Do refusals carry their reason? For a server on loopback only. */
  readonly developerErrors: boolean;
  /** The organisation's name, logo, colour and usual language on the pages. */
  readonly branding: Branding;
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

/** In which form a refusal is told: RFC 6749 section 5.2, a page for a person, RFC 9457. */
export type Face = 'json' | 'page' | 'problem';

export interface Endpoint {
  /** `below` the issuer's path; `inserted` between host and path (RFC 8414 section 3); `root` of the server. */
  readonly place: 'below' | 'inserted' | 'root';
  /** `:name` stands for one segment. */
  readonly path: string;
  /** GET answers HEAD too. Without any, nothing is there, and the endpoint says only in which form that is told. */
  readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'DELETE')[];
  readonly face: Face;
  /** Is it there, by this configuration? Absent, always. */
  readonly isThere?: (services: HttpServices) => boolean;
  /** What a named segment may be; absent, any text of at most 1024 characters. */
  readonly segments?: Readonly<Record<string, RegExp>>;
  /** Answered at once however busy the server is, and however often it is asked. */
  readonly urgent?: true;
  /** May a page of any origin read the answers? */
  readonly cors: boolean;
  /** What the audit row calls it. Undefined where only refusals have a row, under `other`, and are counted. */
  readonly audit: AuditEvent['action'] | undefined;
  /** Does it take DPoP proofs? Then its answers bring the nonce for the next one (RFC 9449 section 8). */
  readonly nonces?: true;
  /** Seconds for which an answer that is not a refusal may be kept; absent, nothing keeps it. */
  readonly cacheFor?: number;
  /** The member of RFC 8414 section 2 that holds its URL. */
  readonly metadata?: string;
  /** The front page links to it, under this name. */
  readonly front?: FrontLink;
  /** May a client that proves nothing ask? Absent: it may. */
  readonly publicClients?: 'never';
  /** @throws Refusal where the caller may not ask */
  readonly authorize?: (exchange: Exchange) => Promise<void>;
  /** @throws Refusal */
  readonly answer: (exchange: Exchange) => Promise<Answer> | Answer;
}

export interface Exchange {
  readonly request: Request;
  readonly services: HttpServices;
  /** The whole list, for the one that describes it. */
  readonly endpoints: readonly Endpoint[];
  /** What metrics, the trace and, where the endpoint is audited, the audit row tell of the request. */
  readonly event: AuditEvent;
}

/** Where the endpoint is, as a path of this server. */
export function pathOf(endpoint: Pick<Endpoint, 'place' | 'path'>, issuer: string): string {
  const base = new URL(issuer).pathname.replace(/\/$/, '');
  if (endpoint.place === 'root') return endpoint.path;
  return endpoint.place === 'below' ? base + endpoint.path : endpoint.path + base;
}

export const urlOf = (endpoint: Pick<Endpoint, 'place' | 'path'>, issuer: string): string =>
  new URL(issuer).origin + pathOf(endpoint, issuer);

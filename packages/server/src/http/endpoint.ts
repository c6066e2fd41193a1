// The interface of an endpoint: its path, its methods, the form of its refusals, and its answer.
import type { AuditEvent } from '../audit/event.ts';
import type { ThrottledRows } from '../audit/throttled.ts';
import type { ClientDocuments } from '../client-auth/client-documents.ts';
import type { HeldClientKeys } from '../client-auth/client-keys.ts';
import type { RegistrationLimit } from '../client-auth/registration-limit.ts';
import type { Registrations } from '../client-auth/registrations.ts';
import type { TokenServices } from '../grants/token-endpoint.ts';
import type { Resource } from '../model/resource.ts';
import type { TokenErrorCode } from '../primitives/refusal.ts';
import type { RegionServices } from '../regions/serve.ts';
import type { Branding } from '../sign-in/pages/branding.ts';
import type { FrontLink } from '../sign-in/pages/front.ts';
import type { SignIn } from '../sign-in/sign-in.ts';
import type { Presence } from '../store/presence.ts';
import type { Administration } from './admin/administration.ts';
import type { CertificateReader } from './client-certificate.ts';
import type { ConsoleFiles } from './console-files.ts';
import type { Readiness } from './readiness.ts';
import type { Answer, Request } from './request.ts';

/** The dependencies of endpoints, from the configuration in force and from the process. */
export interface HttpServices extends TokenServices, RegionServices {
  /** Undefined if no client may have people sign in. */
  readonly people: SignIn | undefined;
  readonly tokenErrorCode: TokenErrorCode;
  /** Refusals carry their reason. For a server on loopback only. */
  readonly developerErrors: boolean;
  /** The organisation's name, logo, colour and usual language on the pages. */
  readonly branding: Branding;
  readonly resources: readonly Resource[];
  readonly clientKeys: HeldClientKeys;
  /** Undefined if no client may describe itself. */
  readonly clientDocuments: ClientDocuments | undefined;
  /** Undefined if no client may register itself. */
  readonly registrations: Registrations | undefined;
  readonly registrationLimit: RegistrationLimit;
  /** Undefined if callers cannot present certificates. */
  readonly readCertificate: CertificateReader | undefined;
  /** Counts refusals above a limit, instead of a row for each. */
  readonly throttled: ThrottledRows;
  /** The files of the console. Undefined if the configuration has none. */
  readonly console: ConsoleFiles | 'not built' | undefined;
  /** The dependencies of the admin API. */
  readonly admin: Administration;
  /** The nodes on this database; undefined for a command, which is not a node. */
  readonly presence?: Presence;
  /** Short digest of the configuration in force, for audit rows; undefined for a command that writes none or left files out. */
  readonly configuration?: string | undefined;
  /** Examines whether the node can serve; undefined for a command. */
  readonly readiness?: () => Promise<Readiness>;
  /** Undefined for a command, and until the node is up to date. */
  readonly observed?: () => Observed | undefined;
}

/** The state of the node that metrics have, too. Times are in milliseconds. */
export interface Observed {
  /** When the configuration in force was read, since 1970. */
  readonly readAt: () => number;
  /** For how long a change has been waiting to be in force. */
  readonly pendingFor: () => number;
  /** Statements about the audit in the database that no key of this server signed. */
  readonly unverifiedStatements: () => number;
}

/** The form of a refusal: RFC 6749 section 5.2, a page for a person, or RFC 9457. */
export type Face = 'json' | 'page' | 'problem';

export interface Endpoint {
  /** `below` the issuer's path; `inserted` between host and path (RFC 8414 section 3); `root` of the server. */
  readonly place: 'below' | 'inserted' | 'root';
  /** `:name` stands for one segment. */
  readonly path: string;
  /** GET answers HEAD, too. Without methods, the endpoint only sets the form in which unknown paths are refused. */
  readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'DELETE')[];
  readonly face: Face;
  /** Does it exist in this configuration? Absent: always. */
  readonly isThere?: (services: HttpServices) => boolean;
  /** The values that a named segment may have; absent: any text of at most 1024 characters. */
  readonly segments?: Readonly<Record<string, RegExp>>;
  /** It is exempt from admission and rate limits. */
  readonly urgent?: true;
  /** A page of any origin may read the answers. */
  readonly cors: boolean;
  /** The action in the audit row. Undefined: only refusals have a row, under `other`, and are counted. */
  readonly audit: AuditEvent['action'] | undefined;
  /** It takes DPoP proofs, and its answers carry the nonce for the next one (RFC 9449 section 8). */
  readonly nonces?: true;
  /** Seconds for which an answer may be cached, unless it is a refusal; absent: answers are not cached. */
  readonly cacheFor?: number;
  /** The member of the metadata that holds its URL (RFC 8414 section 2). */
  readonly metadata?: string;
  /** The name of its link on the front page; absent: no link. */
  readonly front?: FrontLink;
  /** `never`: a client that proves nothing may not use it. */
  readonly publicClients?: 'never';
  /** @throws Refusal if the caller may not use it */
  readonly authorize?: (exchange: Exchange) => Promise<void>;
  /** @throws Refusal */
  readonly answer: (exchange: Exchange) => Promise<Answer> | Answer;
}

export interface Exchange {
  readonly request: Request;
  readonly services: HttpServices;
  /** The list of all endpoints, for those that describe it. */
  readonly endpoints: readonly Endpoint[];
  /** Facts about the request, for metrics, the trace, and the audit row if the endpoint is audited. */
  readonly event: AuditEvent;
}

/** The path of the endpoint on this server. */
export function pathOf(endpoint: Pick<Endpoint, 'place' | 'path'>, issuer: string): string {
  const base = new URL(issuer).pathname.replace(/\/$/, '');
  if (endpoint.place === 'root') return endpoint.path;
  return endpoint.place === 'below' ? base + endpoint.path : endpoint.path + base;
}

export const urlOf = (endpoint: Pick<Endpoint, 'place' | 'path'>, issuer: string): string =>
  new URL(issuer).origin + pathOf(endpoint, issuer);

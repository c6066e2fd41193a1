// An audit row as docs/reference/audit-log.md lists its fields, and what a table says of it.

interface Party {
  readonly iss: string;
  readonly sub: string;
}

interface PresentedToken extends Party {
  readonly id: string;
  readonly type: string;
  readonly chain: readonly Party[];
  readonly account?: Party;
  readonly scope?: readonly string[];
  readonly expiresAt: number;
}

export interface AuditRow {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly requestId: string;
  readonly action: string;
  readonly callerRequestId?: string;
  readonly address?: string;
  readonly configuration?: string;
  readonly by?: { readonly user: string; readonly host: string };
  readonly grant?: string;
  readonly client?: string;
  readonly clientClaimed?: string;
  readonly clientAuthentication?: string;
  readonly subject?: PresentedToken;
  readonly actor?: PresentedToken;
  /** The current actor first. */
  readonly chain?: readonly Party[];
  readonly principal?: Party;
  readonly audiencesAsked?: readonly string[];
  readonly resourcesAsked?: readonly string[];
  readonly scopeAsked?: readonly string[];
  readonly targets?: readonly string[];
  readonly grantFor?: { readonly issuer: string };
  readonly scopeGiven?: readonly string[];
  readonly rule?: string;
  readonly outcome?: string;
  readonly reason?: string;
  readonly detail?: string;
  readonly issued?: readonly { readonly id: string; readonly type: string; readonly expiresAt: number }[];
  readonly count?: number;
  readonly operation?: string;
  readonly change?: { readonly what: string };
  readonly party?: Party;
  readonly revoked?: string;
  /** Milliseconds. */
  readonly duration?: number;
}

/** Reads a row of an answer: the schema of the admin API leaves its fields open, and docs/reference/audit-log.md lists them. */
export const auditRowOf = <Row extends AuditRow = AuditRow>(answered: object): Row => answered as Row;

/** Every value of `outcome`. */
export const OUTCOMES = [
  'issued',
  'refused',
  'failed',
  'revoked',
  'changed',
  'accepted',
  'ignored',
  'erased',
  'deleted',
  'applied',
  'rejected',
] as const;

const OUTCOME_COLOURS: Readonly<Record<string, string>> = {
  issued: 'green',
  accepted: 'green',
  applied: 'green',
  refused: 'red',
  failed: 'red',
  rejected: 'red',
  revoked: 'orange',
  changed: 'blue',
};

export const colourOf = (outcome: string | undefined): string => OUTCOME_COLOURS[outcome ?? ''] ?? 'gray';

/** Who the row is about: of the issued token, of the presented one, or of a change. */
export const subjectOf = ({ principal, subject, party }: AuditRow): Party | undefined => principal ?? subject ?? party;

/** The current actor first. Of a refusal, the actors of the tokens that were presented. */
export const actorsOf = ({ chain, actor, subject }: AuditRow): readonly Party[] =>
  chain ?? (actor === undefined ? (subject?.chain ?? []) : [actor, ...actor.chain]);

/** What was granted, or else what was asked for. */
export const targetsOf = ({ targets, grantFor, audiencesAsked = [], resourcesAsked = [] }: AuditRow) =>
  targets ?? (grantFor === undefined ? [...audiencesAsked, ...resourcesAsked] : [grantFor.issuer]);

/** The kind of request: a change in words, and otherwise the name that the protocol or the admin API has for it. */
export const whatOf = ({ change, operation, grant, action }: AuditRow): string =>
  change?.what ?? operation ?? grant ?? action;

/** Is it a request that the playground can decide again? */
export const isExchange = ({ action, grant, subject }: AuditRow): boolean =>
  action === 'token' && grant === 'token_exchange' && subject !== undefined;

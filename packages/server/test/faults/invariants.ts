// Judges which invariants hold, from the ledger, the audit rows and the facts of the cast, without the server.
import { decodeJwt } from 'jose';
import { limits } from './cast.ts';
import {
  type Attempt,
  accessTokenIn,
  isAcknowledged,
  type Ledger,
  once,
  refreshTokenIn,
  type Violation,
} from './ledger.ts';

/** The meaning of each invariant, for the table. */
export const invariants = {
  I1: 'a refresh token that was told is good after the fault, unless it was used or revoked; also where the answer was lost, for 10 s',
  I2: 'a token whose revocation got its 200 is never accepted again',
  I3: 'every 200 has exactly one committed audit row, and the row names what was issued',
  I4: 'a refresh token has one successor at most',
  I5: 'an id that is good once succeeds once',
  I6: 'every token verifies, by a verifier that keeps the key set as long as Cache-Control says',
  I7: 'scope, audience and lifetime stay within what the subject token, the client and the rule allow',
  I8: 'while something of ours fails a good request gets 503 in time, and nobody is blamed',
  I9: 'what an operator changed and was told is done stays done, on every node',
  I10: 'the audit is whole',
  I11: 'memory and descriptors come back to what they were',
  I12: 'the same request gets the same decision before and after',
  Z: 'no request fails: each is answered, and with what was asked for',
} as const;

export type Invariant = keyof typeof invariants;

/** The parts of an audit row that the judge needs. */
export interface Row {
  readonly requestId: string;
  readonly outcome: string;
  /** The ids of the issued tokens. */
  readonly issued: readonly string[];
}

/** A 503 comes within this time. The promise is about a second; the rest is for a busy machine. */
const IN_TIME = 2000;

/** @param inTime milliseconds within which a 503 must come */
export function judge(ledger: Ledger, rows: readonly Row[], inTime = IN_TIME): Violation[] {
  return [
    ...ledger.seen,
    ...judgeRows(ledger.attempts, rows),
    ...judgeOnce(ledger.attempts),
    ...ledger.attempts.flatMap((attempt) => [...judgeAnswer(attempt, inTime), ...judgeIssued(attempt)]),
  ];
}

const audited = new Set(['own', 'exchange', ...Object.keys(once), 'refresh', 'revoke']);

function judgeRows(attempts: readonly Attempt[], rows: readonly Row[]): Violation[] {
  const byRequest = Map.groupBy(rows, ({ requestId }) => requestId);
  return attempts
    .filter((attempt) => isAcknowledged(attempt) && audited.has(attempt.kind))
    .flatMap((attempt) => {
      const { told, kind } = attempt;
      const found = byRequest.get(told?.requestId ?? '') ?? [];
      const [row] = found;
      if (row === undefined || found.length > 1) return [broken('I3', attempt, `has ${found.length} audit rows`)];
      const token = accessTokenIn(told);
      if (kind === 'revoke') {
        return row.outcome === 'revoked' || row.outcome === 'ignored' ? [] : [broken('I3', attempt, row.outcome)];
      }
      const id = token?.startsWith('ey') ? decodeJwt(token).jti : undefined;
      const named = row.outcome === 'issued' && (id === undefined || row.issued.includes(id));
      return named ? [] : [broken('I3', attempt, 'has a row that does not name its token')];
    });
}

function judgeOnce(attempts: readonly Attempt[]): Violation[] {
  const good = attempts.filter(isAcknowledged);
  const uses = Map.groupBy(
    good.filter(({ kind }) => kind in once),
    ({ kind, form }) => form[once[kind] ?? ''],
  );
  const successors = Map.groupBy(
    good.filter(({ kind }) => kind === 'refresh'),
    ({ form }) => form.refresh_token,
  );
  return [
    ...[...uses.values()]
      .filter((twice) => twice.length > 1)
      .map(([attempt]) => broken('I5', attempt, 'was accepted twice')),
    ...[...successors.values()]
      .filter((all) => new Set(all.map(({ told }) => refreshTokenIn(told))).size > 1)
      .map(([attempt]) => broken('I4', attempt, 'has two successors')),
  ];
}

function judgeAnswer(attempt: Attempt, inTime: number): Violation[] {
  const { expects, told, took = 0, kind } = attempt;
  if (told === undefined) return expects === 'redeem' ? [broken('I1', attempt, describe(attempt))] : [];
  if (expects === 'dead' && told.status === 200 && (kind !== 'introspect' || told.body.active !== false)) {
    return [broken(kind in once ? 'I5' : 'I2', attempt, 'was accepted')];
  }
  if (expects === 'redeem' && told.status >= 400 && told.status < 500)
    return [broken('I1', attempt, describe(attempt))];
  const failed = told.status === 503 && told.body.error === 'temporarily_unavailable';
  if (failed && took > inTime) return [broken('I8', attempt, `503 after ${Math.round(took)} ms`)];
  // A client whose assertion was used before has not authenticated.
  const refused = told.status === (kind === 'assertion' ? 401 : 400);
  const fine = told.status === 200 || failed || (expects !== 'good' && refused);
  return fine ? [] : [broken('I8', attempt, describe(attempt))];
}

function judgeIssued(attempt: Attempt): Violation[] {
  const token = accessTokenIn(attempt.told);
  if (token === undefined || !token.startsWith('ey')) return [];
  const found: Violation[] = [];
  if (attempt.unverified !== undefined) found.push(broken('I6', attempt, attempt.unverified));
  const { aud, scope = '', exp = Number.POSITIVE_INFINITY, iat = 0 } = decodeJwt<{ scope?: string }>(token);
  const { subject_token: presented } = attempt.form;
  const subject =
    typeof presented === 'string' && presented.startsWith('ey') ? decodeJwt<{ scope?: string }>(presented) : {};
  const asked = typeof attempt.form.scope === 'string' ? attempt.form.scope.split(' ') : undefined;
  const own = attempt.kind === 'exchange' ? subject.scope?.split(' ') : undefined;
  const allowed = [limits.clientScopes, limits.ruleScopes, asked, own].filter((list) => list !== undefined);
  for (const one of scope.split(' ')) {
    if (!allowed.every((list: readonly string[]) => list.includes(one)))
      found.push(broken('I7', attempt, `scope ${one}`));
  }
  if (!limits.audiences.some((audience) => audience === aud)) found.push(broken('I7', attempt, `audience ${aud}`));
  if (exp - iat > limits.lifetime || exp > (subject.exp ?? exp)) found.push(broken('I7', attempt, `exp ${exp}`));
  if (!(Number(attempt.told?.body.expires_in) > 0)) found.push(broken('I7', attempt, 'expires_in is not positive'));
  return found;
}

/** Z: if no request may fail, each valid one got 200. An answer that the fault itself removed is excused. */
export const judgeFlawless = (attempts: readonly Attempt[]): Violation[] =>
  attempts
    .filter((attempt) => attempt.expects === 'good' && !isAcknowledged(attempt) && attempt.excused !== true)
    .map((attempt) => broken('Z', attempt, describe(attempt)));

const describe = ({ told, took }: Attempt): string =>
  told === undefined
    ? `no answer after ${Math.round(took ?? 0)} ms`
    : `${told.status} ${told.body.error ?? ''} ${told.body.error_description ?? ''}`;

const broken = (invariant: Invariant, attempt: Attempt | undefined, what: string): Violation => ({
  invariant,
  what: `${attempt?.kind} at ${attempt?.url}: ${what}`,
  ...(attempt?.told && { requestId: attempt.told.requestId }),
});

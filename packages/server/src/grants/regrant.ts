// Grants again for a refresh token: from a person's agreement, or by evaluating the rules again.
import type { Judgement, JudgeServices, Moment } from '../exchange/judge.ts';
import { orRefusal } from '../exchange/judge.ts';
import { judgeAgain, type RefreshCase, refreshed, unknownDelegation } from '../exchange/judge-again.ts';
import type { Granted } from '../issuing/authorization.ts';
import type { ClientDirectory } from '../model/client.ts';
import type { RefreshFamily } from '../model/refresh-family.ts';
import { Refusal } from '../primitives/refusal.ts';
import { type AgreedServices, asAgreed, limitAgreed, limitOperator, narrowAgreed } from './agreed.ts';

export interface RegrantServices extends JudgeServices, AgreedServices {}

/** @throws Refusal if the account does not exist any more */
export async function regrant(
  judged: RefreshCase,
  { now, confirmation }: Moment,
  services: RegrantServices,
): Promise<Judgement<Granted>> {
  const { family, wanted } = judged;
  const { grant, expiresAt } = family;
  if (!grant.agreed) return judgeAgain(judged, { ...services, now, confirmation });
  if (!(await services.signIn?.hasAccount(grant)))
    throw new Refusal('refresh_token_not_allowed', { detail: 'the account does not exist any more' });
  const client = await asAgreed(judged.client, grant.document, services);
  if (client === undefined)
    throw new Refusal('refresh_token_document', {
      detail: `the document at ${judged.client.id} is not the one that they saw`,
    });
  const operator = await limitOperator(grant, services);
  const result = orRefusal((): Granted => {
    const before = grant.delegation ?? unknownDelegation(grant.authentication);
    const { end, ...limited } = refreshed(() => limitAgreed(grant, before, client, services, now));
    const narrowed = narrowAgreed({ ...grant, expiresAt }, wanted, client, { now, confirmation }, services, {
      family: 'unbounded',
      delegation: end,
      operator,
    });
    const { chain, mayAct, extraClaims } = grant;
    return { ...narrowed, ...limited, chain, mayAct, extraClaims, rebound: undefined };
  });
  return { result, trace: {} };
}

/** What an access token for the family would be granted now, without requested limits. @throws Refusal */
export async function regrantAll(
  family: RefreshFamily,
  now: number,
  services: RegrantServices & { readonly clients: ClientDirectory },
): Promise<Granted> {
  const client = await services.clients.find(family.clientId);
  if (client === undefined) throw new Refusal('client_unknown');
  const wanted = { audiences: [], resources: [], scope: undefined };
  const { confirmation } = family;
  const { result } = await regrant({ family, wanted, client }, { now, confirmation }, services);
  if (result instanceof Refusal) throw result;
  return result;
}

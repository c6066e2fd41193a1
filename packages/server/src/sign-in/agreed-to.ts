// What a person agreed to: targets, scope and actor as the page named them. Resolved once and kept with the code, so that a change
// of the configuration gives the client nothing else.
import { sha256 } from '../primitives/secret.ts';
import { type AskedContext, judgeNow, type WantedSignIn } from './authorization-request.ts';

/** Plain data: kept as JSON. */
export interface AgreedTo {
  /** Audiences. */
  readonly targets: readonly string[];
  readonly scope: readonly string[];
  readonly actor?: string;
}

export const agreedTo = ({ targets, scope, actor }: WantedSignIn): AgreedTo => ({
  targets: targets.map(({ audience }) => audience),
  scope: [...scope],
  ...(actor !== undefined && { actor }),
});

/** What the form of a consent page says of what the page named. */
export const digestOfAgreed = (agreed: AgreedTo): string => sha256(JSON.stringify(agreed));

/**
 * @param result of the interaction: what the person agreed to just now, if anything
 * @param asked what the person agreed to earlier covers this, as the configuration in force reads it: the library has checked that
 */
export function settleAgreed(
  result: { readonly consent?: unknown } | undefined,
  { asked, clientId }: { readonly asked: string; readonly clientId: string },
  context: AskedContext,
): AgreedTo {
  const { agreed } = (result?.consent ?? {}) as { readonly agreed?: AgreedTo };
  return agreed ?? agreedTo(judgeNow(asked, clientId, context));
}

// The targets, scope and actor that a person agreed to on the consent page. They are stored with the code, so that a later change of
// the configuration does not change what the client gets.
import { sha256 } from '../primitives/secret.ts';
import { evaluateRequestOf, type RequestContext, type WantedSignIn } from './authorization-request.ts';

/** Stored as JSON. */
export interface AgreedTo {
  /** Audiences. */
  readonly targets: readonly string[];
  readonly scope: readonly string[];
  readonly actor?: string;
  /** The digest of the client's document. */
  readonly document?: string;
}

export const agreedTo = ({ targets, scope, actor, document }: WantedSignIn): AgreedTo => ({
  targets: targets.map(({ audience }) => audience),
  scope: [...scope],
  ...(actor !== undefined && { actor }),
  ...(document !== undefined && { document }),
});

/** The form of a consent page contains this digest, so that the answer belongs to what the page showed. */
export const digestOfAgreed = (agreed: AgreedTo): string => sha256(JSON.stringify(agreed));

/**
 * Returns what the person agreed to in this request or, if they agreed earlier in the session, what the request asks for now.
 * @param result the result of the interaction
 * @param asked the packed request. The library has checked that an earlier consent covers it
 */
export function settleAgreed(
  result: { readonly consent?: unknown } | undefined,
  { asked, clientId }: { readonly asked: string; readonly clientId: string },
  context: RequestContext,
): AgreedTo {
  const { agreed } = (result?.consent ?? {}) as { readonly agreed?: AgreedTo };
  return agreed ?? agreedTo(evaluateRequestOf(asked, clientId, context));
}

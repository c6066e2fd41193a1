// Has the functions of express-oauth2-jwt-bearer, so that an Express app moves from there by changing one import.
import { decodeProtectedHeader } from 'jose';
import type { AccessToken } from './access-token.ts';
import { valuesOf } from './credentials.ts';
import type { ExpressMiddleware, ExpressRequest } from './express.ts';
import { createGuardOf, type Guard, type GuardOptions } from './guard.ts';
import { readNodeRequest } from './node-request.ts';
import { AccessRefusal, Denial } from './refusal.ts';
import type { ActorPattern, Claims, Requirements } from './requirements.ts';

export interface AuthOptions extends Partial<Omit<GuardOptions<ExpressRequest>, 'algorithms' | 'certificateOf'>> {
  /** The `issuer` of the Cambio server, letter for letter. Default: `ISSUER_BASE_URL` of the environment. */
  readonly issuerBaseURL?: string;
  /** Default: `AUDIENCE` of the environment. */
  readonly audience?: string;
  /** The only accepted algorithm of tokens. */
  readonly tokenSigningAlg?: string;
  /** `false` admits requests without a token. One with an invalid token is refused. */
  readonly authRequired?: boolean;
  readonly getCertificate?: (request: ExpressRequest) => Uint8Array | undefined;
}

/** `request.auth` of an admitted request. */
export interface AuthResult {
  /** Empty for an opaque token. */
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Claims;
  readonly token: string;
}

type Admit = (request: ExpressRequest) => Promise<AccessRefusal | undefined>;
type Admitted = AuthResult & { readonly [BY]: Guard<ExpressRequest, Admit> };

/** The guard that admitted a request, in its `auth`. */
const BY = Symbol('guard');

/** Admits requests with a valid token. @throws TypeError if an option is unknown, empty or undefined */
export function auth(options: AuthOptions = {}): ExpressMiddleware {
  const { authRequired = true, ...others } = options;
  const guard = createGuardOf<ExpressRequest, Admit>(
    optionsOf(others),
    (request) => readNodeRequest(request, request.originalUrl),
    (admit) => admit,
  );
  const admit = guard.require();
  return middleware(async (request) => {
    const refusal = await admit(request);
    if (refusal?.code === 'missing' && !authRequired) return undefined;
    if (refusal !== undefined) return refusal;
    const [header = ''] = valuesOf(readNodeRequest(request, '').headers, 'authorization');
    const token = header.split(' ').at(-1) ?? '';
    const isJwt = token.split('.').length === 3;
    const result: AuthResult = {
      header: isJwt ? { ...decodeProtectedHeader(token) } : {},
      payload: guard.token(request).claims,
      token,
    };
    Object.assign(request, { auth: Object.defineProperty(result, BY, { value: guard }) });
    return undefined;
  });
}

/** The token must have all of these scopes, else 403. */
export const requiredScopes = (scopes: string | readonly string[]): ExpressMiddleware =>
  required({ scope: [scopes].flat().join(' ') });

/** The token must have one of these scopes, else 403. */
export function scopeIncludesAny(scopes: string | readonly string[]): ExpressMiddleware {
  const names = [scopes].flat().flatMap((one) => one.split(' '));
  const all = required({ scope: names.join(' ') });
  return (request, response, next) => {
    const granted = admittedOf(request)?.[BY].token(request).scope;
    return names.some((name) => granted?.has(name)) ? Promise.resolve(next()) : all(request, response, next);
  };
}

/** The current actor must match one of these, else 403. express-oauth2-jwt-bearer does not have it. */
export const requiredActor = (...anyOf: readonly ActorPattern[]): ExpressMiddleware => required({ actor: anyOf });

/** The claim must have this value, else 401. */
export const claimEquals = (claim: string, expected: string | number | boolean | null): ExpressMiddleware =>
  claimCheck((claims) => Object.hasOwn(claims, claim) && claims[claim] === expected, `Unexpected '${claim}' value`);

/** The claim, a list or words between blanks, must contain all of these, else 401. */
export const claimIncludes = (
  claim: string,
  ...expected: readonly (string | number | boolean | null)[]
): ExpressMiddleware =>
  claimCheck((claims) => {
    const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
    const values: readonly unknown[] = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [];
    return expected.length > 0 && expected.every((one) => values.includes(one));
  }, `Unexpected '${claim}' value`);

/** The function must return true for the claims, else 401. @param description is shown to the caller */
export const claimCheck = (
  isValid: (claims: Claims) => boolean,
  description = 'Unexpected claims',
): ExpressMiddleware =>
  middleware(async (request) => {
    const token = tokenOf(request);
    if (token instanceof AccessRefusal || isValid(token.claims) === true)
      return token instanceof AccessRefusal ? token : undefined;
    const attributes = { error: 'invalid_token', error_description: description.replaceAll(/["\\]/g, "'") };
    return new AccessRefusal(new Denial('invalid_token'), [[token.scheme, attributes]]);
  });

const required = (requirements: Requirements): ExpressMiddleware =>
  middleware(async (request) => {
    const admitted = admittedOf(request);
    return admitted === undefined ? missing() : admitted[BY].require(requirements)(request);
  });

const admittedOf = (request: ExpressRequest): Admitted | undefined => {
  const { auth: found } = request as { readonly auth?: Partial<Admitted> };
  return found?.[BY] === undefined ? undefined : (found as Admitted);
};

const tokenOf = (request: ExpressRequest): AccessToken | AccessRefusal =>
  admittedOf(request)?.[BY].token(request) ?? missing();

const missing = (): AccessRefusal => new AccessRefusal(new Denial('missing'), [['Bearer', {}]]);

/** A refusal goes to the error handler of the app, with `status` and `headers`. */
const middleware =
  (decide: Admit): ExpressMiddleware =>
  async (request, _response, next) => {
    try {
      next(await decide(request));
    } catch (error) {
      next(error);
    }
  };

function optionsOf({
  issuerBaseURL = process.env.ISSUER_BASE_URL,
  issuer = issuerBaseURL,
  audience = process.env.AUDIENCE,
  tokenSigningAlg,
  getCertificate,
  ...others
}: Omit<AuthOptions, 'authRequired'>): GuardOptions<ExpressRequest> {
  if (issuer === undefined) throw new TypeError('issuerBaseURL is undefined: write the issuer of the Cambio server');
  if (audience === undefined) throw new TypeError('audience is undefined: write the audience of this API');
  return {
    ...others,
    issuer,
    audience,
    ...(tokenSigningAlg !== undefined && { algorithms: [tokenSigningAlg] }),
    ...(getCertificate && { certificateOf: getCertificate }),
  };
}

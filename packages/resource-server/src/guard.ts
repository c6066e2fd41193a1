// The common part of the framework adapters: a verifier, and the token of each admitted request.
import type { AccessToken } from './access-token.ts';
import { checkRequirementsForm } from './check-options.ts';
import type { ProtectedRequest } from './credentials.ts';
import type { VerifierOptions } from './options.ts';
import { AccessRefusal } from './refusal.ts';
import type { Requirements } from './requirements.ts';
import { createVerifier } from './verifier.ts';

/** `Request` is the request type of the framework, `Middleware` its type of a handler that runs before the route. */
export interface Guard<Request, Middleware> {
  /** Admits requests whose token meets the requirements. @throws TypeError if one is undefined, empty or unknown */
  readonly require: (requirements?: Requirements) => Middleware;
  /** Returns the token of an admitted request. @throws Error if no `require` of this guard ran before */
  readonly token: (request: Request) => AccessToken;
}

export interface GuardOptions<Request> extends VerifierOptions {
  /**
   * The certificate of the client in DER, if a proxy ends TLS. Read it only from a header that the proxy sets and strips.
   * Default: the certificate of the socket.
   */
  readonly certificateOf?: (request: Request) => Uint8Array | undefined;
  /** Called for each refusal, for the log. `refusal.cause` has the reason, which the caller does not see. */
  readonly onRefusal?: (refusal: AccessRefusal, request: Request) => void;
}

type Admit<Request> = (request: Request, requirements?: Requirements) => Promise<AccessRefusal | undefined>;

/**
 * @param read reads the request of the framework
 * @param build makes a middleware from a function that returns a refusal, or undefined for an admitted request
 */
export function createGuardOf<Request extends object, Middleware>(
  options: GuardOptions<Request>,
  read: (request: Request) => ProtectedRequest,
  build: (admit: (request: Request) => ReturnType<Admit<Request>>) => Middleware,
): Guard<Request, Middleware> {
  const verifier = createVerifier(options);
  const admitted = new WeakMap<Request, AccessToken>();
  const { certificateOf, onRefusal } = options;
  const authenticate = (request: Request, requirements?: Requirements): Promise<AccessToken> => {
    const about = read(request);
    const certificate = certificateOf === undefined ? about.certificate : certificateOf(request);
    return verifier.authenticate({ ...about, certificate }, requirements);
  };
  const admit: Admit<Request> = async (request, requirements = {}) => {
    const token = admitted.get(request);
    try {
      // A guard may run twice, for example for all routes and then for one.
      if (token !== undefined) verifier.check(token, requirements);
      else admitted.set(request, await authenticate(request, requirements));
      return undefined;
    } catch (error) {
      if (!(error instanceof AccessRefusal)) throw error;
      onRefusal?.(error, request);
      return error;
    }
  };
  return {
    require: (requirements = {}) => {
      checkRequirementsForm(requirements);
      return build((request) => admit(request, requirements));
    },
    token: (request) => {
      const token = admitted.get(request);
      if (token === undefined) throw new Error('no token: this route does not require one');
      return token;
    },
  };
}

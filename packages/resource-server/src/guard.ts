// What do the adapters of the frameworks share? A verifier, and the memory of what it admitted.
import type { AccessToken } from './access-token.ts';
import { checkRequirementsForm } from './check-options.ts';
import type { ProtectedRequest } from './credentials.ts';
import type { VerifierOptions } from './options.ts';
import { AccessRefusal } from './refusal.ts';
import type { Requirements } from './requirements.ts';
import { createVerifier } from './verifier.ts';

/** `Request` is what the framework hands to a handler, and `Middleware` what it takes before one. */
export interface Guard<Request, Middleware> {
  /** Admits requests whose token meets the requirements. @throws TypeError at once, where one is undefined, empty or unknown */
  readonly require: (requirements?: Requirements) => Middleware;
  /** @throws Error in a handler that no `require` of this guard stands before */
  readonly token: (request: Request) => AccessToken;
}

export interface GuardOptions<Request> extends VerifierOptions {
  /**
   * The certificate of the client, in DER, where TLS ends before this process. Read it from a header only that the proxy sets
   * and strips. Default: that of the socket.
   */
  readonly certificateOf?: (request: Request) => Uint8Array | undefined;
  /** For the log: `refusal.cause` says why, which the caller is not told. */
  readonly onRefusal?: (refusal: AccessRefusal, request: Request) => void;
}

type Admit<Request> = (request: Request, requirements?: Requirements) => Promise<AccessRefusal | undefined>;

/**
 * @param read what the framework knows of a request
 * @param build a middleware of what admits a request, or says why not
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
      // One guard after another, as for all routes and then for one.
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

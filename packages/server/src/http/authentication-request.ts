// With what does the caller say who it is? What client authentication reads of a request, at every endpoint alike.
import type { AuthenticationRequest } from '../client-auth/method.ts';
import { step } from '../primitives/tracing.ts';
import type { Call } from './call.ts';
import type { HttpServices } from './endpoint.ts';
import { parseForm } from './form.ts';

/** @throws Refusal form_malformed, client_certificate_malformed */
export function readAuthenticationRequest(
  request: Call,
  { readCertificate }: Pick<HttpServices, 'readCertificate'>,
): AuthenticationRequest {
  const { authorization, 'content-type': contentType } = request.headers;
  return {
    parameters: step('parse', () => parseForm(contentType, request.body as Uint8Array | undefined)),
    authorization,
    address: request.ip,
    certificate: readCertificate?.(request),
  };
}

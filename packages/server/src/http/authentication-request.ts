// Reads the parts of a request that client authentication needs, for every endpoint.
import type { AuthenticationRequest } from '../client-auth/method.ts';
import { step } from '../primitives/tracing.ts';
import type { HttpServices } from './endpoint.ts';
import { parseForm } from './form.ts';
import type { Request } from './request.ts';

/** @throws Refusal form_malformed, client_certificate_malformed */
export function readAuthenticationRequest(
  request: Request,
  { readCertificate }: Pick<HttpServices, 'readCertificate'>,
): AuthenticationRequest {
  const { authorization, 'content-type': contentType } = request.headers;
  return {
    parameters: step('parse', () => parseForm(contentType, request.body)),
    authorization,
    address: request.address,
    certificate: readCertificate?.(request),
  };
}

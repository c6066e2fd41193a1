// Reads the claims of a JWT, without verifying them. Only the server verifies.
import { isObject } from './facts.ts';

/** @returns undefined if the text is not a JWT */
export function decodeClaims(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload = '', signature] = token.split('.');
  if (signature === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

// Describes the fault of a URL that this server is to request.
import { showUrl } from '../primitives/form.ts';

/** @param problem as `urlProblem` of `outbound/address.ts` returns it */
export function describeUrlProblem(url: string, problem: string): string {
  return `${showUrl(url)} ${problem}.`;
}

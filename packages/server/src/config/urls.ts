// Describes the fault of a URL that this server is to request.

/** @param problem as `urlProblem` of `outbound/address.ts` returns it */
export function describeUrlProblem(url: string, problem: string): string {
  // A URL with a user name may contain a password too.
  const shown = /@/.test(url) ? 'the URL' : JSON.stringify(url);
  return `${shown} ${problem}.`;
}

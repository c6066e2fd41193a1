// Words what is wrong with a URL of the file that this server is to request.

/** @param problem as `urlProblem` of `outbound/address.ts` returns it */
export function wordUrlProblem(url: string, problem: string): string {
  // Where a user name stands a password may stand, too.
  const shown = /@/.test(url) ? 'the URL' : JSON.stringify(url);
  return `${shown} ${problem}.`;
}

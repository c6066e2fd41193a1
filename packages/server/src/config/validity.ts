// Checks whether the certificates of a file are valid now.
import type { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import type { Path } from './fault.ts';
import type { Surroundings } from './source.ts';

/**
 * Complains if none of the certificates is valid now. That is a warning, because a server with an old certificate must start anyway,
 * and a fault if the file would replace another content in force.
 */
export function checkValidity(
  certificates: readonly X509Certificate[],
  name: string,
  path: Path,
  { folder, inputs, complain }: Surroundings,
): void {
  const now = Date.now();
  const times = certificates.map(({ validFrom, validTo }) => ({
    from: Date.parse(validFrom),
    until: Date.parse(validTo),
  }));
  const [last] = times.toSorted((a, b) => b.until - a.until);
  if (last === undefined || times.some(({ from, until }) => from <= now && now < until)) return;
  const next = Math.min(...times.map(({ from }) => from).filter((from) => from > now));
  if (Number.isFinite(next)) inputs.recheckAt(next);
  const message =
    last.from > now
      ? `the certificate in ${name} is valid from ${new Date(last.from).toISOString()} on. Compare the clocks.`
      : `the certificate in ${name} expired on ${new Date(last.until).toISOString()}. Renew it.`;
  complain(path, message, inputs.isRenewed(resolve(folder, name)) ? 'fault' : 'warning');
}

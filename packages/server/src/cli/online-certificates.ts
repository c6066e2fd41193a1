// Checks how long the certificates of a configuration are still valid.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Configuration } from '../config/configuration.ts';
import type { Path } from '../config/fault.ts';
import { certificatesIn } from '../config/pem.ts';
import { formatDuration } from '../primitives/duration.ts';
import type { StoreLocation } from '../store/store.ts';
import { countOf } from './count.ts';
import type { CheckOutcome, Probe } from './finding.ts';

const DAY_MS = 86_400_000;
/** A certificate is to be renewed when it is valid for less than this, or for a quarter of its whole life if that is shorter. */
const RENEW_MS = 14 * DAY_MS;

export function certificateProbes({ server, saml, entries, store }: Configuration): readonly Probe[] {
  const { tls, clientCertificates } = server;
  const probe = (path: Path, what: string, read: () => readonly X509Certificate[], any = false): Probe => ({
    check: 'certificate',
    path,
    run: async () => describe(path, what, read(), any),
  });
  return [
    ...(tls === undefined ? [] : [probe(['server', 'tls', 'cert'], 'certificate', () => parse(tls.cert))]),
    ...clientCertificates.authorities.map((pem, index) =>
      probe(['server', 'clientCertificates', 'authorities', index], 'authority', () => parse(pem)),
    ),
    ...saml.map((entry) => {
      const index = entries.issuers.findIndex((one) => one.saml === entry.entityId);
      return probe(['issuers', index], 'signing certificate', () => entry.certificates, true);
    }),
    ...filesOf(store).map((file) => probe(['store'], `certificate in ${file}`, () => parse(readFileSync(file)))),
  ];
}

/** The files of certificates that connections to the database name, each once. */
function filesOf(store: StoreLocation): readonly string[] {
  const connections = store.kind === 'sqlite' ? [] : [store.connection, store.replica];
  const files = connections.flatMap((one) =>
    one === undefined || one.tls === 'none' ? [] : [one.tls.authority, one.tls.cert],
  );
  return [...new Set(files.filter((file) => file !== undefined))];
}

const parse = (file: Buffer | string): readonly X509Certificate[] =>
  certificatesIn(file).map((pem) => new X509Certificate(pem));

/** @param any is one valid certificate enough? Otherwise the first that expires counts */
function describe(
  path: Path,
  what: string,
  certificates: readonly X509Certificate[],
  any: boolean,
): readonly CheckOutcome[] {
  const byEnd = certificates.toSorted((a, b) => Date.parse(a.validTo) - Date.parse(b.validTo));
  const certificate = any ? byEnd.at(-1) : byEnd[0];
  if (certificate === undefined) return [];
  const [from, until] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  const leftMs = until - Date.now();
  const about = { check: 'certificate', path } as const;
  const day = new Date(until).toISOString().slice(0, 10);
  const name = `its ${what}`.replace('its certificate in', 'the certificate in');
  if (from > Date.now())
    return [{ ...about, severity: 'fault', message: `${name} is valid only from ${new Date(from).toISOString()} on.` }];
  if (leftMs <= 0) return [{ ...about, severity: 'fault', message: `${name} expired on ${day}. Renew it.` }];
  const days = Math.floor(leftMs / DAY_MS);
  const left = days < 2 ? formatDuration(leftMs / 1000) : countOf(days, 'day');
  if (leftMs < Math.min(RENEW_MS, (until - from) / 4))
    return [{ ...about, severity: 'warning', message: `${name} expires in ${left}, on ${day}. Renew it.` }];
  return [{ ...about, severity: 'ok', message: `${name} is valid for ${left}, until ${day}` }];
}

// Where does the server listen, and whom does it believe about who calls?
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { parseNetwork } from '../http/proxies.ts';
import { isLoopback } from '../primitives/network.ts';
import type { Configuration } from './configuration.ts';
import type { Path } from './fault.ts';
import { asksForCertificate } from './resolve-authentication.ts';
import type { ConfigurationFile } from './schema.ts';
import type { Surroundings } from './source.ts';

export function resolveServer(file: ConfigurationFile, around: Surroundings): Configuration['server'] {
  const { complain } = around;
  const { server } = file;
  const { host, port, trustProxy, limits, dpopNonces } = server;
  if (server.tls === undefined && trustProxy.length === 0 && !isLoopback(host)) {
    complain(
      ['server', 'host'],
      'plain HTTP on an address other than loopback: set server.tls, or server.trustProxy behind a proxy',
    );
  }
  for (const [index, address] of trustProxy.entries()) {
    if (parseNetwork(address) === undefined)
      complain(['server', 'trustProxy', index], 'must be an address or a network such as 10.0.0.0/8');
  }
  return {
    host,
    port,
    tls: resolveTls(server, around),
    clientCertificates: { ...resolveClientCertificates(server, around), asked: asksForCertificate(file) },
    trustProxy,
    metrics: server.metrics === 'off' ? undefined : server.metrics,
    limits: { requestsPerClient: undefined, requestsPerAddress: undefined, ...limits },
    dpopNonces,
    announceStop: server.announceStop * 1000,
  };
}

type ServerSource = ConfigurationFile['server'];

function resolveTls({ tls }: ServerSource, around: Surroundings): Configuration['server']['tls'] {
  if (tls === undefined) return undefined;
  const read = (key: 'cert' | 'key'): Buffer => readFile(tls[key], ['server', 'tls', key], around) ?? Buffer.alloc(0);
  const pair = { cert: read('cert'), key: read('key') };
  try {
    createSecureContext(pair);
  } catch (error) {
    around.complain(['server', 'tls'], `certificate and key cannot be used: ${(error as Error).message}`);
  }
  return pair;
}

/** Each certificate of a file is an authority. */
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function resolveClientCertificates({ clientCertificates, trustProxy }: ServerSource, around: Surroundings) {
  const { authorities, header } = clientCertificates;
  const path: Path = ['server', 'clientCertificates'];
  if (header !== undefined && trustProxy.length === 0)
    around.complain([...path, 'header'], 'is believed of trustProxy alone, and that is empty');
  if (header !== undefined && trustProxy.some((address) => isLoopback(address.replace(/\/\d+$/, ''))))
    around.complain(
      [...path, 'header'],
      'trustProxy names a loopback address, from which every local process can send a certificate that is not its own: give the proxy an address of its own',
      'warning',
    );
  return {
    header: header && { ...header, name: header.name.toLowerCase() },
    authorities: authorities.flatMap((name, index) => {
      const place = [...path, 'authorities', index];
      const file = readFile(name, place, around);
      const found = file?.toString('latin1').match(CERTIFICATE) ?? [];
      if (file !== undefined && (found.length === 0 || !found.every(isAuthority)))
        around.complain(place, `${name} must hold certificates of authorities, and nothing else`);
      return found;
    }),
  };
}

function isAuthority(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false;
  }
}

function readFile(name: string, path: Path, { folder, complain }: Surroundings): Buffer | undefined {
  try {
    return readFileSync(resolve(folder, name));
  } catch (error) {
    complain(path, `cannot be read: ${(error as NodeJS.ErrnoException).code}`);
    return undefined;
  }
}

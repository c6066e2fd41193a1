// Resolves where the server listens, and which proxies and authorities it trusts.
import { X509Certificate } from 'node:crypto';
import { parseNetwork } from '../http/proxies.ts';
import { isLoopback } from '../primitives/network.ts';
import type { Configuration } from './configuration.ts';
import type { Path } from './fault.ts';
import { certificatesIn, checkKeyPair, describePem } from './pem.ts';
import { asksForCertificate } from './resolve-authentication.ts';
import type { ConfigurationFile } from './schema.ts';
import { readFileAt, type Surroundings } from './source.ts';
import { checkValidity } from './validity.ts';

export function resolveServer(file: ConfigurationFile, around: Surroundings): Configuration['server'] {
  const { complain, unsure } = around;
  const { server } = file;
  const { host, port, trustProxy, limits, dpopNonces } = server;
  const isProtected = server.tls !== undefined || unsure.key('server.tls');
  const isBehindProxy = trustProxy.length > 0 || unsure.key('server.trustProxy');
  if (!isProtected && !isBehindProxy && !isLoopback(host)) {
    complain(
      ['server', 'host'],
      `plain HTTP on ${host}, which is not loopback. Set server.tls, or server.trustProxy behind a proxy.`,
    );
  }
  for (const [index, address] of trustProxy.entries()) {
    if (parseNetwork(address) === undefined)
      complain(
        ['server', 'trustProxy', index],
        `${JSON.stringify(address)} is not an address or a network. Write one such as 192.0.2.7 or 10.0.0.0/8.`,
      );
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
  const read = (key: 'cert' | 'key') => readFileAt(tls[key], ['server', 'tls', key], around);
  const [cert, key] = [read('cert'), read('key')];
  const problems = checkKeyPair({ cert, key }, tls);
  for (const problem of problems) around.complain(['server', 'tls', problem.key], problem.message, problem.severity);
  if (cert !== undefined && !problems.some(({ severity }) => severity === 'fault'))
    checkValidity(
      certificatesIn(cert)
        .slice(0, 1)
        .map((pem) => new X509Certificate(pem)),
      tls.cert,
      ['server', 'tls', 'cert'],
      around,
    );
  return { cert: cert ?? Buffer.alloc(0), key: key ?? Buffer.alloc(0) };
}

function resolveClientCertificates({ clientCertificates, trustProxy }: ServerSource, around: Surroundings) {
  const { authorities, header } = clientCertificates;
  const path: Path = ['server', 'clientCertificates'];
  if (header !== undefined && trustProxy.length === 0 && !around.unsure.key('server.trustProxy'))
    around.complain(
      [...path, 'header'],
      'the header is believed from the proxies of server.trustProxy only, and there is none. Add the address of the proxy there.',
    );
  if (header !== undefined && trustProxy.some((address) => isLoopback(address.replace(/\/\d+$/, ''))))
    around.complain(
      [...path, 'header'],
      'trustProxy names a loopback address, from which every local process can send a certificate that is not its own. Give the proxy an address of its own.',
      'warning',
    );
  return {
    header: header && { ...header, name: header.name.toLowerCase() },
    authorities: authorities.flatMap((name, index) => {
      const place = [...path, 'authorities', index];
      const file = readFileAt(name, place, around);
      const found = file === undefined ? [] : certificatesIn(file);
      if (file !== undefined && (found.length === 0 || !found.every(isAuthority)))
        around.complain(
          place,
          found.length === 0
            ? `${name} holds ${describePem(file, 'certificate')}.`
            : `${name} holds a certificate that is not of an authority. Name the certificate that issued it.`,
        );
      else
        checkValidity(
          found.map((pem) => new X509Certificate(pem)),
          name,
          place,
          around,
        );
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

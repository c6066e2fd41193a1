// Forges signed statements about the audit, as an attacker can who writes to the database without a key of the server.
import { generateKeyPairSync, sign } from 'node:crypto';
import { thumbprint } from '../../src/keys/thumbprint.ts';
import type { TestServer } from './harness.ts';

/** @param kid any name for the key */
export function createForger(server: Pick<TestServer, 'sql' | 'issuer' | 'clock'>, kid = 'an older key of the server') {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  return {
    thumbprint: thumbprint(jwk),
    state: (kind: string, chain: string, position: number, hash: string): void => {
      const claims = {
        iss: server.issuer,
        kind,
        chain,
        position,
        hash,
        seen: [],
        keys: [],
        iat: Math.floor(server.clock.now / 1000),
      };
      const input = `${encode({ alg: 'ES256', typ: 'cambio-audit+jwt', kid })}.${encode(claims)}`;
      const signature = sign('sha256', Buffer.from(input), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
      server.sql(
        `insert into audit_statements (kind, chain, position, jws, jwk) values
         ('${kind}', '${chain}', ${position}, '${input}.${signature.toString('base64url')}', '${JSON.stringify(jwk)}')`,
      );
    },
  };
}

// What do the SAML identity providers of the file mean? Certificates and metadata are read here.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { RESERVED_CLAIMS } from '../issuing/access-token-claims.ts';
import { readMetadata } from '../saml/metadata.ts';
import type { SamlIssuerEntry } from '../trust/saml-issuer.ts';
import { compileValue } from './expressions.ts';
import type { Path } from './fault.ts';
import type { SamlSource } from './schema.ts';
import type { Surroundings } from './surroundings.ts';

/** What mappings of assertions read. */
const variables = { nameId: 'string', nameIdFormat: 'dyn', attributes: 'map' } as const;

export async function resolveSamlIssuer(
  source: SamlSource,
  path: Path,
  around: Surroundings,
): Promise<SamlIssuerEntry> {
  const { saml: entityId, claims, subject } = source;
  const mapped = Object.entries(claims).map(([name, text]) => {
    const place = [...path, 'claims', name];
    if (RESERVED_CLAIMS.has(name)) around.complain(place, 'is a reserved claim, which no mapping may set');
    return [name, compileValue(text, variables, place, around.complain)] as const;
  });
  const named =
    subject === undefined ? undefined : compileValue(subject, variables, [...path, 'subject'], around.complain);
  return {
    entityId,
    name: source.name ?? (URL.canParse(entityId) ? new URL(entityId).hostname : ''),
    accepts: new Set(source.accepts),
    audiences: source.audiences,
    certificates: await readCertificates(source, path, around),
    decryptionKey:
      source.decryptionKey === undefined
        ? undefined
        : readKey(source.decryptionKey, [...path, 'decryptionKey'], around),
    maxAge: source.maxAge,
    use: source.singleUse ? 'single' : 'repeated',
    subject: named && ((facts) => named.evaluate(facts).value),
    claims: mapped.map(([name, expression]) => [name, (facts) => expression?.evaluate(facts).value] as const),
    reads: [...mapped.map(([, expression]) => expression), named].flatMap((expression) => expression?.reads ?? []),
  };
}

async function readCertificates(
  source: SamlSource,
  path: Path,
  around: Surroundings,
): Promise<readonly X509Certificate[]> {
  const { saml: entityId, certificates = [], metadata } = source;
  if (metadata !== undefined) {
    const place = [...path, 'metadata'];
    const file = readBytes(metadata, place, around);
    try {
      const described = file && (await readMetadata(file, Date.now() / 1000));
      if (described && described.entityId !== entityId)
        around.complain(place, `describes ${described.entityId}, not ${entityId}`);
      return described?.certificates ?? [];
    } catch (error) {
      around.complain(place, (error as Error).message);
      return [];
    }
  }
  return certificates.flatMap((name, index) => {
    const place = [...path, 'certificates', index];
    const file = readBytes(name, place, around);
    try {
      return file === undefined ? [] : [new X509Certificate(file)];
    } catch {
      around.complain(place, `${name} holds no certificate`);
      return [];
    }
  });
}

/** An expired certificate proves nothing. @returns what is wrong where none is good @param now milliseconds since 1970 */
export function certificateProblem({ certificates }: SamlIssuerEntry, now: number): string | undefined {
  const ends = certificates.map(({ validToDate }) => validToDate.getTime());
  return ends.some((end) => end > now)
    ? undefined
    : `every certificate has expired, the last on ${new Date(Math.max(...ends)).toISOString()}`;
}

function readKey(name: string, path: Path, around: Surroundings): KeyObject | undefined {
  const file = readBytes(name, path, around);
  try {
    const key = file && createPrivateKey(file);
    if (key && key.asymmetricKeyType !== 'rsa') around.complain(path, 'must be an RSA key');
    return key;
  } catch {
    around.complain(path, `${name} holds no private key`);
    return undefined;
  }
}

function readBytes(name: string, path: Path, { folder, complain }: Surroundings): Buffer | undefined {
  try {
    return readFileSync(resolve(folder, name));
  } catch (error) {
    complain(path, `${name} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
    return undefined;
  }
}

// Resolves the SAML identity providers of the file, and reads their certificates and metadata.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import type { CompiledExpression } from '../expression/condition.ts';
import { isReservedClaim } from '../issuing/access-token-claims.ts';
import { LEEWAY_SECONDS } from '../primitives/clock.ts';
import { signingKey } from '../saml/certificates.ts';
import { readMetadata } from '../saml/metadata.ts';
import { isStrong, RSA_BITS } from '../trust/key-strength.ts';
import { MAPPED_START, type SamlIssuerEntry } from '../trust/saml-issuer.ts';
import { compileMappingOf } from './expressions.ts';
import type { Path } from './fault.ts';
import { nameOf } from './issuer-name.ts';
import { describePem } from './pem.ts';
import type { SamlSource } from './schema.ts';
import { readFileAt, type Surroundings } from './source.ts';
import { reserved } from './wording.ts';

/** The variables of mappings of assertions. */
export const assertionVariables = { nameId: 'string', nameIdFormat: 'dyn', attributes: 'map' } as const;

export async function resolveSamlIssuer(
  source: SamlSource,
  path: Path,
  around: Surroundings,
): Promise<SamlIssuerEntry> {
  const { saml: entityId, claims, subject } = source;
  const mapped = Object.entries(claims).map(([name, text]) => {
    const place = [...path, 'claims', name];
    if (isReservedClaim(name)) around.complain(place, reserved(name));
    return [name, compileMappingOf(text, assertionVariables, place, around.complain)] as const;
  });
  const named =
    subject === undefined
      ? undefined
      : compileMappingOf(subject, assertionVariables, [...path, 'subject'], around.complain);
  const expressions = [...mapped.map(([, { expression }]) => expression), ...(named ? [named.expression] : [])];
  return {
    entityId,
    name: nameOf(source),
    accepts: new Set(source.accepts),
    audiences: source.audiences,
    ...(await readTrust(source, path, around)),
    decryptionKey:
      source.decryptionKey === undefined
        ? undefined
        : readKey(source.decryptionKey, [...path, 'decryptionKey'], around),
    attributeFormats: source.attributeFormats && new Set(source.attributeFormats),
    leeway: source.leeway ?? LEEWAY_SECONDS,
    maxAge: source.maxAge,
    reuse: source.reuse,
    subject: named?.mapping,
    claims: mapped.map(([name, { mapping }]) => [name, mapping] as const),
    reads: expressions.flatMap(({ reads }) => reads),
    picks: expressions.flatMap(({ picks }) => picks),
    namedBy: named?.expression.reads.some((read) => /^attributes\b/.test(read)) ? 'attributes' : 'nameId',
    mappedStart: startOf(named?.expression),
  };
}

/** A mapping that reads the NameID may begin like one, whatever its literal. */
const startOf = (expression: CompiledExpression | undefined): string =>
  expression === undefined || expression.reads.some((read) => /^nameId/.test(read)) || expression.starts.text === ''
    ? MAPPED_START
    : expression.starts.text;

type Trust = Pick<SamlIssuerEntry, 'certificates' | 'certificatesOf' | 'validUntil'>;

const nothing: Trust = { certificates: [], validUntil: undefined };

async function readTrust(source: SamlSource, path: Path, around: Surroundings): Promise<Trust> {
  const { certificates = [], metadata } = source;
  if (metadata !== undefined) return readFromMetadata(metadata, source.saml, [...path, 'metadata'], around);
  const read = certificates.map((name, index) => readCertificate(name, [...path, 'certificates', index], around));
  return { certificates: read.filter((one) => one !== undefined), validUntil: undefined };
}

/** Expired metadata is not a fault, like an expired certificate: the server must start anyway. Its assertions are refused. */
async function readFromMetadata(name: string, entityId: string, path: Path, around: Surroundings): Promise<Trust> {
  const file = readFileAt(name, path, around);
  if (file === undefined) return nothing;
  try {
    const { entityId: described, ...trust } = await readMetadata(file, 0);
    if (described !== entityId)
      around.complain(
        path,
        `${name} describes ${described}, not ${entityId}. Write the metadata of ${entityId}, or saml: ${described}.`,
      );
    if (around.inputs.isRenewed(resolve(around.originOf(path).folder, name)) && hasEnded(trust.validUntil))
      around.complain(path, `${name} was valid until ${new Date((trust.validUntil ?? 0) * 1000).toISOString()}.`);
    return trust;
  } catch (error) {
    around.complain(path, `${name}: ${(error as Error).message}.`);
    return nothing;
  }
}

/** A start accepts an unusable certificate: its issuer may have others, and `check` reports if it has none. */
function checkRenewed(certificate: X509Certificate, name: string, path: Path, around: Surroundings): void {
  const now = Date.now();
  const from = Date.parse(certificate.validFrom);
  if (from > now) around.inputs.recheckAt(from);
  const key = signingKey(certificate, now / 1000);
  if ('fault' in key) around.complain(path, `${name} holds a certificate that ${key.fault}.`);
}

const hasEnded = (until: number | undefined): boolean => until !== undefined && Date.now() >= until * 1000;

/** Accepts one certificate in a file: a second one is often that of an authority, whose key must not sign assertions. */
function readCertificate(name: string, path: Path, around: Surroundings): X509Certificate | undefined {
  const file = readFileAt(name, path, around);
  if (file === undefined) return undefined;
  try {
    const certificate = new X509Certificate(file);
    if (file.toString('latin1').split('-----BEGIN CERTIFICATE-----').length > 2)
      around.complain(path, `${name} holds several certificates. Put each that may sign into a file of its own.`);
    if (around.inputs.isRenewed(resolve(around.originOf(path).folder, name)))
      checkRenewed(certificate, name, path, around);
    return certificate;
  } catch {
    around.complain(path, `${name} holds ${describePem(file, 'certificate')}.`);
    return undefined;
  }
}

/** @param now milliseconds since 1970 @returns why no assertion of the issuer can be verified; undefined if some can */
export function certificateProblem({ certificates, validUntil }: SamlIssuerEntry, now: number): string | undefined {
  if (validUntil !== undefined && now >= validUntil * 1000)
    return `its metadata was valid until ${new Date(validUntil * 1000).toISOString()}`;
  const keys = certificates.map((certificate) => signingKey(certificate, now / 1000));
  const faults = keys.filter((key) => 'fault' in key).map(({ fault }) => `one ${fault}`);
  return faults.length < keys.length ? undefined : `none of its certificates can be used: ${faults.join(', ')}`;
}

const USE_RSA = `Use an RSA key of ${RSA_BITS.least} to ${RSA_BITS.most} bits.`;

function readKey(name: string, path: Path, around: Surroundings): KeyObject | undefined {
  const file = readFileAt(name, path, around);
  try {
    const key = file && createPrivateKey(file);
    if (key && key.asymmetricKeyType !== 'rsa')
      around.complain(path, `${name} holds a key of another kind than RSA. ${USE_RSA}`);
    else if (key && !isStrong(key))
      around.complain(
        path,
        `${name} holds an RSA key that is too short, or so long that it makes each assertion slow. ${USE_RSA}`,
      );
    return key;
  } catch {
    around.complain(path, `${name} holds ${describePem(file ?? Buffer.alloc(0), 'private key')}.`);
    return undefined;
  }
}

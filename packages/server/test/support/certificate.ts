// Makes self-signed certificates as PEM. @peculiar/x509 needs a reflection polyfill, of which it uses only this part.
const nothing = () => undefined;
Object.assign(Reflect, { getMetadata: nothing, getOwnMetadata: nothing, defineMetadata: nothing });
const { BasicConstraintsExtension, PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } =
  await import('@peculiar/x509');

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const DAY = 86_400_000;

/** @param name address or host name @param days from now until it expires */
export async function selfSigned(name: { type: 'ip' | 'dns'; value: string }, days = 1): Promise<Certificate> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name.value}`,
    notBefore: new Date(Date.now() - 9 * DAY),
    notAfter: new Date(Date.now() + days * DAY),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true), new SubjectAlternativeNameExtension([name])],
  });
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { cert: certificate.toString('pem'), key: PemConverter.encode(key, 'PRIVATE KEY') };
}

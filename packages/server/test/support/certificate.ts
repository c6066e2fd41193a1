// Makes certificates as PEM: self-signed ones, and those of an authority. @peculiar/x509 needs a reflection polyfill, of which it uses only this part.
const nothing = () => undefined;
Object.assign(Reflect, { getMetadata: nothing, getOwnMetadata: nothing, defineMetadata: nothing });
const { BasicConstraintsExtension, PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } =
  await import('@peculiar/x509');

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const DAY = 86_400_000;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

const makeKeys = () => crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

const validFor = (days: number) => ({
  notBefore: new Date(Date.now() - 9 * DAY),
  notAfter: new Date(Date.now() + days * DAY),
});

const pemOf = async (key: Parameters<typeof crypto.subtle.exportKey>[1]): Promise<string> =>
  PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');

/** Makes an authority. @returns its certificate, and a function that issues one with a common name */
export async function makeAuthority() {
  const keys = await makeKeys();
  const authority = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=authority of a test',
    ...validFor(1),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true)],
  });
  const issue = async (name: string): Promise<Certificate> => {
    const own = await makeKeys();
    const certificate = await X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: authority.subject,
      ...validFor(1),
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
    });
    return { cert: certificate.toString('pem'), key: await pemOf(own.privateKey) };
  };
  return { cert: authority.toString('pem'), issue };
}

/** @param name address or host name @param days from now until it expires */
export async function selfSigned(name: { type: 'ip' | 'dns'; value: string }, days = 1): Promise<Certificate> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name.value}`,
    ...validFor(days),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true), new SubjectAlternativeNameExtension([name])],
  });
  return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) };
}

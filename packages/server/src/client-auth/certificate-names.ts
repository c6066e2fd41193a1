// Reads the subject and the URIs of a certificate from its DER (RFC 5280 section 4.1). Node gives both as text that cannot be
// parsed without guessing.
import type { X509Certificate } from 'node:crypto';
import { type Der, inside, readDer, readObjectIdentifier } from './der.ts';
import { readName } from './distinguished-name.ts';

const TAG = { version: 0xa0, extensions: 0xa3, octets: 0x04, uri: 0x86 } as const;
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';

/** The subject, in a form that is equal for equal names; undefined if it cannot be read. */
export function subjectOf({ raw }: X509Certificate): string | undefined {
  try {
    // version, serial number, signature, issuer, validity, subject. The version is optional.
    const subject = bodyOf(raw).filter(({ tag }) => tag !== TAG.version)[4];
    return subject && readName(subject.content);
  } catch {
    return undefined;
  }
}

/** The URIs among the alternative names (RFC 5280 section 4.2.1.6); empty if they cannot be read. */
export function urisOf({ raw }: X509Certificate): readonly string[] {
  try {
    const [extensions] = inside(bodyOf(raw).find(({ tag }) => tag === TAG.extensions));
    return inside(extensions).flatMap((extension) => {
      const [id, ...rest] = inside(extension);
      if (id === undefined || readObjectIdentifier(id.content) !== SUBJECT_ALTERNATIVE_NAME) return [];
      const [names] = inside(rest.find(({ tag }) => tag === TAG.octets));
      return inside(names)
        .filter(({ tag }) => tag === TAG.uri)
        .map(({ content }) => content.toString('latin1'));
    });
  } catch {
    return [];
  }
}

/** The members of the part that is signed. */
const bodyOf = (raw: Buffer): readonly Der[] => inside(inside(readDer(raw)[0])[0]);

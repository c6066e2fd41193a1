// Signature wrapping: the signed part is genuine, and the attacker wants another part to be read.
import type { Case } from '../../group.ts';
import {
  inside,
  intoSignature,
  object,
  PROTOCOL,
  put,
  refused,
  response,
  type SamlWorld,
  WRAPPING,
} from './material.ts';

const extensions = (content: string): string =>
  `<samlp:Extensions xmlns:samlp="${PROTOCOL}">${content}</samlp:Extensions>`;

export const wrapping: Readonly<Record<string, Case<SamlWorld>>> = {
  S02: refused(WRAPPING, ({ original, signature, forged, twin }) => [
    response(signature, original, forged),
    inside(forged, signature + original),
    inside(twin, signature + original),
  ]),
  S03: refused(WRAPPING, ({ signed, forged, twin }) => [
    response(forged, signed),
    response(twin, signed),
    forged + signed,
    put(forged, signed),
  ]),
  S04: refused(WRAPPING, ({ signed, forged, twin }) => [
    inside(forged, signed),
    inside(twin, signed),
    response(inside(forged, signed)),
  ]),
  S05: refused(WRAPPING, ({ original, signature, forged, twin }) => [
    put(forged, signature),
    put(twin, signature),
    put(inside(forged, original), signature),
    put(inside(twin, original), signature),
    response(put(forged, signature), original),
  ]),
  S06: refused(WRAPPING, ({ original, signature, forged, twin }) =>
    [forged, twin].flatMap((one) => [
      put(one, intoSignature(signature, original)),
      put(
        one,
        signature.replace('<ds:SignatureValue>', (tag) => original + tag),
      ),
      put(one, intoSignature(signature, `<ds:KeyInfo>${original}</ds:KeyInfo>`)),
    ]),
  ),
  S07: refused(WRAPPING, ({ signed, forged }) => [
    response(extensions(forged), signed),
    inside(forged, extensions(signed)),
    inside(signed, extensions(forged)),
  ]),
  S08: refused(WRAPPING, ({ original, signature, forged, twin }) => [
    put(forged, intoSignature(signature, object(original))),
    put(twin, intoSignature(signature, object(original))),
    response(put(forged, intoSignature(signature, object(original)))),
  ]),
  S09: refused(WRAPPING, ({ original, signature, forged, twin }) => [
    response(signature, forged),
    response(intoSignature(signature, object(original)), twin),
    put(
      twin,
      signature.replace('<ds:SignedInfo>', (tag) => object(original) + tag),
    ),
  ]),
  S10: refused(WRAPPING, ({ original, signature, forged, signed }) => [
    put(original, `<saml:Advice>${signature}</saml:Advice>`),
    put(forged, `<x:Wrapper xmlns:x="urn:x">${signature}</x:Wrapper>`),
    put(forged, `<saml:Advice>${signed}</saml:Advice>`),
    put(original, `<x:Signature xmlns:x="urn:x">${signature}</x:Signature>`),
  ]),
};

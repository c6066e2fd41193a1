// The encoding of an assertion: base64url, compression, character sets, sizes; and harmless input that looks like an attack.
import { deflateRawSync, gzipSync } from 'node:zlib';
import { encode } from '../../../support/saml-signer.ts';
import type { Case } from '../../group.ts';
import { beforeSubjectEnds, intoName, refused, type SamlWorld } from './material.ts';

export const carriage: Readonly<Record<string, Case<SamlWorld>>> = {
  S42: refused(/^malformed$/, ({ make }) => {
    // A length and bytes whose base64 differs.
    const xml = make({ nameId: 'ådåÿ~?>' });
    const [padded = xml] = [xml, `${xml} `, `${xml}  `].filter((one) => encode(one).length % 4 === 2);
    const token = encode(padded);
    return [
      { token: Buffer.from(padded).toString('base64') },
      { token: Buffer.from(padded).toString('base64').replace(/=+$/, '') },
      { token: `${token}=` },
      { token: `${token}===` },
      { token: ` ${token}` },
      { token: `${token}\n` },
      { token: token.replace(/(.{76})/g, '$1\r\n') },
      { token: `${token.slice(0, -1)}${token.endsWith('g') ? 'h' : 'B'}` },
      { token: padded },
      { token: encodeURIComponent(token.replaceAll('-', '+')) },
      deflateRawSync(padded),
      gzipSync(padded),
      deflateRawSync(Buffer.alloc(8 << 20, ' ')),
      gzipSync(Buffer.alloc(8 << 20, ' ')),
    ];
  }),
  S43: refused(/^malformed$/, ({ signed }) => {
    const utf16 = Buffer.from(`\ufeff<?xml version="1.0" encoding="UTF-16"?>${signed}`, 'utf16le');
    return [
      utf16,
      utf16.subarray(2),
      Buffer.from(utf16).swap16(),
      `<?xml version="1.0" encoding="ISO-8859-1"?>${signed}`,
      Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>${intoName(signed, 'å')}`, 'latin1'),
      `<?xml version="1.0" encoding="UTF-7"?>${signed}`,
      `<?xml version="1.1"?>${signed}`,
      `\ufeff${signed}`,
      Buffer.concat([Buffer.from(signed), Buffer.from([0xc0, 0x80])]),
      ...['\0', '\u0001', '&#0;', '&#1;', '&#xD800;', '\uffff'].map((text) => intoName(signed, text)),
      signed + signed,
      `${signed}text`,
      `text${signed}`,
      signed.slice(0, -1),
      signed.replace('</saml:Subject>', ''),
      signed.replace('<saml:Subject>', '<x:Subject>').replace('</saml:Subject>', '</x:Subject>'),
      signed.replace('<saml:Subject>', '<saml:Subject a="" a="">'),
      '<',
      '<a',
      '<a b="',
      ' ',
    ];
  }),
  S44: refused(/^malformed$/, ({ signed, make }) => [
    beforeSubjectEnds(signed, '<x>'.repeat(10_000) + '</x>'.repeat(10_000)),
    beforeSubjectEnds(signed, '<x>'.repeat(10_000)),
    beforeSubjectEnds(signed, `<x ${Array.from({ length: 100_000 }, (_, n) => `a${n}=""`).join(' ')}></x>`),
    beforeSubjectEnds(signed, `<x ${Array.from({ length: 10_000 }, (_, n) => `a${n}=""`).join(' ')}></x>`),
    make({ attributes: { xml: `<saml:Advice>${'x'.repeat(1 << 20)}</saml:Advice>` } }),
    make({ more: { xml: `<saml:Advice>${'x'.repeat(1 << 17)}</saml:Advice>` } }),
    beforeSubjectEnds(signed, '<x></x>'.repeat(15_000)),
  ]),
  // byte-gate.test.ts measures the effect of canonicalization on them.
  S48: refused(/^(malformed|signature)$/, ({ signed }) => {
    const declare = (count: number, name = 'urn:x'): string =>
      Array.from({ length: count }, (_, at) => `xmlns:p${at}="${name}${at}"`).join(' ');
    const long = `urn:${'u'.repeat(240)}`;
    const using = (count: number): string =>
      `<y ${Array.from({ length: count }, (_, at) => `p${at}:a=""`).join(' ')}/>`;
    const unsigned = signed.replace(/(SignatureValue>)..../, '$1AAAA');
    return [
      beforeSubjectEnds(unsigned, `<x ${declare(28)}>`.repeat(20) + '<y/>'.repeat(3000) + '</x>'.repeat(20)),
      beforeSubjectEnds(unsigned, `<x ${declare(28)}/>`.repeat(150)),
      beforeSubjectEnds(unsigned, `<x ${declare(4, `urn:${'x'.repeat(20_000)}`)}/>`),
      beforeSubjectEnds(unsigned, `<x ${declare(14)}>${'<y/>'.repeat(4000)}</x>`),
      // Under a genuine signature: a changed byte must be canonicalized with the rest.
      beforeSubjectEnds(signed, `<x ${declare(32, long)}>${using(32).repeat(400)}</x>`),
      beforeSubjectEnds(signed, `<x ${declare(4, long)}>${using(4).repeat(2500)}</x>`),
    ];
  }),
};

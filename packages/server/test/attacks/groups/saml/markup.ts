// Text that parsers read differently: comments, instructions, sections, entities, ids and namespaces.
import { DS, XSI } from '../../../../src/saml/names.ts';
import type { Case } from '../../group.ts';
import { beforeSubjectEnds, intoName, refused, type SamlWorld, WRAPPING } from './material.ts';

export const markup: Readonly<Record<string, Case<SamlWorld>>> = {
  S12: refused(/^malformed$/, ({ signed }) =>
    ['DigestValue', 'SignatureValue'].flatMap((name) => [
      signed.replace(`<ds:${name}>`, (tag) => `${tag}<!-- -->`),
      signed.replace(`</ds:${name}>`, (tag) => `<!--x-->${tag}`),
    ]),
  ),
  S13: refused(/^malformed$/, ({ signed, make }) => [
    intoName(signed, '<?x y?>'),
    intoName(signed, '<?x?>'),
    make({ nameId: { xml: '<saml:NameID>ada<?x y?></saml:NameID>' } }),
    `<?x y?>${signed}`,
    `${signed}<?x y?>`,
  ]),
  S15: refused(/^malformed$/, ({ signed }) => [
    intoName(signed, '<![CDATA[]]>'),
    signed.replace('>ada<', '><![CDATA[ada]]><'),
  ]),
  S16: refused(/^malformed$/, ({ signed }) => {
    const laughs = Array.from({ length: 12 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('');
    return [
      `<!DOCTYPE x>${signed}`,
      `<!DOCTYPE x [<!ENTITY e "ada">]>${signed.replace('>ada<', '>&e;<')}`,
      `<!DOCTYPE x [<!ENTITY l0 "ha">${laughs}]>${signed.replace('>ada<', '>&l12;<')}`,
      `<?xml version="1.0"?><!DOCTYPE x [<!ATTLIST x ID ID #IMPLIED>]>${signed}`,
      signed.replace('>ada<', '>&nbsp;<'),
    ];
  }),
  S17: refused(/^(malformed|signature)$/, ({ signed, url, make }) => [
    `<!DOCTYPE x SYSTEM "${url}">${signed}`,
    `<!DOCTYPE x PUBLIC "-//X//X" "${url}">${signed}`,
    `<!DOCTYPE x [<!ENTITY e SYSTEM "${url}">]>${signed.replace('>ada<', '>&e;<')}`,
    `<!DOCTYPE x [<!ENTITY % p SYSTEM "${url}"> %p;]>${signed}`,
    `<?xml-stylesheet href="${url}"?>${signed}`,
    beforeSubjectEnds(signed, `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="${url}"></xi:include>`),
    make({
      more: {
        xml: `<saml:Advice><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="${url}"></xi:include></saml:Advice>`,
      },
    }),
    make({ authnAttributes: { 'xmlns:xsi': XSI, 'xsi:schemaLocation': `urn:x ${url}` } }),
    signed.replace(/ URI="[^"]*"/, ` URI="${url}"`),
    signed
      .replace(
        '</ds:SignatureValue>',
        (tag) => `${tag}<ds:KeyInfo><ds:RetrievalMethod URI="${url}"></ds:RetrievalMethod></ds:KeyInfo>`,
      )
      .replaceAll('>ada<', '>eve<'),
  ]),
  S19: refused(/^malformed$/, ({ make }) => [
    ...['ID', 'Id', 'id', 'AssertionID', 'xml:id'].map((name) =>
      make({ id: '_twice' }, { attributes: { [name]: '_twice' } }),
    ),
    make({ id: '_twice' }, { attributes: { 'xmlns:wsu': 'urn:wsu', 'wsu:Id': '_twice' } }),
    make({ id: '_twice', authnAttributes: { Id: '_twice' } }),
    make({ root: { 'xmlns:x': 'urn:x', 'x:ID': '_other' } }),
  ]),
  S20: refused(WRAPPING, ({ signed, make }) => [
    signed.replace('<saml:Subject>', '<saml:Subject xmlns:saml="urn:x">'),
    signed.replace('<saml:Subject>', '<saml:Subject xmlns:xml="urn:x">'),
    signed.replaceAll(DS, `${DS}x`),
    make({ more: { xml: '<x:Signature xmlns:x="urn:x"></x:Signature>' } }),
    make({ more: { xml: '<x:Assertion xmlns:x="urn:x"></x:Assertion>' } }),
    signed.replace('<saml:Subject>', '<saml:Subject xmlns:x="relative/name">'),
    // An element that only resembles the root.
    signed.replaceAll(/urn:oasis:names:tc:SAML:\d\.\d:assertion/g, '$&x'),
    signed.replace(/Version="2.0"|MinorVersion="1"/, (version) => version.replace(/\d"/, '9"')),
  ]),
};

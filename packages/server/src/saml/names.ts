// Namespaces and algorithm identifiers of SAML, XML Signature and XML Encryption.

export const SAML1 = 'urn:oasis:names:tc:SAML:1.0:assertion';
export const SAML2 = 'urn:oasis:names:tc:SAML:2.0:assertion';
export const METADATA = 'urn:oasis:names:tc:SAML:2.0:metadata';
export const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
export const XINCLUDE = 'http://www.w3.org/2001/XInclude';

/** XML Signature, its algorithms of RFC 9231, and Exclusive XML Canonicalization. */
export const DS = 'http://www.w3.org/2000/09/xmldsig#';
export const DS_MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
export const DS_MORE_2007 = 'http://www.w3.org/2007/05/xmldsig-more#';
export const DS_MORE_2021 = 'http://www.w3.org/2021/04/xmldsig-more#';
export const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';

/** XML Encryption 1.0 and 1.1. */
export const ENC = 'http://www.w3.org/2001/04/xmlenc#';
export const ENC11 = 'http://www.w3.org/2009/xmlenc11#';

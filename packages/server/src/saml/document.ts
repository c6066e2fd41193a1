// The one XML parser (libxml2), which verification and reading share. Loaded with the first assertion, so that a server
// without SAML never pays for it.
import type { XmlElement as Node, XmlDocument } from 'libxml2-wasm';
import { TokenRefusal } from '../primitives/refusal.ts';
import { shown, type XmlAttribute, type XmlElement } from './element.ts';

type Library = typeof import('libxml2-wasm');

/** A parsed document, in memory that no garbage collector frees: close it. */
export interface OpenDocument {
  readonly root: Node;
  readonly library: Library;
  readonly document: XmlDocument;
  readonly close: () => void;
}

export interface XmlParser {
  /** Without DTD, entities, XInclude, network. @throws TokenRefusal malformed */
  readonly open: (bytes: Uint8Array) => OpenDocument;
  /** The whole document as plain data. @throws TokenRefusal malformed */
  readonly read: (bytes: Uint8Array) => XmlElement;
}

let loading: Promise<XmlParser> | undefined;

/** The parser; the first call compiles 1 MB of WebAssembly. */
export function loadParser(): Promise<XmlParser> {
  loading ??= import('libxml2-wasm').then((library) => {
    const open = (bytes: Uint8Array) => openDocument(library, bytes);
    return { open, read: (bytes) => readDocument(open(bytes)) };
  });
  return loading;
}

function openDocument(library: Library, bytes: Uint8Array): OpenDocument {
  const { ParseOption, XmlDocument, XmlError } = library;
  // Not set, and so not done: substituting entities, loading or believing a DTD, XInclude, recovery, sizes beyond the
  // usual limits.
  const option = ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_NO_SYS_CATALOG;
  try {
    const document = XmlDocument.fromBuffer(bytes, { option });
    const close = () => document.dispose();
    if (document.warnings.length === 0) return { root: document.root, library, document, close };
    close();
    throw new TokenRefusal('malformed', `it is doubtful XML: ${shown(document.warnings[0]?.message.trim() ?? '')}`);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new TokenRefusal('malformed', `it is not well-formed XML: ${shown(error.message.split('\n', 1)[0] ?? '')}`);
  }
}

function readDocument(open: OpenDocument): XmlElement {
  try {
    return readElement(open, open.root);
  } finally {
    open.close();
  }
}

/** The element itself with its attributes, without what it contains. */
export const readHead = (node: Node): XmlElement => asElement(node, [], '');

/** The element and all it contains. Text is what all text nodes hold together (CVE-2017-11427 read the first one alone). */
export function readElement(open: OpenDocument, node: Node): XmlElement {
  const { XmlElement, XmlText, XmlComment } = open.library;
  const children: XmlElement[] = [];
  let text = '';
  for (let child = node.firstChild; child !== null; child = child.next) {
    if (child instanceof XmlElement) children.push(readElement(open, child));
    else if (child instanceof XmlText) text += child.content;
    // Only metadata holds comments: of an assertion the byte gate has none left.
    else if (!(child instanceof XmlComment))
      throw new TokenRefusal('malformed', 'it holds more than elements and text');
  }
  return asElement(node, children, text);
}

function asElement(node: Node, children: readonly XmlElement[], text: string): XmlElement {
  const attributes: XmlAttribute[] = [];
  for (const attribute of node.attrs) {
    const namespace = attribute.prefix === '' ? '' : attribute.namespaceUri;
    attributes.push({ name: attribute.name, namespace, value: attribute.content });
  }
  return { name: node.name, namespace: node.namespaceUri, attributes, children, text };
}

export function childNodes({ library: { XmlElement } }: OpenDocument, node: Node): Node[] {
  const children: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.next) {
    if (child instanceof XmlElement) children.push(child);
  }
  return children;
}

/**
 * Exclusive XML Canonicalization 1.0 without comments: of the whole document, or of one element in it.
 * @param prefixes InclusiveNamespaces PrefixList
 * @throws TokenRefusal malformed, where there is no canonical form
 */
export function canonicalize(open: OpenDocument, prefixes: readonly string[], only?: Node): Buffer {
  const { XmlC14NMode, XmlError } = open.library;
  const chunks: Buffer[] = [];
  const sink = { write: (chunk: Uint8Array) => chunks.push(Buffer.from(chunk)) && chunk.length, close: () => true };
  try {
    open.document.canonicalize(sink, {
      mode: XmlC14NMode.XML_C14N_EXCLUSIVE_1_0,
      inclusiveNamespacePrefixes: [...prefixes],
      ...(only && { nodeSet: new Set([only]) }),
    });
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    chunks.length = 0;
  }
  const bytes = Buffer.concat(chunks);
  // Nothing, or the half that was written before canonicalization failed (at a relative namespace name), must never pass
  // for the canonical form of something (CVE-2025-66568).
  if (bytes.length === 0) throw new TokenRefusal('malformed', 'it has no canonical form');
  return bytes;
}

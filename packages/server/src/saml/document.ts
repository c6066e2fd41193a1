// The one XML parser (libxml2), which verification and reading share. Loaded with the first assertion, so that a server
// without SAML never pays for it. The bindings are used below their classes, which hold each node in an object and each
// document in a weak reference: that cost almost a third of the processor time of an assertion (bench/saml.ts).
import type { ErrorDetail, XmlOutputBufferHandler } from 'libxml2-wasm';
import { TokenRefusal } from '../primitives/refusal.ts';
import { shown, type XmlAttribute, type XmlElement } from './element.ts';

/** Its types leave out a function that it has. */
type Library = typeof import('libxml2-wasm/lib/libxml2.mjs') & {
  readonly xmlOutputBufferCreateIO: (handler: XmlOutputBufferHandler) => number;
};

/** Where an element stands in the memory of libxml2, as long as its document is open. */
export type Node = number;

/** A parsed document, in memory that no garbage collector frees: close it, once. */
export interface OpenDocument {
  readonly root: Node;
  readonly pointer: number;
  readonly parser: XmlParser;
  /** What is known of the namespace declarations in it. */
  readonly namespaces: Map<number, string>;
  readonly close: () => void;
}

export interface XmlParser {
  readonly library: Library;
  /** Without DTD, entities, XInclude and network. @throws TokenRefusal malformed */
  readonly open: (bytes: Uint8Array) => OpenDocument;
}

/** @throws Error where the bindings are not those we know */
export type XmlLoader = () => Promise<XmlParser>;

/** Gives one parser, which its first call makes; the first of the process compiles 1 MB of WebAssembly. */
export function createXmlLoader(): XmlLoader {
  let loading: Promise<XmlParser> | undefined;
  return () => {
    loading ??= import('libxml2-wasm/lib/libxml2.mjs').then((bindings) => {
      const library = bindings as Library;
      const parser: XmlParser = { library, open: (bytes) => openDocument(parser, bytes) };
      requireKnownAnswer(parser);
      return parser;
    });
    return loading;
  };
}

/** A document whose reading and canonical forms are known: what the bindings keep inside may move from version to version. */
function requireKnownAnswer(parser: XmlParser): void {
  const open = parser.open(
    Buffer.from('<a z="1" xmlns:b="urn:b" xmlns:c="urn:c" xmlns:d="urn:d" b:y="&#65;"><b:c/>t<?p?></a>'),
  );
  const [child = 0] = childNodes(open, open.root);
  const { attributes } = readHead(open, open.root);
  const whole = canonicalize(open, []);
  const answer = [canonicalizeAlone(open, ['b', 'c'], child), whole, JSON.stringify(attributes)].join('\n');
  open.close();
  if (answer !== KNOWN_ANSWER) throw new Error('this version of libxml2-wasm is not known to the server');
}

const KNOWN_ANSWER = `<b:c xmlns:b="urn:b" xmlns:c="urn:c"></b:c>
<a xmlns:b="urn:b" z="1" b:y="A"><b:c></b:c>t<?p?></a>
[{"name":"z","namespace":"","value":"1"},{"name":"y","namespace":"urn:b","value":"A"}]`;

/**
 * XML_PARSE_NONET, NO_XXE and NO_SYS_CATALOG. Not set, and so not done: substituting entities, loading or believing a DTD,
 * XInclude, recovery, sizes beyond the usual limits.
 */
const OPTIONS = (1 << 11) | (1 << 23) | (1 << 25);

function openDocument(parser: XmlParser, bytes: Uint8Array): OpenDocument {
  const { library } = parser;
  const faults: ErrorDetail[] = [];
  const context = library.xmlNewParserCtxt();
  const collected = library.error.storage.allocate(faults);
  library.xmlCtxtSetErrorHandler(context, library.error.errorCollector, collected);
  const pointer = library.xmlReadMemory(context, bytes, null, null, OPTIONS);
  library.error.storage.free(collected);
  library.xmlFreeParserCtxt(context);
  const [fault] = faults;
  // A warning refuses as well: a parser in doubt is a parser that others may differ from.
  if (pointer !== 0 && fault === undefined) {
    const close = () => library.xmlFreeDoc(pointer);
    return { root: library.xmlDocGetRootElement(pointer), pointer, parser, namespaces: new Map(), close };
  }
  if (pointer !== 0) library.xmlFreeDoc(pointer);
  throw new TokenRefusal(
    'malformed',
    `it is not well-formed XML: ${shown(fault?.message.trim() ?? 'nothing was read')}`,
  );
}

/** The whole of a document as plain data. @throws TokenRefusal malformed */
export function readDocument(parser: XmlParser, bytes: Uint8Array): XmlElement {
  const open = parser.open(bytes);
  try {
    return readElement(open, open.root);
  } finally {
    open.close();
  }
}

/** The element and all it contains. Text is what all text nodes hold together (CVE-2017-11427 read the first one alone). */
export function readElement(open: OpenDocument, node: Node): XmlElement {
  const { XmlNodeStruct, xmlNodeGetContent } = open.parser.library;
  const children: XmlElement[] = [];
  let text = '';
  for (let child = XmlNodeStruct.children(node); child !== 0; child = XmlNodeStruct.next(child)) {
    const type = XmlNodeStruct.type(child);
    if (type === ELEMENT) children.push(readElement(open, child));
    else if (type === TEXT) text += xmlNodeGetContent(child);
    // Only metadata holds comments: of an assertion the byte gate has none left.
    else if (type !== COMMENT) throw new TokenRefusal('malformed', 'it holds more than elements and text');
  }
  return asElement(open, node, children, text);
}

/** The element itself with its attributes, without what it contains. */
export const readHead = (open: OpenDocument, node: Node): XmlElement => asElement(open, node, [], '');

function asElement(open: OpenDocument, node: Node, children: readonly XmlElement[], text: string): XmlElement {
  const { XmlNodeStruct, xmlNodeGetContent } = open.parser.library;
  const attributes: XmlAttribute[] = [];
  for (let one = XmlNodeStruct.properties(node); one !== 0; one = XmlNodeStruct.next(one)) {
    const value = xmlNodeGetContent(one);
    attributes.push({ name: XmlNodeStruct.name_(one), namespace: namespaceOf(open, one), value });
  }
  return { name: XmlNodeStruct.name_(node), namespace: namespaceOf(open, node), attributes, children, text };
}

/** The few names of namespaces are read once for each declaration, not for each element. */
function namespaceOf({ parser: { library }, namespaces }: OpenDocument, node: Node): string {
  const declaration = library.XmlNodeStruct.namespace(node);
  if (declaration === 0) return '';
  const name = namespaces.get(declaration) ?? library.XmlNsStruct.href(declaration);
  namespaces.set(declaration, name);
  return name;
}

export function childNodes({ parser: { library } }: OpenDocument, node: Node): Node[] {
  const { XmlNodeStruct } = library;
  const children: Node[] = [];
  for (let child = XmlNodeStruct.children(node); child !== 0; child = XmlNodeStruct.next(child)) {
    if (XmlNodeStruct.type(child) === ELEMENT) children.push(child);
  }
  return children;
}

/** Nothing may hold on to the node, nor to what it declares. */
export function removeNode({ parser: { library }, namespaces }: OpenDocument, node: Node): void {
  library.xmlUnlinkNode(node);
  library.xmlFreeNode(node);
  namespaces.clear();
}

/**
 * The canonical form of one element. It is taken out of the document first: what stands beside it, which nobody has signed,
 * costs nothing.
 * @param prefixes InclusiveNamespaces PrefixList
 * @throws TokenRefusal malformed, where there is no canonical form
 */
export function canonicalizeAlone(open: OpenDocument, prefixes: readonly string[], node: Node): Buffer {
  const { xmlFreeDoc, xmlNewDoc, xmlDocSetRootElement } = open.parser.library;
  declareInScope(open, prefixes, node);
  const alone = xmlNewDoc();
  xmlDocSetRootElement(alone, node);
  try {
    return canonicalize({ ...open, pointer: alone }, prefixes);
  } finally {
    xmlFreeDoc(alone);
  }
}

/** Listed prefixes count as their ancestors declare them (Exclusive XML Canonicalization section 3). */
function declareInScope({ pointer, parser: { library } }: OpenDocument, prefixes: readonly string[], node: Node): void {
  for (const listed of prefixes) {
    const prefix = listed === '#default' ? undefined : listed;
    const declaration = library.xmlSearchNs(pointer, node, prefix ?? null);
    // Where the element declares the prefix itself this does nothing.
    if (declaration !== 0) library.xmlNewNs(node, library.XmlNsStruct.href(declaration), prefix);
  }
}

/**
 * Each element repeats the names of the namespaces that it uses, so that the form may be many times as long as the document. Real ones
 * are twice as long at most.
 */
const MAX_CANONICAL_BYTES = 524_288;

/**
 * Exclusive XML Canonicalization 1.0 of the whole document, without comments.
 * @param prefixes InclusiveNamespaces PrefixList
 * @throws TokenRefusal malformed, where there is no canonical form
 */
export function canonicalize({ pointer, parser }: OpenDocument, prefixes: readonly string[]): Buffer {
  const { library } = parser;
  const chunks: Buffer[] = [];
  let length = 0;
  const write = (chunk: Uint8Array) => {
    length += chunk.length;
    // libxml2 writes no more after a failure.
    return length > MAX_CANONICAL_BYTES ? -1 : chunks.push(Buffer.from(chunk)) && chunk.length;
  };
  const output = library.xmlOutputBufferCreateIO({ write, close: () => true });
  const list = prefixes.length === 0 ? 0 : library.allocCStringArray([...prefixes]);
  const result = library.xmlC14NExecute(pointer, 0, 0, EXCLUSIVE_C14N, list, 0, output);
  if (list !== 0) library.free(list);
  library.xmlOutputBufferClose(output);
  if (length > MAX_CANONICAL_BYTES)
    throw new TokenRefusal('malformed', `its canonical form has more than ${MAX_CANONICAL_BYTES} bytes`);
  // Nothing, or the half that was written before canonicalization failed (at a relative namespace name), must never pass
  // for the canonical form of something (CVE-2025-66568).
  if (result < 0 || chunks.length === 0) throw new TokenRefusal('malformed', 'it has no canonical form');
  return Buffer.concat(chunks);
}

/** Of libxml2: kinds of nodes, and a mode of canonicalization. */
const ELEMENT = 1;
const TEXT = 3;
const COMMENT = 8;
const EXCLUSIVE_C14N = 1;

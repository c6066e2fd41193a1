// The one XML parser (libxml2), which verification and reading share. Loaded with the first assertion, so that a server
// without SAML never pays for it. The bindings are used below their classes, which hold each node in an object and each
// document in a weak reference: that cost almost a third of the processor time of an assertion (bench/saml.ts).
import type { ErrorDetail, XmlOutputBufferHandler } from 'libxml2-wasm';
import { TokenRefusal } from '../primitives/refusal.ts';
import { shown, type XmlAttribute, type XmlElement } from './element.ts';

/** Its types leave out two functions that it has. */
type Library = typeof import('libxml2-wasm/lib/libxml2.mjs') & {
  readonly addFunction: (callback: (data: number, node: Node, parent: Node) => 0 | 1, signature: string) => number;
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
  /** Calls back for what is inside the one element that is canonicalized. */
  readonly selection: Selection;
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
      const selection = createSelection(library);
      const parser: XmlParser = { library, selection, open: (bytes) => openDocument(parser, bytes) };
      requireKnownAnswer(parser);
      return parser;
    });
    return loading;
  };
}

/** A document whose reading and canonical forms are known: what the bindings keep inside may move from version to version. */
function requireKnownAnswer(parser: XmlParser): void {
  const open = parser.open(Buffer.from('<a z="1" xmlns:b="urn:b" b:y="&#65;"><b:c/>t<?p?></a>'));
  const [child = 0] = childNodes(open, open.root);
  const answer = [
    canonicalize(open, [], child).toString(),
    canonicalize(open, []).toString(),
    JSON.stringify(readHead(open, open.root).attributes),
  ].join('\n');
  open.close();
  if (answer !== KNOWN_ANSWER) throw new Error('this version of libxml2-wasm is not known to the server');
}

const KNOWN_ANSWER = `<b:c xmlns:b="urn:b"></b:c>
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
 * Exclusive XML Canonicalization 1.0 without comments: of the whole document, or of one element in it.
 * @param prefixes InclusiveNamespaces PrefixList
 * @throws TokenRefusal malformed, where there is no canonical form
 */
export function canonicalize({ pointer, parser }: OpenDocument, prefixes: readonly string[], only?: Node): Buffer {
  const { library, selection } = parser;
  const chunks: Buffer[] = [];
  const write = (chunk: Uint8Array) => chunks.push(Buffer.from(chunk)) && chunk.length;
  const output = library.xmlOutputBufferCreateIO({ write, close: () => true });
  const list = prefixes.length === 0 ? 0 : library.allocCStringArray([...prefixes]);
  const callback = only === undefined ? 0 : selection.of(only);
  const result = library.xmlC14NExecute(pointer, callback, 0, EXCLUSIVE_C14N, list, 0, output);
  if (list !== 0) library.free(list);
  library.xmlOutputBufferClose(output);
  // Nothing, or the half that was written before canonicalization failed (at a relative namespace name), must never pass
  // for the canonical form of something (CVE-2025-66568).
  if (result < 0 || chunks.length === 0) throw new TokenRefusal('malformed', 'it has no canonical form');
  return Buffer.concat(chunks);
}

interface Selection {
  /** @returns the number, in the function table of WebAssembly, of the callback that selects the element and all inside it */
  readonly of: (element: Node) => number;
}

/** One callback for all: an entry of the function table is never given back, and canonicalization is not interrupted. */
function createSelection(library: Library): Selection {
  /** What is inside the element, as far as canonicalization has come: it meets parents first. */
  let inside = new Set<Node>();
  const isInside = (_: number, node: Node, parent: Node): 0 | 1 => {
    if (inside.has(node)) return 1;
    if (!inside.has(parent)) return 0;
    inside.add(node);
    return 1;
  };
  const callback = library.addFunction(isInside, 'iiii');
  return {
    of: (element) => {
      inside = new Set([element]);
      return callback;
    },
  };
}

/** Of libxml2: kinds of nodes, and a mode of canonicalization. */
const ELEMENT = 1;
const TEXT = 3;
const COMMENT = 8;
const EXCLUSIVE_C14N = 1;

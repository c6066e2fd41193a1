// The XML parser, libxml2, for verification and reading. It is loaded with the first assertion. This code calls the low-level
// bindings: the classes above them, with an object for each node, cost almost a third of the time of an assertion (bench/saml.ts).
import type { ErrorDetail, XmlOutputBufferHandler } from 'libxml2-wasm';
import { TokenRefusal } from '../primitives/refusal.ts';
import { excerpt, type XmlAttribute, type XmlElement } from './element.ts';

/** The published types lack one function. */
type Library = typeof import('libxml2-wasm/lib/libxml2.mjs') & {
  readonly xmlOutputBufferCreateIO: (handler: XmlOutputBufferHandler) => number;
};

/** The address of an element in the memory of libxml2, valid while its document is open. */
export type Node = number;

/** A parsed document. Its memory is not garbage-collected: close it, once. */
export interface OpenDocument {
  readonly root: Node;
  readonly pointer: number;
  readonly parser: XmlParser;
  /** Names of namespaces by the address of their declaration. */
  readonly namespaces: Map<number, string>;
  readonly close: () => void;
}

export interface XmlParser {
  readonly library: Library;
  /** Parses without DTD, entities, XInclude and network. @throws TokenRefusal malformed */
  readonly open: (bytes: Uint8Array) => OpenDocument;
}

/** @throws Error if the installed bindings are not supported */
export type XmlLoader = () => Promise<XmlParser>;

/** The first call loads the parser, later calls return the same one. The first in a process compiles 1 MB of WebAssembly. */
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

/** Compares a document with its known reading and canonical forms: a version of the bindings may change their internals. */
function requireKnownAnswer(parser: XmlParser): void {
  const open = parser.open(
    Buffer.from('<a z="1" xmlns:b="urn:b" xmlns:c="urn:c" xmlns:d="urn:d" b:y="&#65;"><b:c/>t<?p?></a>'),
  );
  const [child = 0] = childNodes(open, open.root);
  const { attributes } = readHead(open, open.root);
  const whole = canonicalize(open, []);
  const answer = [canonicalizeAlone(open, ['b', 'c'], child), whole, JSON.stringify(attributes)].join('\n');
  open.close();
  if (answer !== KNOWN_ANSWER)
    throw new Error(
      'this version of libxml2-wasm gives unexpected results: install the version that package.json of cambio names',
    );
}

const KNOWN_ANSWER = `<b:c xmlns:b="urn:b" xmlns:c="urn:c"></b:c>
<a xmlns:b="urn:b" z="1" b:y="A"><b:c></b:c>t<?p?></a>
[{"name":"z","namespace":"","value":"1"},{"name":"y","namespace":"urn:b","value":"A"}]`;

/**
 * XML_PARSE_NONET, NO_XXE and NO_SYS_CATALOG. The options that are not set would substitute entities, load DTDs, process XInclude,
 * recover from errors, or raise the usual limits.
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
  // A warning refuses the document, too: other parsers may read it differently.
  if (pointer !== 0 && fault === undefined) {
    const close = () => library.xmlFreeDoc(pointer);
    return { root: library.xmlDocGetRootElement(pointer), pointer, parser, namespaces: new Map(), close };
  }
  if (pointer !== 0) library.xmlFreeDoc(pointer);
  throw new TokenRefusal(
    'malformed',
    `it is not well-formed XML: ${excerpt(fault?.message.trim() ?? 'nothing was read')}`,
  );
}

/** Reads a whole document as plain data. @throws TokenRefusal malformed */
export function readDocument(parser: XmlParser, bytes: Uint8Array): XmlElement {
  const open = parser.open(bytes);
  try {
    return readElement(open, open.root);
  } finally {
    open.close();
  }
}

/** Reads an element and everything in it. `text` joins all text nodes (CVE-2017-11427: only the first one was read). */
export function readElement(open: OpenDocument, node: Node): XmlElement {
  const { XmlNodeStruct, xmlNodeGetContent } = open.parser.library;
  const children: XmlElement[] = [];
  let text = '';
  for (let child = XmlNodeStruct.children(node); child !== 0; child = XmlNodeStruct.next(child)) {
    const type = XmlNodeStruct.type(child);
    if (type === ELEMENT) children.push(readElement(open, child));
    else if (type === TEXT) text += xmlNodeGetContent(child);
    // Only metadata files can hold comments: the byte gate refuses assertions that do.
    else if (type !== COMMENT) throw new TokenRefusal('malformed', 'it holds more than elements and text');
  }
  return asElement(open, node, children, text);
}

/** Reads an element with its attributes, without its content. */
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

/** Reads the name of a namespace once for each declaration, not for each element. */
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

/** Frees the node: the caller must not use it or its declarations again. */
export function removeNode({ parser: { library }, namespaces }: OpenDocument, node: Node): void {
  library.xmlUnlinkNode(node);
  library.xmlFreeNode(node);
  namespaces.clear();
}

/**
 * Canonicalizes one element. It is moved out of the document first, so that the unsigned content around it costs nothing.
 * @param prefixes InclusiveNamespaces PrefixList
 * @throws TokenRefusal malformed if it cannot be canonicalized
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

/** Copies the declarations of listed prefixes from the ancestors (Exclusive XML Canonicalization section 3). */
function declareInScope({ pointer, parser: { library } }: OpenDocument, prefixes: readonly string[], node: Node): void {
  for (const listed of prefixes) {
    const prefix = listed === '#default' ? undefined : listed;
    const declaration = library.xmlSearchNs(pointer, node, prefix ?? null);
    // Does nothing if the element declares the prefix itself.
    if (declaration !== 0) library.xmlNewNs(node, library.XmlNsStruct.href(declaration), prefix);
  }
}

/**
 * In canonical form each element repeats the namespaces that it uses, so the form can be many times longer than the document. Real
 * ones are up to twice as long.
 */
const MAX_CANONICAL_BYTES = 524_288;

/**
 * Canonicalizes the whole document (Exclusive XML Canonicalization 1.0 without comments).
 * @param prefixes InclusiveNamespaces PrefixList
 * @throws TokenRefusal malformed if it cannot be canonicalized
 */
export function canonicalize({ pointer, parser }: OpenDocument, prefixes: readonly string[]): Buffer {
  const { library } = parser;
  const chunks: Buffer[] = [];
  let length = 0;
  const write = (chunk: Uint8Array) => {
    length += chunk.length;
    // libxml2 stops writing after -1.
    return length > MAX_CANONICAL_BYTES ? -1 : chunks.push(Buffer.from(chunk)) && chunk.length;
  };
  const output = library.xmlOutputBufferCreateIO({ write, close: () => true });
  const list = prefixes.length === 0 ? 0 : library.allocCStringArray([...prefixes]);
  const result = library.xmlC14NExecute(pointer, 0, 0, EXCLUSIVE_C14N, list, 0, output);
  if (list !== 0) library.free(list);
  library.xmlOutputBufferClose(output);
  if (length > MAX_CANONICAL_BYTES)
    throw new TokenRefusal('malformed', `its canonical form has more than ${MAX_CANONICAL_BYTES} bytes`);
  // Canonicalization fails at a relative namespace name. The output so far, which may be empty, must not count as the
  // canonical form (CVE-2025-66568).
  if (result < 0 || chunks.length === 0) throw new TokenRefusal('malformed', 'it has no canonical form');
  return Buffer.concat(chunks);
}

/** Constants of libxml2: types of nodes, and the mode of canonicalization. */
const ELEMENT = 1;
const TEXT = 3;
const COMMENT = 8;
const EXCLUSIVE_C14N = 1;

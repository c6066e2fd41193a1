// The one XML parser (libxml2), which verification and reading share. Loaded with the first assertion, so that a server
// without SAML never pays for it. The bindings are used below their classes, which hold each node in an object and each
// document in a weak reference: that cost a quarter of the time of an assertion (bench/saml.ts).
import { TokenRefusal } from '../primitives/refusal.ts';
import { shown, type XmlAttribute, type XmlElement } from './element.ts';

type Library = typeof import('libxml2-wasm/lib/libxml2.mjs');

/** Where an element stands in the memory of libxml2, as long as its document is open. */
export type Node = number;

/** A parsed document, in memory that no garbage collector frees: close it, once. */
export interface OpenDocument {
  readonly root: Node;
  readonly pointer: number;
  readonly parser: XmlParser;
  readonly close: () => void;
}

export interface XmlParser {
  readonly library: Library;
  /** The number of `isInside` in the function table of WebAssembly. */
  readonly visible: number;
  /** Without DTD, entities, XInclude and network. @throws TokenRefusal malformed */
  readonly open: (bytes: Uint8Array) => OpenDocument;
}

let loading: Promise<XmlParser> | undefined;

/** The parser; the first call compiles 1 MB of WebAssembly. @throws Error where the bindings are not those we know */
export function loadParser(): Promise<XmlParser> {
  loading ??= import('libxml2-wasm/lib/libxml2.mjs').then((library) => {
    const visible = library.addFunction(isInside, 'iiii');
    const parser: XmlParser = { library, visible, open: (bytes) => openDocument(parser, bytes) };
    requireKnownAnswer(parser);
    return parser;
  });
  return loading;
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
  const faults: { message: string }[] = [];
  const context = library.xmlNewParserCtxt();
  const collected = library.error.storage.allocate(faults as never);
  library.xmlCtxtSetErrorHandler(context, library.error.errorCollector, collected);
  const pointer = library.xmlReadMemory(context, bytes, null, null, OPTIONS);
  library.error.storage.free(collected);
  library.xmlFreeParserCtxt(context);
  const [fault] = faults;
  // A warning refuses as well: a parser in doubt is a parser that others may differ from.
  if (pointer !== 0 && fault === undefined) {
    const close = () => library.xmlFreeDoc(pointer);
    return { root: library.xmlDocGetRootElement(pointer), pointer, parser, close };
  }
  if (pointer !== 0) library.xmlFreeDoc(pointer);
  throw new TokenRefusal('malformed', `it is not well-formed XML: ${shown(fault?.message.trim() ?? 'nothing was read')}`);
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

// Takes the description of each key of the configuration file from the tables of docs/reference/configuration.md.

/** The keys of the table under each heading stand below these paths. `#1` is the second kind of entries. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  'The top': [''],
  include: ['include[].'],
  server: ['server.'],
  keys: ['keys.'],
  audit: ['audit.'],
  sinks: ['audit.stream[].'],
  branding: ['branding.'],
  resources: ['resources[].'],
  clients: ['clients[].'],
  regions: ['regions.'],
  accounts: ['accounts[].'],
  upstream: ['upstream.'],
  issuers: ['issuers[].'],
  'SAML identity providers': ['issuers[]#1.'],
  rules: ['rules[].'],
  'subject, actor': ['rules[].subject.', 'rules[].actor.'],
  grant: ['rules[].grant.'],
  'Rules that deny': ['rules[]#1.'],
  tests: ['rules[].tests[].'],
  'tokens of tests': ['rules[].tests[].subject.', 'rules[].tests[].actor.'],
};

/** A row that only says where the same key of another kind of entries is described. */
const ELSEWHERE = /^(?:as above|as in a rule that allows)$/;

/** @param page the text of docs/reference/configuration.md @returns JSON: path of each key → description */
export function keyDescriptions(page: string): string {
  const found: Record<string, string> = {};
  for (const [, title = '', section = ''] of page.matchAll(/^##+ (.*)\n([\s\S]*?)(?=^##|$(?![\s\S]))/gm)) {
    for (const [, names = '', otherwise = '', meaning = ''] of section.matchAll(
      /^\| (`.*?) \| ?(.*?) ?\| (.*) \|$/gm,
    )) {
      if (ELSEWHERE.test(meaning.trim())) continue;
      for (const place of PLACES[title] ?? [])
        for (const [, name = ''] of names.matchAll(/`([\w.]+)`/g)) found[place + name] = describe(meaning, otherwise);
    }
  }
  return `${JSON.stringify(found, null, 2)}\n`;
}

/** @param otherwise the cell about the default. The schema has the value of a default, so only words are added */
function describe(meaning: string, otherwise: string): string {
  const text = asSentence(plain(meaning));
  if (otherwise === '' || otherwise === 'required' || /^`[^`]*`(?:, `[^`]*`)*$/.test(otherwise)) return text;
  return /^(?:of|one of|required)\b/.test(otherwise)
    ? `${text} ${asSentence(plain(otherwise))}`
    : `${text} Default: ${plain(otherwise)}.`;
}

const asSentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

/** Links become their text, except those to a place further down. */
const plain = (markdown: string): string =>
  markdown
    .replace(/,? (?:see )?(?:\[below\]\([^)]+\)|below)$/, '')
    .replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .trim();

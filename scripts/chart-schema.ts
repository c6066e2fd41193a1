// Writes the part of deploy/helm/values.schema.json that is the server's own schema: helm then refuses a misspelled key of `config`, too.
/** @param before the current file, whose other parts are written by hand @param server the schema of the configuration file */
export function chartSchema(before: string, server: object): string {
  const { $schema, $defs, ...config } = server as Readonly<Record<string, unknown>>;
  const values = JSON.parse(before);
  const parts = new Map([
    ['config', rulesOf(config)],
    ['$defs', rulesOf($defs)],
  ]);
  const written = { ...values, properties: { ...values.properties, config: 'config' }, $defs: '$defs' };
  // Each on one line, so that the file shows what is written by hand.
  const text = JSON.stringify(written, null, 2).replaceAll(/^( +"(config|\$defs)": )"\2"/gm, (_, key, name) => {
    return `${key}${JSON.stringify(parts.get(name))}`;
  });
  return `${text}\n`;
}

/** Members whose own members are names and not keywords. */
const NAMED: ReadonlySet<string> = new Set(['properties', '$defs', 'patternProperties', 'dependentRequired']);
/** Members for people. */
const TEXTS: ReadonlySet<string> = new Set(['description', 'examples', 'title']);

/** The schema without its texts: three quarters of it, and each release of the chart is stored in the cluster. */
function rulesOf(schema: unknown, areNames = false): unknown {
  if (Array.isArray(schema)) return schema.map((one) => rulesOf(one));
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([name]) => areNames || !TEXTS.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, rulesOf(value, !areNames && NAMED.has(name))]));
}

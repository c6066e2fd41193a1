// Reads JSON that others wrote.

/** The members of an object; none for any other text. The error of `JSON.parse` would contain a part of the text. */
export function membersOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

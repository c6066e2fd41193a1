// Parses the part of DER (X.690) that names in certificates need: tags, lengths, object identifiers.

export interface Der {
  readonly tag: number;
  readonly content: Buffer;
}

/** Parses consecutive values. @throws RangeError if the lengths do not add up */
export function readDer(bytes: Buffer): readonly Der[] {
  const values: Der[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes.readUInt8(at);
    const short = bytes.readUInt8(at + 1);
    const size = short < 0x80 ? 0 : short & 0x7f;
    const length = short < 0x80 ? short : bytes.readUIntBE(at + 2, size);
    const from = at + 2 + size;
    at = from + length;
    if (at > bytes.length) throw new RangeError('a value is longer than what holds it');
    values.push({ tag, content: bytes.subarray(from, at) });
  }
  return values;
}

/** The values inside a value; empty if there is none. */
export const inside = (value: Der | undefined): readonly Der[] => readDer(value?.content ?? Buffer.alloc(0));

/** Formats an object identifier, such as `2.5.4.3` (X.690 section 8.19). */
export function readObjectIdentifier(content: Buffer): string {
  const numbers: bigint[] = [];
  let number = 0n;
  for (const byte of content) {
    number = (number << 7n) | BigInt(byte & 0x7f);
    if (byte >= 0x80) continue;
    numbers.push(number);
    number = 0n;
  }
  const [first = 0n, ...others] = numbers;
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...others].join('.');
}

/** Encodings of the kinds of text: UTF8String, NumericString, PrintableString, TeletexString, IA5String, BMPString. */
const ENCODINGS: Readonly<Record<number, string>> = {
  12: 'utf-8',
  18: 'latin1',
  19: 'latin1',
  20: 'latin1',
  22: 'latin1',
  30: 'utf-16be',
};

/** @returns undefined if the value is not text. @throws TypeError if the bytes are not in their encoding */
export function decodeText({ tag, content }: Der): string | undefined {
  const encoding = ENCODINGS[tag];
  return encoding === undefined
    ? undefined
    : new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(content);
}

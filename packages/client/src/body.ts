// Reads the body of an answer, up to a limit: a server must not fill the memory of its clients.
import { ExchangeError } from './errors.ts';

const MAX_BODY_BYTES = 1024 * 1024;

/** @throws ExchangeError invalid_answer for a body that is longer than the limit, or the error of a connection that broke */
export async function textOfBody({ body, status }: Response): Promise<string> {
  if (body === null) return '';
  const reader = body.getReader();
  let [whole, bytes] = [new Uint8Array(), 0];
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const end = bytes + part.value.byteLength;
    if (end > MAX_BODY_BYTES) {
      // It may never end, so nobody waits for it.
      reader.cancel().catch(() => undefined);
      throw new ExchangeError('invalid_answer', 'server', `the answer has more than ${MAX_BODY_BYTES} bytes`, {
        status,
      });
    }
    whole = bytes === 0 ? part.value : withPart(whole, bytes, part.value);
    bytes = end;
  }
  return decoder.decode(whole.subarray(0, bytes));
}

const decoder = new TextDecoder();

/** The memory doubles when it is full: a server may send each byte alone. */
function withPart(whole: Uint8Array<ArrayBuffer>, length: number, part: Uint8Array): Uint8Array<ArrayBuffer> {
  const end = length + part.byteLength;
  const larger = end > whole.length ? new Uint8Array(Math.max(end, whole.length * 2)) : whole;
  if (larger !== whole) larger.set(whole.subarray(0, length));
  larger.set(part, length);
  return larger;
}

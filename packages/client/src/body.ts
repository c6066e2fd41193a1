// Reads the body of an answer, up to a limit: a server must not fill the memory of its clients.
import { ExchangeError } from './errors.ts';

const MAX_BODY_BYTES = 1024 * 1024;

/** @throws ExchangeError invalid_answer for a body that is longer than the limit, or the error of a connection that broke */
export async function textOfBody({ body, status }: Response): Promise<string> {
  if (body === null) return '';
  const reader = body.getReader();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    bytes += part.value.byteLength;
    if (bytes > MAX_BODY_BYTES) {
      // It may never end, so nobody waits for it.
      reader.cancel().catch(() => undefined);
      throw new ExchangeError('invalid_answer', 'server', `the answer has more than ${MAX_BODY_BYTES} bytes`, {
        status,
      });
    }
    parts.push(part.value);
  }
  return decoder.decode(joined(parts, bytes));
}

const decoder = new TextDecoder();

/** Most answers have one part. */
function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = parts;
  if (first?.byteLength === length) return first;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

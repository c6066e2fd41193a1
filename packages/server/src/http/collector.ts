// Collects the pieces of one body in one buffer, within limits: a piece that is kept by itself takes a hundred bytes and more.
import type { IncomingMessage } from 'node:http';

export interface Collector {
  /** @returns false above a limit: too many bytes, pieces, or bytes of framing */
  readonly add: (piece: Buffer) => boolean;
  /** The bytes that were collected. */
  readonly bytes: () => Buffer;
  /** The memory in use. */
  readonly held: () => number;
  /** Frees the memory. Pieces are only counted from now on. */
  readonly drop: () => void;
}

/** The pieces that any body may have. It may have one more for each 256 bytes. A piece takes as much time as a short body. */
const MAX_SMALL_PIECES = 1024;
const BYTES_OF_A_PIECE = 256;
/**
 * The maximum of chunked framing: sizes and extensions of chunks. Node limits the extensions of one chunk, not of all. The limit is
 * approximate, because a socket is read 65,536 bytes at once.
 */
const MAX_FRAMING_BYTES = 131_072;
/** The minimum size of the buffer, which the second piece allocates. */
const MIN_BUFFER_BYTES = 4096;

const NOTHING = Buffer.alloc(0);

/**
 * @param most bytes of the body
 * @param hold is called with the bytes of memory that are taken, or negative if they are freed
 */
export function createCollector(
  most: number,
  { socket, headers }: IncomingMessage,
  hold: (bytes: number) => void,
): Collector {
  const isChunked = headers['transfer-encoding'] !== undefined;
  const readBefore = isChunked ? socket.bytesRead : 0;
  let buffer: Buffer = NOTHING;
  let length = 0;
  let pieces = 0;
  let isDropped = false;

  const isTooMuch = (): boolean =>
    length > most ||
    pieces > MAX_SMALL_PIECES + length / BYTES_OF_A_PIECE ||
    (isChunked && socket.bytesRead - readBefore - length > MAX_FRAMING_BYTES);

  const keep = (piece: Buffer): void => {
    const before = buffer.length;
    const at = length - piece.length;
    if (at === 0) buffer = piece;
    else if (length > before) {
      const larger = Buffer.allocUnsafeSlow(Math.min(most, Math.max(MIN_BUFFER_BYTES, 2 * length)));
      buffer.copy(larger, 0, 0, at);
      buffer = larger;
    }
    if (at > 0) piece.copy(buffer, at);
    if (buffer.length > before) hold(buffer.length - before);
  };
  return {
    add: (piece) => {
      length += piece.length;
      pieces++;
      if (isTooMuch()) return false;
      if (!isDropped) keep(piece);
      return true;
    },
    bytes: () => (buffer.length === length ? buffer : buffer.subarray(0, length)),
    held: () => buffer.length,
    drop: () => {
      isDropped = true;
      hold(-buffer.length);
      buffer = NOTHING;
    },
  };
}

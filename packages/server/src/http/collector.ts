// Collects the pieces of one body in one buffer, within limits: a piece that is kept by itself takes a hundred bytes and more.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

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

export class Collector {
  readonly #most: number;
  readonly #socket: Socket;
  readonly #hold: (bytes: number) => void;
  /** Bytes of the connection before the body; undefined if the body is not chunked. */
  readonly #readBefore: number | undefined;
  #buffer: Buffer = NOTHING;
  #length = 0;
  #pieces = 0;
  #isDropped = false;

  /**
   * @param most bytes of the body
   * @param hold is called with the bytes of memory that are taken, or negative if they are freed
   */
  constructor(most: number, { socket, headers }: IncomingMessage, hold: (bytes: number) => void) {
    this.#most = most;
    this.#socket = socket;
    this.#hold = hold;
    this.#readBefore = headers['transfer-encoding'] === undefined ? undefined : socket.bytesRead;
  }

  /** @returns false above a limit: too many bytes, pieces, or bytes of framing */
  add(piece: Buffer): boolean {
    this.#length += piece.length;
    this.#pieces++;
    if (this.#isTooMuch()) return false;
    if (!this.#isDropped) this.#keep(piece);
    return true;
  }

  /** The bytes that were collected. */
  bytes(): Buffer {
    return this.#buffer.length === this.#length ? this.#buffer : this.#buffer.subarray(0, this.#length);
  }

  /** The memory in use. */
  held(): number {
    return this.#buffer.length;
  }

  /** Frees the memory. Pieces are only counted from now on. */
  drop(): void {
    this.#isDropped = true;
    this.#hold(-this.#buffer.length);
    this.#buffer = NOTHING;
  }

  #isTooMuch(): boolean {
    return (
      this.#length > this.#most ||
      this.#pieces > MAX_SMALL_PIECES + this.#length / BYTES_OF_A_PIECE ||
      (this.#readBefore !== undefined && this.#socket.bytesRead - this.#readBefore - this.#length > MAX_FRAMING_BYTES)
    );
  }

  #keep(piece: Buffer): void {
    const before = this.#buffer.length;
    const at = this.#length - piece.length;
    if (at === 0) this.#buffer = piece;
    else if (this.#length > before) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.#most, Math.max(MIN_BUFFER_BYTES, 2 * this.#length)));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    if (at > 0) piece.copy(this.#buffer, at);
    if (this.#buffer.length > before) this.#hold(this.#buffer.length - before);
  }
}

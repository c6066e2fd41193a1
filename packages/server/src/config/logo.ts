// Reads logos: images from files beside the configuration, or `data:` URIs. Pages hold them inline, so that no page loads anything.
import { statSync } from 'node:fs';
import { describeFailure } from '../primitives/failure.ts';
import type { Path } from './fault.ts';
import { findFile, type Surroundings } from './source.ts';

/** A page holds at most two logos. */
const MAX_LOGO_BYTES = 32_768;

const FORMS = 'a PNG, JPEG, WebP or SVG image';

/** The first bytes of each image type. The name of a file is ignored. */
const types: readonly (readonly [type: string, first: RegExp])[] = [
  ['image/png', /^\x89PNG/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/webp', /^RIFF[\s\S]{4}WEBP/],
  ['image/svg+xml', /^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->)[\s\S])*-->\s*)*<svg[\s>]/],
];

const DATA_URI = /^data:(image\/[a-z+]+);base64,([A-Za-z0-9+/]+={0,2})$/;

/** @returns the image as a `data:` URI; undefined after reporting a fault */
export function readLogo(source: string, path: Path, around: Surroundings): string | undefined {
  const complain = (message: string): undefined => around.complain(path, message) as undefined;
  if (source.startsWith('data:')) {
    const problem = dataUriProblem(source);
    return problem === undefined ? source : complain(problem);
  }
  if (/^[a-z]+:\/\//i.test(source))
    return complain(
      `${source} is on another server, and pages load nothing. Save the image beside this file: logo.png`,
    );
  const file = findFile(source, path, around);
  if (file === undefined) return undefined;
  const image = readImage(file, path, around);
  if (typeof image === 'string') return complain(`${source} ${image}`);
  const type = typeOf(image);
  if (type === undefined) return complain(`${source} is not ${FORMS}`);
  return `data:${type};base64,${image.toString('base64')}`;
}

/** @returns why the file is not a logo */
function readImage(file: string, path: Path, { inputs }: Surroundings): Buffer | string {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) return 'is not a file';
    return stats.size > MAX_LOGO_BYTES ? tooLarge(stats.size) : inputs.read(file, path);
  } catch (error) {
    return `cannot be read: ${describeFailure(error)}`;
  }
}

const tooLarge = (bytes: number): string =>
  `has ${bytes} bytes, and a logo may have ${MAX_LOGO_BYTES}. Use a smaller image: pages show it 44 pixels high`;

const typeOf = (image: Buffer): string | undefined => {
  const start = image.subarray(0, 4096).toString('latin1');
  return types.find(([, first]) => first.test(start))?.[0];
};

/** @returns the fault of a `data:` URI that a page will show as an image; undefined if it has none */
export function dataUriProblem(uri: string): string | undefined {
  const [, type, base64 = ''] = DATA_URI.exec(uri) ?? [];
  if (type === undefined) return `is not ${FORMS}. Write it as data:image/png;base64,… (RFC 2397)`;
  const image = Buffer.from(base64, 'base64');
  if (image.length > MAX_LOGO_BYTES) return tooLarge(image.length);
  const actual = typeOf(image);
  if (actual === undefined) return `is not ${FORMS}`;
  return actual === type ? undefined : `is an image of the type ${actual}, not ${type}`;
}

// The branding of the pages is checked with the file: the contrast of colours, the type and size of logos, the addresses of websites.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigurationError } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { PIXEL } from '../support/every-page.ts';
import { temporaryFolder } from '../support/program.ts';

const pixel = Buffer.from(PIXEL.split(',')[1] ?? '', 'base64');

/** @returns the faults, or the branding and the clients */
async function read(folder: string, yaml: string) {
  try {
    const text = `issuer: https://login.example\n${yaml}`;
    const { branding, clients } = await parseConfiguration(text, {
      file: join(folder, 'cambio.yaml'),
      environment: {},
    });
    return { branding, client: clients.get('web'), faults: [] };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { faults: error.faults.map(({ path, message }) => `${path}: ${message}`) };
  }
}

test('refuses a colour that is too light for white text, and names a darker one', async (t) => {
  const folder = temporaryFolder(t);
  const faultsOf = async (color: string) => (await read(folder, `branding: { color: ${color} }`)).faults;
  for (const color of ["'#1f5a4d'", "'#000'", "'#767676'", "'#B00020'"])
    assert.deepEqual(await faultsOf(color), [], color);
  assert.deepEqual(await faultsOf("'#ffe000'"), [
    "branding.color: #ffe000 is too light: its contrast with white is 1.31:1, and text needs 4.5:1 (WCAG 2.2). A darker one is '#857400'.",
  ]);
  assert.match(String(await faultsOf("'#777777'")), /its contrast with white is 4\.47:1.*'#7[0-9a-f]{5}'/);
  for (const color of ['red', "'#12345'", "'rgb(0,0,0)'", "'#1f5a4d;}body{display:none'"]) {
    const [fault = '', ...others] = await faultsOf(color);
    assert.match(
      fault,
      /^branding\.color: “.*” is not a colour\. Write # and six hexadecimal digits in quotes, such as '#1f5a4d'\.$/,
    );
    assert.deepEqual(others, []);
  }
});

test('accepts a logo whose first bytes are those of an image, up to the maximum size', async (t) => {
  const folder = temporaryFolder(t);
  const files: Readonly<Record<string, string | Buffer>> = {
    'logo.png': pixel,
    'logo.txt': '<!-- made by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    'comments.svg': `${'<!---->'.repeat(400)}<svg>`,
    // A backtracking expression would take exponential time here.
    'endless.svg': '<!---->'.repeat(580),
    'logo.jpg': Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
    'logo.webp': 'RIFF\0\0\0\0WEBPVP8 ',
    'page.svg': '<html><svg></svg></html>',
    'secret.png': 'client_secret=hush',
    'empty.png': '',
    'large.png': Buffer.concat([pixel, Buffer.alloc(32_769 - pixel.length)]),
    'fits.png': Buffer.concat([pixel, Buffer.alloc(32_768 - pixel.length)]),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  mkdirSync(join(folder, 'folder'));
  const logo = async (name: string) => read(folder, `branding: { logo: '${name}' }`);
  for (const [name, type] of [
    ['logo.png', 'png'],
    ['fits.png', 'png'],
    ['logo.txt', 'svg+xml'],
    ['comments.svg', 'svg+xml'],
    ['logo.jpg', 'jpeg'],
    ['logo.webp', 'webp'],
    [PIXEL, 'png'],
  ] as const) {
    const { branding, faults } = await logo(name);
    assert.deepEqual(faults, [], name);
    assert.match(branding?.logo ?? '', new RegExp(`^data:image/${type.replace('+', '\\+')};base64,`));
  }
  for (const name of ['page.svg', 'secret.png', 'empty.png', 'endless.svg'])
    assert.deepEqual((await logo(name)).faults, [`branding.logo: ${name} is not a PNG, JPEG, WebP or SVG image.`]);
  assert.match(
    String((await logo('large.png')).faults),
    /^branding\.logo: large\.png has 32769 bytes, and a logo may have 32768\./,
  );
  assert.deepEqual((await logo('missing.png')).faults, [
    'branding.logo: missing.png cannot be read: there is no such file.',
  ]);
  assert.deepEqual((await logo('folder')).faults, ['branding.logo: folder is not a file.']);
  assert.deepEqual((await logo('https://www.example.com/logo.png')).faults, [
    'branding.logo: https://www.example.com/logo.png is on another server, and pages load nothing. Save the image beside this file: logo.png.',
  ]);
  for (const uri of [
    'data:text/html;base64,PHN2Zz4=',
    'data:image/png;base64,PHN2Zz4=',
    'data:image/png,x',
    PIXEL.replace('png', 'jpeg'),
  ])
    assert.equal((await logo(uri)).faults.length, 1, uri);
});

test('the description of a scope is one text, or one for each language of the pages', async (t) => {
  const folder = temporaryFolder(t);
  const faultsOf = async (words: string) =>
    (
      await read(
        folder,
        `resources: [{ audience: 'https://a.example', scopes: [read], scopeNames: { read: ${words} } }]`,
      )
    ).faults;
  for (const good of ['Read', '{ en: Read }', '{ de: Lesen, en: Read }'])
    assert.deepEqual(await faultsOf(good), [], good);
  const path = 'resources[https://a.example].scopeNames.read';
  assert.deepEqual(await faultsOf('{ fr: Lire }'), [`${path}.fr: is not a language of the pages. Write en or de.`]);
  assert.match(String(await faultsOf('{}')), /holds no text\. Write what the scope allows, such as Read your files/);
  for (const bad of ['""', '{ en: "" }', '[Read]', '7']) assert.equal((await faultsOf(bad)).length, 1, bad);
});

test('checks the name, the website and the logo of a client', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'logo.png'), pixel);
  const web = (more: string) =>
    read(
      folder,
      `clients: [{ id: web, auth: none, grants: [authorization_code], redirectUris: ['https://x.example/'], scopes: [openid], ${more} }]`,
    );
  const good = await web("name: 'Fotobuch für alle', uri: 'https://photos.example/start', logo: logo.png");
  assert.deepEqual(good.faults, []);
  assert.deepEqual(
    [good.client?.name, good.client?.uri, good.client?.logo],
    ['Fotobuch für alle', 'https://photos.example/start', PIXEL],
  );
  for (const more of [
    "uri: 'http://localhost:8081'",
    "uri: 'https://bücher.example/ü'",
    "name: '写真'",
    "name: '7 & co.'",
  ])
    assert.deepEqual((await web(more)).faults, [], more);
  for (const [more, path] of [
    ["name: ' x'", 'clients[web].name'],
    ['name: "a\\u202eb"', 'clients[web].name'],
    ['name: "\\u3164"', 'clients[web].name'],
    ['name: "a\\u3164b"', 'clients[web].name'],
    ['name: "\\u2800"', 'clients[web].name'],
    ['name: "..."', 'clients[web].name'],
    ['uri: "https://photos.example\\n"', 'clients[web].uri'],
    ['uri: "https://photos\\n.example"', 'clients[web].uri'],
    ["uri: ' https://photos.example'", 'clients[web].uri'],
    ["uri: 'https://photos.example/a b'", 'clients[web].uri'],
    ["uri: 'https:\\\\photos.example'", 'clients[web].uri'],
    ["uri: 'javascript:alert(1)'", 'clients[web].uri'],
    ["uri: 'http://photos.example'", 'clients[web].uri'],
    ["uri: ''", 'clients[web].uri'],
    ["uri: 'photos.example'", 'clients[web].uri'],
    ["uri: 'https://ada@photos.example'", 'clients[web].uri'],
    ["logo: 'https://photos.example/logo.png'", 'clients[web].logo'],
  ] as const) {
    const { faults } = await web(more);
    assert.deepEqual([faults.length, faults[0]?.startsWith(`${path}: `)], [1, true], `${more}: ${faults}`);
  }
});

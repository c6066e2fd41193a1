// Compares a redirect URI with the registered ones. It must be equal (RFC 9700 section 4.1.3), but a loopback address may have any
// port (RFC 8252 section 7.3).

/** Not `localhost`: the name may resolve to another machine. */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::\d{1,5})?(\/.*)?$/;

export const isRegistered = (uri: string, registered: readonly string[]): boolean =>
  registered.some(
    (one) => one === uri || (LOOPBACK.test(one) && withoutPort(one) === withoutPort(uri) && URL.canParse(uri)),
  );

const withoutPort = (uri: string): string | undefined => LOOPBACK.exec(uri)?.slice(1).join('');

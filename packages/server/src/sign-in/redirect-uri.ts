// May the browser be sent there? Exactly what is registered (RFC 9700 section 4.1.3); of an app that listens on a loopback
// address itself the port may be another each time (RFC 8252 section 7.3).

/** `localhost` is a name, which somebody else may answer for. */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::\d{1,5})?(\/.*)?$/;

export const isRegistered = (uri: string, registered: readonly string[]): boolean =>
  registered.some(
    (one) => one === uri || (LOOPBACK.test(one) && withoutPort(one) === withoutPort(uri) && URL.canParse(uri)),
  );

const withoutPort = (uri: string): string | undefined => LOOPBACK.exec(uri)?.slice(1).join('');

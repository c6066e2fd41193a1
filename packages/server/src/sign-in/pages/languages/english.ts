// The sentences of the pages in English. Their type is the type of every other language.
import { type Html, html } from '../html.ts';
import { publicSentences } from './refusals.ts';

export const english = {
  frame: {
    /** Read out before the title of a page that reports a problem. */
    error: 'Error',
  },
  client: {
    /** Beside the name of a client. */
    id: (id: Html) => html`Client ID: ${id}`,
    /** A client that wrote its name itself, in a document at a host. */
    described: (host: Html) => html`This application is published by ${host}. It chose its name itself.`,
    /** A client that registered itself: nothing is proven. */
    registered:
      'This application registered itself here. It chose its name itself: continue only if you know where you return to.',
    /** Any program on the person's machine can pose as the client. */
    local:
      'It runs on your device, and other programs there could use its name: continue only if you have just started it.',
    website: (host: Html) => html`Website: ${host}`,
    returns: (host: Html) => html`Afterwards you return to ${host}.`,
    /** A redirect URI such as `com.example.app:/callback`. */
    returnsToApp: (scheme: Html) => html`Afterwards you return to the app ${scheme} on this device.`,
  },
  signIn: {
    title: 'Sign in',
    lead: (client: Html) => html`to continue to ${client}`,
    username: 'Username',
    password: 'Password',
    submit: 'Sign in',
    upstream: (name: Html) => html`Continue with ${name}`,
    or: 'or',
    cancel: 'Cancel',
    problems: {
      wrong: 'Wrong username or password.',
      too_often: 'Too many attempts. Wait a while, then try again.',
      upstream_denied: 'You were not signed in there. You can try again.',
    },
  },
  consent: {
    title: 'Allow access?',
    lead: (client: Html) => html`${client} asks for access with your account.`,
    account: (account: Html) => html`You are signed in as ${account}.`,
    switch: (account: Html) => html`Not ${account}?`,
    able: 'It will be able to',
    /** Followed by scopes without a description. */
    use: (targets: Html) => html`Use ${targets}`,
    useScopes: 'Use these permissions',
    and: ' and ',
    scopes: {
      openid: 'Know who you are',
      profile: 'See your name and profile',
      email: 'See your email address',
      offline_access: 'Keep this access while you are away',
    },
    actor: (actor: Html) => html`${actor} will act for you`,
    actorNote: 'It may make calls in your name with this access.',
    device: 'Your device shows this code',
    allow: 'Allow',
    cancel: 'Cancel',
  },
  deviceCode: {
    title: 'Connect a device',
    lead: 'Type the code that your device shows.',
    code: 'Code',
    /** An example: no device code has vowels or digits. */
    example: (code: Html) => html`8 letters, such as ${code}`,
    submit: 'Continue',
    problems: {
      unknown: 'No device shows this code. Compare it with the code on your device.',
      expired: 'This code has expired. Get a new code on your device.',
      used: 'This code was already used. Get a new code on your device.',
      missing: 'Type the code that your device shows.',
      too_often: 'Too many attempts. Wait a while, then try again.',
    },
  },
  deviceConfirm: {
    title: 'Is this your device?',
    lead: (client: Html) => html`${client} is waiting. Its screen must show this code now:`,
    confirm: 'The codes are the same',
    abort: 'They differ: stop',
    warning: 'Did somebody send you this code? Then stop. If you continue, they get into your account.',
  },
  logout: {
    title: 'Sign out?',
    lead: (account: Html) =>
      html`You are signed in as ${account}. Applications that you reached from here will ask you to sign in again.`,
    submit: 'Sign out',
    stay: 'Stay signed in',
    nobodyTitle: 'Nobody is signed in',
    nobody: 'There is nothing to sign out of in this browser.',
    next: 'Continue',
  },
  switchAccount: {
    title: 'Switch account',
    lead: 'Somebody else is signed in here. If you continue, they are signed out.',
    submit: 'Continue',
  },
  done: {
    device_connected: ['Your device is connected', 'You can close this page and continue on your device.'],
    device_refused: ['Nothing was connected', 'You can close this page.'],
    signed_out: ['You are signed out', 'You can close this page.'],
    still_signed_in: ['You are still signed in', 'Nothing has changed. You can go back, or close this page.'],
  } satisfies Record<string, [title: string, message: string]>,
  leaving: {
    title: 'One moment',
    lead: 'You are on your way.',
    submit: 'Continue',
  },
  failed: {
    title: 'This did not work',
    help: 'If you ask for help, give this request ID:',
    developer: 'For the developer:',
  },
  refusals: publicSentences,
  front: {
    title: 'Token server',
    lead: 'This is Cambio. It issues OAuth 2.0 tokens and exchanges them, so that one service can act for a person or for another service.',
    issuer: 'Issuer',
    people: 'For people',
    developers: 'For developers',
    repository: (file: Html) => html`The documentation of Cambio begins at ${file} in its repository.`,
    links: {
      device: ['Connect a device', 'Type the code that a TV or a terminal shows'],
      logout: ['Sign out', 'End your session in this browser'],
      metadata: ['Metadata', 'Endpoints and what they support (RFC 8414)'],
      openid: ['OpenID configuration', 'The same metadata, where OpenID Connect looks for it'],
      keys: ['Public keys', 'To verify tokens of this server (RFC 7517)'],
      admin: ['Admin API', 'Its description in OpenAPI'],
      documentation: ['Documentation', 'How to use this server'],
      exchange: ['RFC 8693', 'The standard for token exchange'],
    } satisfies Record<string, [name: string, note: string]>,
  },
};

/** Every sentence of the pages. The compiler requires each language to have all of them. */
export type Sentences = typeof english;

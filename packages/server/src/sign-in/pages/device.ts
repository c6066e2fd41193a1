// Which device? The page on which a person types the code that a device shows, and the one on which they compare it.
import { type FormTarget, form, html, page } from './page.ts';

export interface DeviceCodePage extends FormTarget {
  /** What was typed, or stood in the link that was followed. */
  readonly userCode: string | undefined;
  readonly problem: 'unknown' | 'expired' | 'used' | 'missing' | 'too_often' | undefined;
}

const problems = {
  unknown: 'No device shows this code. Is it typed as the device shows it?',
  expired: 'This code has expired: ask the device for another.',
  used: 'This code was used already: ask the device for another.',
  missing: 'Type the code that the device shows.',
  too_often: 'Too many tries: wait a while, then try again.',
} as const;

/** Posts `user_code`. */
export const deviceCodePage = ({ userCode, problem, ...target }: DeviceCodePage): string =>
  page(
    'Connect a device',
    html`${problem && html`<p role="alert">${problems[problem]}</p>`}
${form(
  target,
  html`<label>Code <input name="user_code" autocomplete="off" autocapitalize="characters" value="${userCode}" required autofocus></label>
<button>Continue</button>`,
)}`,
  );

export interface DeviceConfirmPage extends FormTarget {
  readonly client: string;
  /** As the device shows it. */
  readonly userCode: string;
}

/** Posts `user_code` and `confirm`, or `abort`. */
export const deviceConfirmPage = ({ client, userCode, ...target }: DeviceConfirmPage): string =>
  page(
    'Is this your device?',
    html`<p><strong>${client}</strong> wants to be connected, and shows the code</p>
<p><strong>${userCode}</strong></p>
<p>Go on only where you see this code on your own device now.</p>
${form(
  target,
  html`<input type="hidden" name="user_code" value="${userCode}">
<button name="confirm" value="yes">Continue</button><button name="abort" value="yes">Cancel</button>`,
)}`,
  );

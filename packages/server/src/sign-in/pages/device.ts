// Which device? The page on which a person types the code that a device shows, and the one on which they compare it:
// whoever was sent a link by somebody else stops here (RFC 8628 section 5.4).
import { html } from './html.ts';
import { describedByProblem, type FormTarget, form, named, page, problemBox } from './page.ts';

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
export const deviceCodePage = ({ userCode, problem, ...target }: DeviceCodePage): string => {
  const sentence = problem && problems[problem];
  return page(
    { title: 'Connect a device', problem },
    html`<p class="lead">Type the code that your device shows.</p>
${problemBox(sentence)}
${form(
  target,
  html`<div class="field"><label for="user_code">Code</label>
<input class="code" id="user_code" name="user_code" value="${userCode}" autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck="false" maxlength="32" required autofocus${describedByProblem(sentence)}></div>
<div class="choice"><button>Continue</button></div>`,
)}`,
  );
};

export interface DeviceConfirmPage extends FormTarget {
  readonly client: string;
  /** As the device shows it. */
  readonly userCode: string;
}

/** Posts `user_code` and `confirm`, or `abort`. */
export const deviceConfirmPage = ({ client, userCode, ...target }: DeviceConfirmPage): string =>
  page(
    { title: 'Is this your device?' },
    html`<p class="lead">${named(client)} is waiting. Its screen must show this code now:</p>
<p class="compare code">${userCode}</p>
${form(
  target,
  html`<input type="hidden" name="user_code" value="${userCode}">
<div class="choice"><button name="confirm" value="yes">The codes are the same</button>
<button class="quiet" name="abort" value="yes">They are not: stop</button></div>`,
)}
<p class="note">Did somebody send you this code? Then stop: going on would let them into your account.</p>`,
  );

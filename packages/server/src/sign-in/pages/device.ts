// The pages on which a person types the code of a device, and then confirms it. The second page protects a person who followed an
// attacker's link (RFC 8628 section 5.4).
import { clientLine, clientName, type ShownClient } from './client.ts';
import { html } from './html.ts';
import type { Sentences } from './languages/english.ts';
import type { PageRenderer } from './look.ts';
import { described, type FormTarget, form, page, problemBox } from './page.ts';

export interface DeviceCodePage extends FormTarget {
  /** The code that was typed, or that was in the link. */
  readonly userCode: string | undefined;
  readonly problem: keyof Sentences['deviceCode']['problems'] | undefined;
}

/** An example with the form and the letters of our codes (RFC 8628 section 6.1). */
const EXAMPLE = 'WDJB-MJHT';

/** Posts `user_code`. */
export const deviceCodePage = ({ userCode, problem, ...target }: DeviceCodePage): PageRenderer =>
  page((look) => {
    const { deviceCode: sentences } = look.sentences;
    const sentence = problem && sentences.problems[problem];
    return {
      title: sentences.title,
      problem,
      body: html`<p class="lead">${sentences.lead}</p>
${problemBox(sentence)}
${form(
  target,
  look,
  html`<div class="field"><label for="user_code">${sentences.code}</label>
<input class="code" id="user_code" name="user_code" value="${userCode}" autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck="false" maxlength="32" required autofocus${described(sentence, 'example')}>
<p class="hint" id="example">${sentences.example(html`<code>${EXAMPLE}</code>`)}</p></div>
<div class="choice"><button>${sentences.submit}</button></div>`,
)}`,
    };
  });

export interface DeviceConfirmPage extends FormTarget {
  readonly client: ShownClient;
  /** As the device shows it. */
  readonly userCode: string;
}

/** Posts `user_code` and `confirm`, or `abort`. */
export const deviceConfirmPage = ({ client, userCode, ...target }: DeviceConfirmPage): PageRenderer =>
  page((look) => {
    const { deviceConfirm: sentences } = look.sentences;
    return {
      title: sentences.title,
      body: html`<p class="lead">${sentences.lead(clientName(client))}</p>
${clientLine(client, undefined, look)}
<p class="compare code">${userCode}</p>
${form(
  target,
  look,
  html`<input type="hidden" name="user_code" value="${userCode}">
<div class="choice"><button name="confirm" value="yes">${sentences.confirm}</button>
<button class="quiet" name="abort" value="yes">${sentences.abort}</button></div>`,
)}
<p class="note">${sentences.warning}</p>`,
    };
  });

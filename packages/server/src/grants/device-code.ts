// Implements the device_code grant (RFC 8628 section 3.4): a device polls until a person has agreed in a browser elsewhere.

import { authorize } from '../issuing/authorization.ts';
import { noteWanted, readTargets } from '../narrowing/wanted.ts';
import { formatDuration } from '../primitives/duration.ts';
import { Refusal } from '../primitives/refusal.ts';
import { refuseOtherRegion } from '../regions/elsewhere.ts';
import { type CodeServices, decideAgreed } from './agreed.ts';
import type { Grant, GrantRequest } from './grant.ts';
import { refuseReused } from './reused-code.ts';

export const deviceCode = {
  name: 'device_code',
  grantType: 'urn:ietf:params:oauth:grant-type:device_code',
  parameters: ['device_code', 'audience', 'resource'],
  authorize: async (request: GrantRequest, services: CodeServices) => {
    const { parameters, client, event, now } = request;
    const { revocations, signIn, targeting } = services;
    const text = parameters.get('device_code');
    if (text === undefined) throw new Refusal('parameter_missing', { parameter: 'device_code' });
    const wanted = readTargets(parameters);
    noteWanted(event, { ...wanted, scope: undefined }, targeting);
    const code = await signIn?.findDeviceCode(text);
    if (signIn === undefined || code === undefined) {
      refuseOtherRegion(services.elsewhere.regionOfCode(text));
      throw new Refusal('device_code_unknown');
    }
    event.agreement = code.id;
    if (code.clientId !== client.id)
      throw new Refusal('device_code_client', {
        detail: `it was issued to ${code.clientId}, and ${client.id} sent it`,
      });
    await refuseReused(code, event, revocations);
    if (code.expiresAt <= now)
      throw new Refusal('device_code_expired', { detail: `it expired ${formatDuration(now - code.expiresAt)} ago` });
    const { agreement } = code;
    if (agreement === 'refused') throw new Refusal('device_code_refused');
    if (agreement === 'failed') throw new Refusal('device_code_failed', { detail: code.fault });
    const polled = await signIn.poll(code);
    if (polled === 'too soon') throw new Refusal('device_code_too_soon');
    if (agreement === undefined) throw new Refusal('device_code_pending');
    return authorize(await decideAgreed(agreement, code, wanted, request, services));
  },
} as const satisfies Grant;

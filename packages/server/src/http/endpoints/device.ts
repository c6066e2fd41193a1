// /device (RFC 8628 section 3.3): the pages on which a person connects a device.
import { answerDevice, resumeDevice, showDevice } from '../../sign-in/device.ts';
import { pageEndpoint } from '../browser.ts';
import type { Endpoint } from '../endpoint.ts';

export const device = {
  ...pageEndpoint('/device', 'device', {
    GET: (request, _event, signIn) => showDevice(request, signIn),
    POST: answerDevice,
  }),
  front: 'device',
} as const satisfies Endpoint;

export const deviceResume = pageEndpoint('/device/:uid', 'device', { GET: resumeDevice });

// Sends rows as lines of JSON (application/x-ndjson) in a POST. A 2xx answer accepts them.
import { createDelivery } from '../../outbound/outbound.ts';
import { formatLine, type SinkKind } from './sink.ts';

export const webhook = {
  name: 'webhook',
  open: (target) => {
    if (target === undefined) throw new Error('a webhook needs a url');
    const { url, network } = target;
    const deliver = createDelivery(network);
    return async (rows) => {
      const body = rows.map((row) => `${formatLine(row)}\n`).join('');
      const headers = { 'content-type': 'application/x-ndjson', ...target.headers() };
      await deliver({ url, method: 'POST', headers, body });
    };
  },
} as const satisfies SinkKind;

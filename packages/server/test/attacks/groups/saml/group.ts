// S: SAML assertions of both versions: wrapping, markup, signatures, recipients and encodings that fooled other servers.
import { group } from '../../group.ts';
import { carriage } from './carriage.ts';
import { conditions } from './conditions.ts';
import { control, selfAsserted, twoConfirmations } from './control.ts';
import { markup } from './markup.ts';
import { openSamlWorld } from './material.ts';
import { signatures } from './signatures.ts';
import { unread } from './unread.ts';
import { wrapping } from './wrapping.ts';

export const saml = group('S', 'saml', openSamlWorld, {
  ...wrapping,
  ...markup,
  ...signatures,
  ...conditions,
  ...carriage,
  ...unread,
  S47: control,
  S49: selfAsserted,
  S50: twoConfirmations,
});

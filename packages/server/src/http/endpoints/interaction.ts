// /oauth/interaction/…: the pages on which a person signs in and agrees.
import { answerInteraction, showInteraction } from '../../sign-in/interaction.ts';
import { pageEndpoint } from '../browser.ts';

export const interaction = pageEndpoint('/oauth/interaction/:uid', 'interaction', {
  GET: showInteraction,
  POST: answerInteraction,
});

import { yupString } from '@stackframe/stack-shared/dist/schema-fields';

/** What clients may send of a bot challenge. No challenge is set up here, so whatever they send passes. */
export const botChallengeFields = {
  bot_challenge_token: yupString().optional(),
  bot_challenge_phase: yupString().oneOf(['invisible', 'visible']).optional(),
  bot_challenge_unavailable: yupString().oneOf(['true']).optional(),
};

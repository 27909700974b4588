import type { RequirementId } from './requirements.ts'

/**
 * Requirements that no test cites, each with the reason.
 *
 * A MUST is waived only when it belongs to a part of the protocol that this server does not have and does not
 * declare: then nothing on the wire can violate it. The part is named, and `coverage.test.ts` knows the parts.
 */
export const WAIVED_MUSTS: Partial<Record<RequirementId, { part: 'authorization' | 'tasks'; reason: string }>> = {
  'AUTH-02': {
    part: 'authorization',
    reason: 'There is no authorization server to name: `auth` is a function of the author.',
  },
  'AUTH-03': {
    part: 'authorization',
    reason: 'There is no metadata to lead to; `auth` may give a challenge of its own.',
  },
  'AUTH-06': {
    part: 'authorization',
    reason: 'Tokens are read by the function of the author, which checks their audience.',
  },
  'AUTH-07': { part: 'authorization', reason: 'Nothing of the framework sends a token anywhere.' },
  'AUTH-11': { part: 'authorization', reason: 'The framework stores no token and calls no authorization server.' },
  'ELIC-07': { part: 'authorization', reason: 'The framework obtains no credentials of third parties.' },
  'SBP-01': { part: 'authorization', reason: 'Nothing of the framework sends a token anywhere.' },
  'AUTH-09': { part: 'authorization', reason: 'Scopes are read by the function of the author, hierarchies included.' },
  'CANC-06': { part: 'tasks', reason: 'Tasks are not declared, so there is none to cancel.' },
  'TASK-01': { part: 'tasks', reason: 'Tasks are not declared.' },
  'TASK-02': { part: 'tasks', reason: 'Tasks are not declared.' },
  'TASK-03': { part: 'tasks', reason: 'Tasks are not declared.' },
  'TASK-04': { part: 'tasks', reason: 'Tasks are not declared.' },
  'TASK-05': { part: 'tasks', reason: 'Tasks are not declared.' },
  'TASK-06': { part: 'tasks', reason: 'Tasks are not declared.' },
  'TASK-07': { part: 'tasks', reason: 'Tasks are not declared.' },
  'TASK-08': { part: 'tasks', reason: 'Tasks are not declared.' },
  'TASK-09': { part: 'tasks', reason: 'Tasks are not declared.' },
}

/** A SHOULD or a MAY without a test, and why. */
export const WAIVED: Partial<Record<RequirementId, string>> = {
  'AUTH-01': 'The ready-made resource server is a part of its own; `auth` takes a function until then.',
  'AUTH-04': 'Scopes are named by the challenge that the function of the author gives.',
  'BASE-24': 'A matter of the documentation: the error for an unknown dialect lists the supported ones.',
  'LIFE-13': 'This server has the old era, and answers initialize.',
  'PING-02': 'Comments on every open stream do what pings would, without waking the client or needing an answer.',
  'SBP-05': 'The framework fetches nothing.',
  'SBP-06': 'Scopes belong to the ready-made resource server.',
}

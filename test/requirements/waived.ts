import type { RequirementId } from './requirements.ts'

/**
 * Requirements that no test cites, each with the reason.
 *
 * A MUST is waived only when it belongs to a part of the protocol that this server does not have and does not
 * declare: then nothing on the wire can violate it. The part is named, and `coverage.test.ts` knows the parts.
 */
export const WAIVED_MUSTS: Partial<Record<RequirementId, { part: 'authorization' | 'tasks'; reason: string }>> = {
  'ELIC-07': { part: 'authorization', reason: 'The framework obtains no credentials of third parties.' },
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
  'BASE-24': 'A matter of the documentation: the error for an unknown dialect lists the supported ones.',
  'LIFE-13': 'This server has the old era, and answers initialize.',
  'PING-02': 'Comments on every open stream do what pings would, without waking the client or needing an answer.',
  'SBP-05':
    'Only the documents of the issuer that the operator names are fetched, over https and without redirects (test/auth); ' +
    'that issuer may well be in a private range.',
}

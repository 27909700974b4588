import { expect, test } from 'vitest'
import { isLogLevel, LOG_LEVELS, passesLevel } from './log-level.ts'

test('the levels are those of RFC 5424, least severe first', () => {
  expect(LOG_LEVELS.join()).toBe('debug,info,notice,warning,error,critical,alert,emergency')
  for (const level of LOG_LEVELS) expect(isLogLevel(level)).toBe(true)
  for (const other of ['warn', 'DEBUG', '', 0, undefined, null, ['info'], 'toString'])
    expect(isLogLevel(other)).toBe(false)
})

test('a level passes a minimum that is not above it', () => {
  LOG_LEVELS.forEach((level, at) => {
    LOG_LEVELS.forEach((minimum, min) => {
      expect(passesLevel(level, minimum), `${level} of ${minimum}`).toBe(at >= min)
    })
  })
})

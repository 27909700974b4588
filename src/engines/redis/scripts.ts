/**
 * One Lua script per operation of the port. Each looks at the partition's epoch first and does all or nothing: Redis runs
 * a script alone, and passes its writes on to replicas as one transaction.
 *
 * All keys of a script have one hash tag. KEYS[1] is the epoch, ARGV[1] the epoch that the caller knows.
 *
 * @module
 */

/** How long a second attempt is recognised: the 60 s of the port, and room for the clocks of a busy machine. */
const REMEMBER_MS = 65_000

/** How long a log without any entry stays the one whose end was asked for. A question renews it. */
const UNBORN_MS = 600_000

export interface Script {
  readonly name: string
  readonly source: string
}

const CHECK = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'epoch'} end`

/** `head` is the life and the newest id of a log, as one text. */
const SPLIT_HEAD = `local life, last = string.match(head, '^(%S+) (%S+)$')`

/**
 * KEYS: epoch. ARGV: epoch if there is none.
 *
 * What the server is comes along: every master of a cluster holds partitions, so that each is asked.
 */
export const OPEN: Script = {
  name: 'open',
  source: `
redis.call('SET', KEYS[1], ARGV[1], 'NX')
local answer = {redis.call('GET', KEYS[1])}
for i, section in ipairs({'server', 'memory'}) do
  local info = redis.pcall('INFO', section)
  if type(info) == 'string' then answer[i + 1] = info else answer[i + 1] = '' end
end
return answer`,
}

/** KEYS: epoch, row. */
export const GET: Script = {
  name: 'get',
  source: `
${CHECK}
local row = redis.call('HMGET', KEYS[2], 'version', 'value')
if not row[1] then return {'absent'} end
return {'found', row[1], row[2]}`,
}

/** KEYS: epoch, row, mark. ARGV: epoch, version, value, life in ms, whether a version is expected, the version. */
export const PUT: Script = {
  name: 'put',
  source: `
${CHECK}
local held = redis.call('HGET', KEYS[2], 'version')
if held == ARGV[2] or redis.call('EXISTS', KEYS[3]) == 1 then return {'done'} end
if ARGV[5] == '1' and ARGV[6] ~= (held or 'absent') then return {'conflict'} end
redis.call('HSET', KEYS[2], 'version', ARGV[2], 'value', ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
redis.call('SET', KEYS[3], '', 'PX', ${REMEMBER_MS})
return {'done'}`,
}

/** KEYS: epoch, row, mark. ARGV: epoch, whether a version is expected, the version. */
export const DELETE: Script = {
  name: 'delete',
  source: `
${CHECK}
if redis.call('EXISTS', KEYS[3]) == 1 then return {'done'} end
local held = redis.call('HGET', KEYS[2], 'version')
if not held or (ARGV[2] == '1' and ARGV[3] ~= held) then return {'absent'} end
redis.call('UNLINK', KEYS[2])
redis.call('SET', KEYS[3], '', 'PX', ${REMEMBER_MS})
return {'done'}`,
}

/**
 * KEYS: epoch, entries, head, mark. ARGV: epoch, record id, record, life in ms, a life for a log that has none, the tag,
 * what is expected (nothing, \`empty\`, or a head), the cap, whether it refuses.
 *
 * Both keys of the log expire at the same millisecond; where only the entries were left, they are of a life that is over.
 */
export const APPEND: Script = {
  name: 'append',
  source: `
local known = redis.call('MGET', KEYS[1], KEYS[3], KEYS[4])
if known[1] ~= ARGV[1] then return {'epoch'} end
if known[3] then return {'done', known[3]} end
local head, expect, cap = known[2] or (ARGV[5] .. ' 0-0'), ARGV[7], tonumber(ARGV[8])
${SPLIT_HEAD}
local held = 0
if known[2] and (cap or expect == 'empty') then held = redis.call('XLEN', KEYS[2]) end
if expect == 'empty' then
  if held > 0 then return {'conflict'} end
elseif expect ~= '' and expect ~= head then
  return {'conflict'}
end
if cap and held >= cap then
  if ARGV[9] == '1' then return {'full'} end
  redis.call('XTRIM', KEYS[2], 'MAXLEN', '=', cap - 1)
end
if not known[2] then redis.call('UNLINK', KEYS[2]) end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local time = math.max(now, tonumber(string.match(last, '^%d+')) + 1)
local id = string.format('%.0f-%s', time, ARGV[6])
redis.call('XADD', KEYS[2], id, 'after', last, 'id', ARGV[2], 'record', ARGV[3])
local place, expiry = life .. ' ' .. id, string.format('%.0f', now + ARGV[4])
redis.call('PEXPIREAT', KEYS[2], expiry)
redis.call('SET', KEYS[3], place, 'PXAT', expiry)
redis.call('SET', KEYS[4], place, 'PX', ${REMEMBER_MS})
return {'done', place}`,
}

/** A log that nobody has appended to gets its life with the first question, or else its end would be no place. */
const HEAD_OR_BIRTH = `
local known = redis.call('MGET', KEYS[1], KEYS[3])
if known[1] ~= ARGV[1] then return {'epoch'} end
local head = known[2] or (ARGV[2] .. ' 0-0')
${SPLIT_HEAD}
if not known[2] then redis.call('UNLINK', KEYS[2]) end
if last == '0-0' then redis.call('SET', KEYS[3], head, 'PX', ${UNBORN_MS}) end`

/**
 * KEYS: epoch, entries, head. ARGV: epoch, a life for a log that has none, \`birth\`, \`oldest\` or the life of the place to
 * read after, its id, the limit.
 *
 * Every entry names its predecessor, and the head the newest: what follows a place is either there, or its loss shows.
 */
export const READ: Script = {
  name: 'read',
  source: `
${HEAD_OR_BIRTH}
local mode, after = ARGV[3], ARGV[4]
if mode == 'birth' then after = '0-0' end
local known = mode == 'birth' or mode == 'oldest' or mode == life
if known then
  local start = mode == 'oldest' and '-' or '(' .. after
  local entries = redis.call('XRANGE', KEYS[2], start, '+', 'COUNT', ARGV[5])
  local before = entries[1] and entries[1][2][2] or last
  if mode == 'oldest' or before == after then return {'entries', head, entries} end
end
local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)
return {'gap', life .. ' ' .. (oldest[1] and oldest[1][2][2] or last)}`,
}

/** KEYS: epoch, entries, head. ARGV: epoch, a life for a log that has none. */
export const END: Script = {
  name: 'end',
  source: `${HEAD_OR_BIRTH}
return {'end', head}`,
}

/** KEYS: epoch, entries, head. ARGV: epoch, the life of the place to trim through, the id after it. */
export const TRIM: Script = {
  name: 'trim',
  source: `
${CHECK}
local head = redis.call('GET', KEYS[3])
if head and string.match(head, '^(%S+)') == ARGV[2] then redis.call('XTRIM', KEYS[2], 'MINID', '=', ARGV[3]) end
return {'done'}`,
}

/** Values that programs stumble over, and changes to values that make other ones. */

const TEXTS = [
  '',
  ' ',
  '0',
  'null',
  'true',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '../../etc/passwd',
  '%2e%2e%2f',
  '\u0000',
  '\r\n\r\nevent: message\ndata: {}\n\n',
  '\u2028\u2029',
  '\ud800',
  '\udfff\ud800',
  '\ufeff',
  'é',
  '😀',
  '"\\\b\f\n\r\t',
  '{{}}',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a template engine would run.
  '${7*7}',
  '<script>',
  "' OR 1=1 --",
  '2025-11-25',
  'notifications/cancelled',
]

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.5,
  1e21,
  1e-7,
  1e308,
  -1e308,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 53 + 2,
  -(2 ** 53),
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  Number.MIN_VALUE,
]

export function oddText(random) {
  if (random.chance(0.7)) return random.pick(TEXTS)
  if (random.chance(0.5)) return random.word()
  const length = random.pick([127, 128, 129, 255, 1_024, 2_047, 2_048, 2_049, 5_000])
  return random.pick(['x', 'é', '😀', '"', '\u0000', '/', ',']).repeat(length)
}

/** Any JSON value. */
export function oddValue(random, depth = 0) {
  switch (random.below(depth > 3 ? 5 : 8)) {
    case 0:
      return oddText(random)
    case 1:
      return random.pick(NUMBERS)
    case 2:
      return random.chance(0.5)
    case 3:
      return null
    case 4:
      return random.between(-10, 100)
    case 5:
      return Array.from({ length: random.below(5) }, () => oddValue(random, depth + 1))
    case 6: {
      const made = {}
      for (let members = random.below(5); members > 0; members--)
        put(made, oddText(random), oddValue(random, depth + 1))
      return made
    }
    default:
      return nest(random.between(1, 50), random.chance(0.5))
  }
}

/** A member by any name: assigning one called `__proto__` would change the prototype instead. */
function put(container, key, value) {
  Object.defineProperty(container, key, { value, configurable: true, enumerable: true, writable: true })
}

/** The same without members called `__proto__`: a message that has one is refused before anything else is read. */
export function withoutProto(value) {
  return JSON.parse(JSON.stringify(value).replaceAll('"__proto__"', '"proto"'))
}

function nest(depth, lists) {
  let value = 0
  for (let level = 0; level < depth; level++) value = lists ? [value] : { a: value }
  return value
}

/** Places in a value: the container and the key of each member and element. */
function places(value, found = []) {
  if (typeof value !== 'object' || value === null) return found
  for (const key of Object.keys(value)) {
    found.push([value, key])
    places(value[key], found)
  }
  return found
}

/** Changes one place of a JSON value; the value itself is left alone. */
export function mutateValue(random, original) {
  if (random.chance(0.04))
    return random.chance(0.2) ? nest(random.between(50, 1_500), random.chance(0.5)) : oddValue(random)
  const value = structuredClone(original)
  const all = places(value)
  if (all.length === 0) return oddValue(random)
  const [container, key] = random.pick(all)
  const current = container[key]
  switch (random.below(9)) {
    case 0:
      delete container[key]
      break
    case 1:
      container[key] = oddValue(random)
      break
    case 2:
      container[key] = typeof current === 'string' ? oddText(random) : JSON.stringify(current)
      break
    case 3:
      container[key] = [current]
      break
    case 4:
      container[key] = { [String(key)]: current }
      break
    case 5:
      if (!Array.isArray(container)) container[caseOf(random, String(key))] = current
      break
    case 6:
      put(container, oddText(random), oddValue(random))
      break
    case 7:
      container[key] =
        typeof current === 'number'
          ? random.pick(NUMBERS)
          : typeof current === 'string'
            ? current + oddText(random)
            : current
      break
    default:
      if (typeof current === 'string' && current.length > 0) {
        const at = random.below(current.length)
        container[key] =
          current.slice(0, at) + random.pick(['', current[at] + current[at], oddText(random)]) + current.slice(at + 1)
      } else {
        container[key] = null
      }
  }
  return value
}

function caseOf(random, key) {
  switch (random.below(4)) {
    case 0:
      return key.toUpperCase()
    case 1:
      return key.slice(0, 1).toUpperCase() + key.slice(1)
    case 2:
      return key.replace('s', '\u017f').replace('k', '\u212a')
    default:
      return ` ${key}`
  }
}

/**
 * What a server says of itself, as text for people: the same in both eras.
 *
 * @module
 */
import type { Implementation } from '../../testing/client/index.ts'
import { isObject, type JsonObject } from '../../wire/jsonrpc.ts'

/** `weather 1.0.0, “Weather”`. */
export function serverText({ name, version, title }: Implementation): string {
  return `${name} ${version}${title === undefined ? '' : `, “${title}”`}`
}

/** `logging, tools (listChanged)`. */
export function capabilityText(capabilities: JsonObject): string {
  const words = Object.entries(capabilities).map(([name, details]) => {
    const features = isObject(details) ? Object.keys(details).filter((key) => details[key] !== false) : []
    return features.length === 0 ? name : `${name} (${features.join(', ')})`
  })
  return words.join(', ') || 'none'
}

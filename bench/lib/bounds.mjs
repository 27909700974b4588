/** A bound and whether it was met, as one line. */

/** @param kind 'least' or 'most' */
function bound(kind, name, value, limit, format) {
  const met = value !== undefined && (kind === 'least' ? value >= limit : value <= limit)
  const shown = value === undefined ? 'no figure' : format(value)
  return { name, met, value, limit, kind, text: `${name}: ${shown} (at ${kind} ${format(limit)})` }
}

export const atLeast = (name, value, limit, format = String) => bound('least', name, value, limit, format)
export const atMost = (name, value, limit, format = String) => bound('most', name, value, limit, format)

/** The figure of a target in the entries of a row, or undefined when it was not measured or failed. */
export function entryOf(entries, target) {
  return entries.find((entry) => entry.target === target && entry.error === undefined)
}

/**
 * The result of a tool as text.
 *
 * @see the specification, server/tools, "Tool Result"
 * @module
 */
import { isObject, type JsonObject } from '../wire/jsonrpc.ts'

/** The lines of a result: its content blocks, or its structured content where it has no other. */
export function resultText(result: JsonObject): string {
  const blocks = Array.isArray(result['content']) ? result['content'].filter(isObject) : []
  if (blocks.length === 0 && result['structuredContent'] !== undefined) {
    return JSON.stringify(result['structuredContent'], null, 2)
  }
  return blocks.map(blockText).join('\n')
}

function blockText(block: JsonObject): string {
  const { type, text, uri, name, resource } = block
  if (type === 'text' && typeof text === 'string') return text
  if (type === 'resource_link') return `[resource ${String(name)}: ${String(uri)}]`
  if (type === 'resource' && isObject(resource)) {
    if (typeof resource['text'] === 'string') return resource['text']
    return binary(String(resource['uri']), resource['mimeType'], resource['blob'])
  }
  return binary(String(type), block['mimeType'], block['data'])
}

/** `[image, image/png, 1,234 bytes]`: bytes have no place on a terminal; `--json` has them. */
function binary(what: string, mimeType: unknown, base64: unknown): string {
  const parts = [what]
  if (typeof mimeType === 'string') parts.push(mimeType)
  if (typeof base64 === 'string') parts.push(`${Buffer.byteLength(base64, 'base64').toLocaleString('en')} bytes`)
  return `[${parts.join(', ')}]`
}

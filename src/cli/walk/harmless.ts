/**
 * Chooses what a walk may use without being told to: a tool only if it says that it changes nothing, and only with
 * arguments that can be made up.
 *
 * @see the specification, server/tools, "ToolAnnotations"
 * @module
 */
import { isObject, type JsonObject } from '../../wire/jsonrpc.ts'
import { sampleArguments, sampleWord } from '../arguments/sample.ts'

export interface ChosenTool {
  readonly name: string
  readonly arguments: JsonObject
}

/** The first read-only tool whose required arguments can be made up. */
export function harmlessTool(tools: readonly JsonObject[]): ChosenTool | undefined {
  for (const { name, inputSchema, annotations } of tools) {
    if (typeof name !== 'string' || !isObject(annotations) || annotations['readOnlyHint'] !== true) continue
    const made = sampleArguments(isObject(inputSchema) ? inputSchema : {})
    if (made) return { name, arguments: made }
  }
  return undefined
}

/** The arguments that a prompt demands, made up. */
export function promptArguments(prompt: JsonObject): Record<string, string> {
  const declared = Array.isArray(prompt['arguments']) ? prompt['arguments'].filter(isObject) : []
  const required = declared.filter((argument) => argument['required'] === true).map(({ name }) => String(name))
  return Object.fromEntries(required.map((name) => [name, sampleWord(name)]))
}

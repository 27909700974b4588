/** The code of the documents, as it stands in them. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Block {
  /** Relative to the root, for example `docs/streams.md`. */
  readonly file: string
  /** Of its first line. */
  readonly line: number
  /** The info string after the fence: a language, and for what begins every example of a page `prelude`. */
  readonly language: string
  readonly code: string
}

/** Every document of the repository itself. */
export function documents(): string[] {
  const inFolder = (folder: string): string[] =>
    readdirSync(ROOT + folder)
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}${name}`)
  return [...inFolder(''), ...inFolder('docs/'), ...inFolder('docs/adr/')].sort()
}

export function read(file: string): string {
  return readFileSync(ROOT + file, 'utf8')
}

export function blocksOf(file: string): Block[] {
  const blocks: Block[] = []
  let open: { line: number; language: string; lines: string[] } | undefined
  for (const [index, line] of read(file).split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line)
    if (open === undefined) {
      if (fence !== null) open = { line: index + 2, language: fence[1]!.trim(), lines: [] }
    } else if (fence === null) {
      open.lines.push(line)
    } else {
      blocks.push({ file, line: open.line, language: open.language, code: open.lines.join('\n') })
      open = undefined
    }
  }
  if (open !== undefined) throw new Error(`${file}:${open.line}: the block does not end.`)
  return blocks
}

/** The programs of a document: each block of TypeScript behind the prelude of its page. */
export function programsOf(file: string): Block[] {
  const blocks = blocksOf(file)
  const prelude = blocks.find(({ language }) => language === 'ts prelude')?.code ?? ''
  return blocks
    .filter(({ language }) => language === 'ts')
    .map((block) => ({ ...block, code: prelude === '' ? block.code : `${prelude}\n${block.code}` }))
}

/** Turns a program of the tests into JavaScript that any Node runs, on the package as it was built. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const DIST = { fairlead: 'index.js', 'fairlead/node': 'node.js', 'fairlead/redis': 'redis.js' }

export interface Program {
  readonly file: string
  remove(): Promise<void>
}

/** @param name a file of this folder. */
export async function buildProgram(name: string): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-program-'))
  const alias = Object.fromEntries(
    Object.entries(DIST).map(([entry, file]) => [`${entry}$`, join(ROOT, 'dist/bundle', file)]),
  )
  const bundle = await rolldown({
    input: fileURLToPath(new URL(name, import.meta.url)),
    platform: 'node',
    resolve: { alias },
    // The engine takes the client that is installed here; it is no part of the package.
    external: [/^node:/],
  })
  await bundle.write({ dir: folder, format: 'esm', entryFileNames: '[name].mjs' })
  await bundle.close()
  return {
    file: join(folder, name.replace(/\.ts$/, '.mjs')),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

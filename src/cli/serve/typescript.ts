/**
 * Makes TypeScript files importable: by Node's own type stripping where it exists, else by the package `tsx`, which is
 * loaded only then and only if it is installed.
 *
 * @module
 */
import { createRequire } from 'node:module'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { failure } from '../failure.ts'

const TYPESCRIPT = new Set(['.ts', '.mts', '.cts', '.tsx'])

export function isTypeScript(file: string): boolean {
  return TYPESCRIPT.has(extname(file))
}

/** @throws {CliError} when neither is there. The sentence says what to install. */
export async function enableTypeScript(file: string): Promise<void> {
  if (stripsTypes()) return
  let loader: string
  try {
    // The project's tsx, not one beside this package.
    loader = createRequire(file).resolve('tsx')
  } catch {
    throw failure(
      `${file} is TypeScript, which Node ${process.versions.node} does not run by itself. ` +
        'Install tsx (npm install --save-dev tsx), or use Node 22.18 or newer.',
    )
  }
  // The same as `node --import tsx`: the module installs its hooks when it is loaded.
  await import(pathToFileURL(loader).href)
}

function stripsTypes(): boolean {
  // The types of Node 20 do not know the member, which is why it is read by name.
  return Boolean(Reflect.get(process.features, 'typescript'))
}

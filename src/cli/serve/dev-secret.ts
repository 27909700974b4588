/**
 * The secret of development: made once, kept in a file, so that sessions survive a restart.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder that holds the secret; it belongs into `.gitignore`. */
export const DEV_FOLDER = '.fairlead'

const SECRET_BYTES = 32

/** Only its owner may read the file: who has the secret can make sessions. */
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

/** Reads the secret of a project, or makes it. */
export function devSecret(projectFolder: string): string {
  const folder = join(projectFolder, DEV_FOLDER)
  const file = join(folder, 'dev-secret')
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE })
  try {
    // Two processes may start at once: `wx` lets one of them write, and both read the same.
    writeFileSync(file, `${randomBytes(SECRET_BYTES).toString('base64url')}\n`, { flag: 'wx', mode: FILE_MODE })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    chmodSync(file, FILE_MODE)
  }
  return readFileSync(file, 'utf8').trim()
}

/**
 * Watches the source files under some folders.
 *
 * Folder by folder rather than with the recursive mode of `fs.watch`, which on Linux walks `node_modules` as well.
 *
 * @module
 */
import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { extname, join } from 'node:path'

/** Files of other kinds are data, which a server may write itself: it would restart for ever. */
const SOURCES = new Set(['.js', '.mjs', '.cjs', '.jsx', '.ts', '.mts', '.cts', '.tsx', '.json'])

/** Each folder costs a handle of the operating system. */
const MAX_FOLDERS = 1000

/** An editor saves in several steps. */
const SETTLE_MS = 100

export interface Watching {
  /** Whether there were more folders than are watched. */
  readonly truncated: boolean
  close(): void
}

/** Calls `onChange` with the name of a changed file, once for changes in quick succession. */
export function watchSources(roots: readonly string[], onChange: (file: string) => void): Watching {
  const watchers = new Map<string, FSWatcher>()
  let truncated = false
  let timer: ReturnType<typeof setTimeout> | undefined

  function add(folder: string): void {
    if (watchers.has(folder)) return
    if (watchers.size >= MAX_FOLDERS) {
      truncated = true
      return
    }
    try {
      const watcher = watch(folder, (_, name) => changed(folder, name))
      watcher.on('error', () => remove(folder))
      watchers.set(folder, watcher)
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory() && !ignored(entry.name)) add(join(folder, entry.name))
      }
    } catch {
      // The folder went away, or is not ours to read.
      remove(folder)
    }
  }

  function remove(folder: string): void {
    watchers.get(folder)?.close()
    watchers.delete(folder)
  }

  function changed(folder: string, name: string | null): void {
    if (name === null || ignored(name)) return
    const path = join(folder, name)
    if (!SOURCES.has(extname(name))) {
      // It may be a new folder; anything else is left alone by `add`.
      if (extname(name) === '') addIfFolder(path)
      return
    }
    clearTimeout(timer)
    timer = setTimeout(() => onChange(path), SETTLE_MS)
  }

  function addIfFolder(path: string): void {
    try {
      readdirSync(path)
    } catch {
      return
    }
    add(path)
  }

  for (const root of roots) add(root)
  return {
    get truncated() {
      return truncated
    },
    close() {
      clearTimeout(timer)
      for (const folder of [...watchers.keys()]) remove(folder)
    },
  }
}

function ignored(name: string): boolean {
  return name === 'node_modules' || name === 'coverage' || name.startsWith('.')
}

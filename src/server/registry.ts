/**
 * Named things that a server offers, in the order in which they were added: tools, resources, templates, prompts.
 *
 * @see the specification, server/utilities/pagination
 * @module
 */
import type { ListKind } from '../session/cluster.ts'
import type { Revision } from '../wire/revision.ts'

/** What a registration returns: the thing can be changed and taken back while the server runs. */
export interface Registration<Definition> {
  readonly name: string
  readonly enabled: boolean
  /** Shows it again. */
  enable(): void
  /** Hides it: it is not listed and can't be used. */
  disable(): void
  /** Takes it away for good. */
  remove(): void
  /** Changes parts of its definition. */
  update(changes: Partial<Definition>): void
}

interface Item<Entry> {
  /** Grows with every registration; a cursor names the last one that it showed. */
  readonly ordinal: number
  entry: Entry
  enabled: boolean
}

export interface Page {
  /** The JSON texts of the items. */
  readonly items: readonly string[]
  /** Where the next page starts, when there is one. */
  readonly next: number | undefined
}

export class Registry<Entry> {
  readonly #kind: ListKind
  readonly #noun: string
  readonly #render: (entry: Entry, revision: Revision) => object
  readonly #changed: (list: ListKind) => void
  readonly #items = new Map<string, Item<Entry>>()
  readonly #pages = new Map<string, Page>()
  #ordinals = 0

  constructor(
    kind: ListKind,
    noun: string,
    render: (entry: Entry, revision: Revision) => object,
    changed: (list: ListKind) => void,
  ) {
    this.#kind = kind
    this.#noun = noun
    this.#render = render
    this.#changed = changed
  }

  /** Whether anything was ever added: then the server has the capability. */
  get used(): boolean {
    return this.#ordinals > 0
  }

  /**
   * @param prepare makes an entry from a definition; also run by `update`, so a bad change fails like a bad start.
   * @throws {TypeError} for a name in use.
   */
  add<Definition extends object>(
    key: string,
    definition: Definition,
    prepare: (definition: Definition) => Entry,
  ): Registration<Definition> {
    if (this.#items.has(key)) {
      throw new TypeError(`The ${this.#noun} "${key}" exists already; remove it first or choose another name.`)
    }
    let current = definition
    const item: Item<Entry> = { ordinal: ++this.#ordinals, entry: prepare(definition), enabled: true }
    this.#items.set(key, item)
    this.#touch()
    const setEnabled = (enabled: boolean): void => {
      if (item.enabled === enabled) return
      item.enabled = enabled
      this.#touch()
    }
    return {
      name: key,
      get enabled() {
        return item.enabled
      },
      enable: () => setEnabled(true),
      disable: () => setEnabled(false),
      remove: () => {
        if (this.#items.get(key) === item && this.#items.delete(key)) this.#touch()
      },
      update: (changes) => {
        const changed = { ...current, ...changes }
        item.entry = prepare(changed)
        current = changed
        this.#touch()
      },
    }
  }

  get(key: string): Entry | undefined {
    const item = this.#items.get(key)
    return item?.enabled ? item.entry : undefined
  }

  /** The enabled entries, in order. */
  *entries(): IterableIterator<Entry> {
    for (const item of this.#items.values()) if (item.enabled) yield item.entry
  }

  /** One page, kept as text until something changes. */
  page(revision: Revision, after: number, size: number): Page {
    const key = `${revision.name} ${after} ${size}`
    const known = this.#pages.get(key)
    if (known !== undefined) return known
    const items: string[] = []
    let last = after
    let next: number | undefined
    for (const item of this.#items.values()) {
      if (!item.enabled || item.ordinal <= after) continue
      if (items.length === size) {
        next = last
        break
      }
      items.push(JSON.stringify(this.#render(item.entry, revision)))
      last = item.ordinal
    }
    const page = { items, next }
    // Cursors are sealed, so `after` is always an ordinal that we gave; the bound is for very long lists.
    if (this.#pages.size < 256) this.#pages.set(key, page)
    return page
  }

  /** Everything that a client can see of the list, as text: the base of the catalogue's hash. */
  describe(revision: Revision): string {
    return this.page(revision, 0, Number.MAX_SAFE_INTEGER).items.join()
  }

  #touch(): void {
    this.#pages.clear()
    this.#changed(this.#kind)
  }
}

/**
 * Named things that a server offers, in the order in which they were added: tools, resources, templates, prompts.
 *
 * @see the specification, server/utilities/pagination
 * @module
 */
import type { ListKind } from '../session/cluster.ts'
import type { Identity } from '../session/principal.ts'
import type { Revision } from '../wire/revision.ts'
import type { Access } from './access.ts'

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
  /** For whom it exists now: everybody, nobody, or those whom the author's rule admits. */
  shown: boolean | NonNullable<Access['visible']>
}

/** What a registry holds: something with rules of access. */
interface Registered {
  readonly definition: Access
}

export interface Page {
  /** The JSON texts of the items. */
  readonly items: readonly string[]
  /** Where the next page starts, when there is one. */
  readonly next: number | undefined
}

export class Registry<Entry extends Registered> {
  readonly #kind: ListKind
  readonly #noun: string
  readonly #render: (entry: Entry, revision: Revision) => object
  readonly #changed: (list: ListKind) => void
  readonly #items = new Map<string, Item<Entry>>()
  readonly #pages = new Map<string, Page>()
  #ordinals = 0
  /** Whether anything exists for some only, and whether anything needs scopes. */
  #selective = false
  #scoped = false

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
    const item: Item<Entry> = { ordinal: ++this.#ordinals, entry: prepare(definition), enabled: true, shown: true }
    this.#items.set(key, item)
    this.#admit(item)
    this.#touch()
    const setEnabled = (enabled: boolean): void => {
      if (item.enabled === enabled) return
      item.enabled = enabled
      this.#admit(item)
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
        this.#admit(item)
        this.#touch()
      },
    }
  }

  /** Whether anything is not for everybody. */
  get restricted(): boolean {
    return this.#selective || this.#scoped
  }

  get(key: string, auth: Identity | undefined): Entry | undefined {
    const item = this.#items.get(key)
    if (item === undefined) return undefined
    return item.shown === true || isShown(item, auth) ? item.entry : undefined
  }

  /** What is enabled and exists for this identity, in order. */
  *entries(auth: Identity | undefined): IterableIterator<Entry> {
    for (const item of this.#items.values()) if (isShown(item, auth)) yield item.entry
  }

  /** What is enabled, for whomever it exists. */
  *all(): IterableIterator<Entry> {
    for (const item of this.#items.values()) if (item.enabled) yield item.entry
  }

  /** One page. Kept as text until something changes, where it is the same for everybody. */
  page(revision: Revision, after: number, size: number, auth: Identity | undefined): Page {
    if (this.#selective) return this.#makePage(revision, after, size, (item) => isShown(item, auth))
    const key = `${revision.name} ${after} ${size}`
    const known = this.#pages.get(key)
    if (known !== undefined) return known
    const page = this.#makePage(revision, after, size, (item) => item.enabled)
    // Cursors are sealed, so `after` is always an ordinal that we gave; the bound is for very long lists.
    if (this.#pages.size < 256) this.#pages.set(key, page)
    return page
  }

  /** The list as text, with what only some can see: the base of the catalogue's hash. */
  describe(revision: Revision): string {
    return this.#makePage(revision, 0, Number.MAX_SAFE_INTEGER, (item) => item.enabled).items.join()
  }

  #makePage(revision: Revision, after: number, size: number, shows: (item: Item<Entry>) => boolean): Page {
    const items: string[] = []
    let last = after
    let next: number | undefined
    for (const item of this.#items.values()) {
      if (item.ordinal <= after || !shows(item)) continue
      if (items.length === size) {
        next = last
        break
      }
      items.push(JSON.stringify(this.#render(item.entry, revision)))
      last = item.ordinal
    }
    return { items, next }
  }

  /** Applies the rules of access of an item that is new or has changed. */
  #admit(item: Item<Entry>): void {
    const { scopes, visible } = item.entry.definition
    item.shown = item.enabled && (visible ?? true)
    if (visible !== undefined) this.#selective = true
    if (scopes !== undefined) this.#scoped = true
  }

  #touch(): void {
    this.#pages.clear()
    this.#changed(this.#kind)
  }
}

function isShown(item: Pick<Item<unknown>, 'shown'>, auth: Identity | undefined): boolean {
  return typeof item.shown === 'boolean' ? item.shown : item.shown(auth) === true
}

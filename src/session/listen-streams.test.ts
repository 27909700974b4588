import { expect, test } from 'vitest'
import type { ClusterRecord, ListKind } from './cluster.ts'
import { type Listener, ListenStreams } from './listen-streams.ts'

class Ear implements Listener {
  readonly filter: Listener['filter']
  readonly heard: string[] = []

  constructor(lists: ListKind[], uris: string[]) {
    this.filter = { lists: new Set(lists), uris: new Set(uris) }
  }

  listChanged(list: ListKind): void {
    this.heard.push(list)
  }

  updated(uri: string): void {
    this.heard.push(uri)
  }

  close(): void {
    this.heard.push('closed')
  }
}

const entry = (record: ClusterRecord) => ({ position: 'p', record })

test('each hears what it asked for', () => {
  const streams = new ListenStreams()
  const [tools, uris, nothing] = [new Ear(['tools'], []), new Ear([], ['a', 'b']), new Ear([], [])]
  for (const ear of [tools, uris, nothing]) streams.add(ear)
  streams.apply(entry({ v: 1, t: 'list', list: 'tools' }))
  streams.apply(entry({ v: 1, t: 'list', list: 'prompts' }))
  streams.apply(entry({ v: 1, t: 'updated', uri: 'b' }))
  streams.apply(entry({ v: 1, t: 'updated', uri: 'c' }))
  streams.apply(entry({ v: 1, t: 'deleted', uid: 'x', expiresAt: 0 }))
  expect([tools.heard, uris.heard, nothing.heard]).toEqual([['tools'], ['b'], []])
})

test('after a gap each hears all of it, once', () => {
  const streams = new ListenStreams()
  const ear = new Ear(['tools', 'resources'], ['a'])
  streams.add(ear)
  streams.gap()
  expect(ear.heard).toEqual(['tools', 'resources', 'a'])
})

test('who has left hears nothing, and who comes to a closing server is closed', () => {
  const streams = new ListenStreams()
  const [left, stays, late] = [new Ear(['tools'], []), new Ear(['tools'], []), new Ear(['tools'], [])]
  streams.add(left)
  streams.add(stays)
  streams.remove(left)
  expect(streams.size).toBe(1)
  expect(streams.closeAll()).toBe(true)
  streams.add(late)
  expect([left.heard, stays.heard, late.heard, streams.size]).toEqual([[], ['closed'], ['closed'], 0])
  expect(streams.closeAll()).toBe(false)
})

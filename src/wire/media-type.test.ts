import { expect, test } from 'vitest'
import { isJsonContentType, parseAccept } from './media-type.ts'

test.each([
  ['application/json, text/event-stream', true, true],
  ['text/event-stream,application/json', true, true],
  ['Application/JSON;charset=utf-8 , TEXT/EVENT-STREAM', true, true],
  ['application/json', true, false],
  ['text/event-stream', false, true],
  ['*/*', true, true],
  ['application/*', true, false],
  ['text/*', false, true],
  ['application/*, text/*;q=0.1', true, true],
  ['text/html', false, false],
  ['application/json-patch+json', false, false],
  ['application/jsonx, text/event-streams', false, false],
  ['', false, false],
  [',,;', false, false],
  ['application/json;q=0, text/event-stream', false, true],
  ['application/json; q=0.000, text/event-stream;q=0.001', false, true],
  ['*/*;q=0', false, false],
  ['application/json;q=00', true, false],
])('Accept: %s', (header, json, sse) => {
  expect(parseAccept(header)).toEqual({ json, sse })
  // From memory as well.
  expect(parseAccept(header)).toEqual({ json, sse })
})

test('without a header nothing is accepted', () => {
  parseAccept('*/*')
  expect(parseAccept(undefined)).toEqual({ json: false, sse: false })
})

test.each([
  ['application/json', true],
  ['application/json; charset=utf-8', true],
  ['application/json;charset=UTF8', true],
  ['application/json; charset="utf-8"', true],
  ['APPLICATION/JSON', true],
  ['application/json; foo=bar', true],
  ['application/json; charset=latin1', false],
  ['application/json; charset=utf-16', false],
  ['text/plain', false],
  ['text/plain; application/json', false],
  ['application/json-rpc', false],
  ['application/x-www-form-urlencoded', false],
  ['multipart/form-data; boundary=application/json', false],
  ['application/json, text/plain', false],
  ['', false],
])('Content-Type: %s', (header, json) => {
  expect(isJsonContentType(header)).toBe(json)
  expect(isJsonContentType(header)).toBe(json)
})

test('without a content type a body is not JSON', () => {
  expect(isJsonContentType(undefined)).toBe(false)
})

test('headers that nobody has sent before are read right when the memory is full', () => {
  for (let at = 0; at < 500; at++) {
    expect(parseAccept(`application/json;v=${at}`)).toEqual({ json: true, sse: false })
    expect(isJsonContentType(`application/json;v=${at}`)).toBe(true)
    expect(isJsonContentType(`text/plain;v=${at}`)).toBe(false)
  }
})

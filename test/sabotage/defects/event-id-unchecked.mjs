export default {
  what: 'the signature of an event id is not compared: a finished stream is served to any session',
  file: 'src/session/event-id.ts',
  from: 'if (!sipVerifies(key, text, id.slice(split + 1))) return undefined',
  to: '',
  simulation: { world: 'connections', seeds: 100 },
}

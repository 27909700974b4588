/**
 * Reads what a server started by hand takes from its environment.
 *
 * @returns {{ port: number, host: string, auth: 'none', secrets: string[] | undefined }}
 * @throws when `FAIRLEAD_ENGINE` names an engine that does not exist
 */
export function environment({ PORT = '8000', HOST = '127.0.0.1', FAIRLEAD_SECRET, FAIRLEAD_ENGINE = 'memory:' }) {
  if (FAIRLEAD_ENGINE !== 'memory:') {
    throw new Error(`FAIRLEAD_ENGINE is ${FAIRLEAD_ENGINE}, and the only engine is memory: so far.`)
  }
  return { port: Number(PORT), host: HOST, auth: 'none', secrets: FAIRLEAD_SECRET?.split(',') }
}

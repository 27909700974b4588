/**
 * What publishes the package: nobody else's code that may change under its name, no right that is not needed, and nothing
 * is published that has not passed.
 */
import { readdir, readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { ROOT } from '../run.mjs'

export const title = 'workflows use pinned actions and few rights; publishing needs the tests and leaves provenance'

const FOLDER = `${ROOT}.github/workflows/`

export async function check() {
  const problems = []
  let publishing = 0
  for (const file of await readdir(FOLDER)) {
    const { permissions, jobs } = parse(await readFile(FOLDER + file, 'utf8'))
    const say = (text) => problems.push(`.github/workflows/${file}: ${text}`)
    if (permissions === undefined) say('without permissions every job has all of them.')
    for (const [name, job] of Object.entries(jobs)) {
      for (const { uses } of job.steps) {
        if (uses !== undefined && !/@[0-9a-f]{40}$/.test(uses)) say(`${name}: ${uses} is not pinned to a commit.`)
      }
      const runs = job.steps.map(({ run = '' }) => run)
      const publishes = runs.some((run) => /\bnpm publish\b/.test(run))
      const rights = Object.entries(job.permissions ?? {}).filter(([, right]) => right === 'write')
      const allowed = publishes ? ['id-token'] : []
      for (const [right] of rights) if (!allowed.includes(right)) say(`${name}: may write ${right}.`)
      if (!publishes) continue
      publishing++
      if (rights.length === 0) say(`${name}: without id-token there is no provenance.`)
      const tested = [job.needs ?? []].flat().some((needed) => runsEverything(jobs[needed]))
      if (!tested) say(`${name}: publishes what has not passed.`)
    }
  }
  if (publishing !== 1) problems.push(`${publishing} jobs publish the package; there must be one.`)
  return problems
}

function runsEverything(job) {
  return job.steps.some(({ run = '' }) => run.includes('.ci/run'))
}

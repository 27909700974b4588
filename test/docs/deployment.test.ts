/** docs/deployment.md shows what the tests run, and what cannot be run here is at least well-formed. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { blocksOf, ROOT, read } from './blocks.ts'

const DEPLOY = `${ROOT}deploy/`

const files = readdirSync(DEPLOY)

test.each(files)('%s stands in the page as it is', (name) => {
  const file = readFileSync(DEPLOY + name, 'utf8').trimEnd()
  expect(blocksOf('docs/deployment.md').map(({ code }) => code)).toContain(file)
  expect(read('docs/deployment.md')).toContain(`deploy/${name}`)
})

/** A manifest without a mistake in its form. */
function documentsOf(name: string): Record<string, unknown>[] {
  return parseAllDocuments(readFileSync(DEPLOY + name, 'utf8')).map((document) => {
    expect(document.errors).toEqual([])
    return document.toJS({ maxAliasCount: 10 })
  })
}

test('the Compose file starts three replicas with one secret, and leaves them the time to drain', () => {
  const [{ services } = {}] = documentsOf('compose.yaml') as [{ services: Record<string, Record<string, unknown>> }]
  const replicas = Object.entries(services ?? {}).filter(([name]) => name.startsWith('replica-'))
  expect(replicas.length).toBe(3)
  for (const [, replica] of replicas) {
    expect(replica).toMatchObject({ environment: { FAIRLEAD_ENGINE: 'redis://redis:6379' }, stop_grace_period: '40s' })
    expect((replica['environment'] as Record<string, string>)['FAIRLEAD_SECRET']).toMatch(/^\$\{FAIRLEAD_SECRET:\?/)
  }
  expect(String(services!['redis']!['command'])).toContain('noeviction')
  // The balancer's own configuration names the same replicas.
  for (const [name] of replicas) expect(readFileSync(`${DEPLOY}nginx.conf`, 'utf8')).toContain(`server ${name}:8000;`)
})

test('the Kubernetes manifests fit together', () => {
  const [deployment, service] = documentsOf('kubernetes.yaml') as [
    { spec: { selector: { matchLabels: object }; template: { metadata: { labels: object }; spec: Pod } } },
    { spec: { selector: object; ports: { targetPort: string }[] } },
  ]
  interface Pod {
    terminationGracePeriodSeconds: number
    containers: { ports: { name: string }[]; env: { name: string }[]; readinessProbe: { httpGet: object } }[]
  }
  const { template, selector } = deployment.spec
  expect(template.metadata.labels).toEqual(selector.matchLabels)
  expect(service.spec.selector).toEqual(selector.matchLabels)
  const [container] = template.spec.containers
  expect(container!.ports.map(({ name }) => name)).toContain(service.spec.ports[0]!.targetPort)
  expect(container!.env.map(({ name }) => name)).toEqual(['HOST', 'FAIRLEAD_ENGINE', 'FAIRLEAD_SECRET'])
  expect(container!.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' })
  // The drain takes at most 25 s of its own, and 5 s twice.
  expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(35)
})

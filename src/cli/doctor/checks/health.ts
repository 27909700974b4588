/**
 * Where the balancer asks whether a replica is there, and whether it takes new work.
 *
 * @module
 */
import { type Check, good, note, problem } from '../patient.ts'

export const health: Check = {
  id: 'health',
  title: 'Health and readiness',
  async run({ talk, profile }) {
    if (!profile.ours) return []
    const [healthy, ready] = await Promise.all(
      ['/healthz', '/readyz'].map((path) => talk.wire.send({ method: 'GET', path })),
    )
    const answered = `/healthz ${healthy!.status}, /readyz ${ready!.status}`
    if (healthy!.status === 200 && ready!.status === 200) return [good(`${answered}.`)]
    if (ready!.status === 503 && /draining/.test(ready!.text)) {
      return [
        problem(`${answered}: requests reach a replica that is shutting down.`, {
          breaks: 'New session streams are refused, and the replica will be gone in a moment.',
          remedies: [
            {
              where: 'HAProxy',
              change: 'option httpchk GET /readyz, and check inter 1s on each server',
            },
            { where: 'Kubernetes', change: 'readinessProbe: { httpGet: { path: /readyz }, periodSeconds: 1 }' },
            { where: 'any other', change: 'ask /readyz, every second' },
          ],
        }),
      ]
    }
    return [
      note(`${answered} through the proxy. That is fine as long as the proxy itself asks each replica for /readyz.`, {
        breaks: 'A balancer that does not ask sends requests to replicas that are shutting down.',
      }),
    ]
  },
}

import { defineConfig } from 'vitest/config'

/** Real sockets, child processes and windows of time: one file at a time, so that they do not slow each other down. */
const overSockets = { testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/{unit,simulation}/**/*.test.ts'],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/{unit,simulation,fuzz,clients,engines,cluster}/**',
            'test/replicas/**',
            'test/cli/doctor.test.ts',
            '**/node_modules/**',
          ],
          ...overSockets,
        },
      },
      // What integration shows of one process, shown of three replicas as well.
      {
        test: {
          name: 'spread',
          include: [
            'test/{security,requirements,modern,auth}/*.test.ts',
            'test/http/{answers,close-stream,limits,slow-readers}.test.ts',
          ],
          // No server, or replicas of their own.
          exclude: [
            'test/security/forgery.test.ts',
            'test/requirements/coverage.test.ts',
            'test/auth/matrix-replicas.test.ts',
            'test/modern/{flags,stdio,request-state}.test.ts',
          ],
          provide: { deployment: 'three replicas' },
          ...overSockets,
          fileParallelism: true,
        },
      },
      // The official clients of every release, from a package.json of their own.
      {
        test: {
          name: 'clients',
          include: ['test/clients/*.test.ts'],
          globalSetup: 'test/cluster/install.ts',
          ...overSockets,
        },
      },
      // Engines on servers of their own, with the clients of a package.json of their own.
      {
        test: {
          name: 'engines',
          include: ['test/engines/*.test.ts'],
          globalSetup: 'test/engines/install.ts',
          ...overSockets,
          // Most of the time passes waiting for times to live: files wait beside each other.
          fileParallelism: true,
          testTimeout: 120_000,
          maxConcurrency: 12,
        },
      },
      // Replicas in one process, and as processes on Redis behind real balancers. Most of the time passes waiting.
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/*.test.ts', 'test/replicas/*.test.ts', 'test/cli/doctor.test.ts'],
          globalSetup: 'test/cluster/install.ts',
          ...overSockets,
          fileParallelism: true,
        },
      },
      // Compiled, never run: what must and what must not type-check.
      {
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['test/types/*.test-d.ts'],
            tsconfig: 'test/types/tsconfig.json',
          },
        },
      },
    ],
  },
})

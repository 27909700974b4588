/**
 * The checks, in the order in which they run: later ones leave out what earlier ones have found broken.
 *
 * @module
 */
import type { Check } from '../patient.ts'
import { bodies } from './bodies.ts'
import { cors } from './cors.ts'
import { engine } from './engine.ts'
import { headers } from './headers.ts'
import { health } from './health.ts'
import { methods } from './methods.ts'
import { replicas } from './replicas.ts'
import { slash } from './slash.ts'
import { streaming } from './streaming.ts'

export const CHECKS: readonly Check[] = [slash, health, headers, streaming, methods, replicas, engine, bodies, cors]

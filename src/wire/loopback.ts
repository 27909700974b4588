/**
 * Names of this machine.
 *
 * @module
 */

/** Whether a host name can only mean this machine. */
export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name)
}

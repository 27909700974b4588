/**
 * One ring of secrets for everything that leaves the server sealed or signed. The first secret seals; all of them
 * open, so that a key can be rolled out before it is used and kept for as long as a session may live.
 *
 * A sealed token reads `f1.<key id>.<day>.<nonce, ciphertext and tag>`. Purpose, audience, key id and day are bound
 * in as associated data and in the sub-key, so a token made for one purpose opens for no other, and a random 96-bit
 * nonce meets at most one day of use of a key.
 *
 * @module
 */
import { type CryptoPort, type MaybePromise, NONCE_BYTES, type Platform, TAG_BYTES } from '../engine/platform.ts'
import { decodeBase64url, encodeBase64url } from '../wire/base64url.ts'
import { RandomPool } from './random-pool.ts'
import { type SipKey, sipHashText, sipKey, sipVerifies } from './siphash.ts'

/** What a sealed token is for. */
export type Purpose = 'session' | 'connection' | 'cursor' | 'request-state'

/** Why a token did not open. `unknown_key` may be a rotation on its way; the others are certain. */
export type OpenFailure = 'malformed' | 'forged' | 'unknown_key'

export interface Opened {
  readonly bytes: Uint8Array
  readonly keyId: string
}

/** Secrets shorter than this are refused: they could be guessed offline from one token. */
export const MIN_SECRET_BYTES = 32

const FORMAT = 'f1'
const DAY_MS = 86_400_000

interface Secret {
  readonly id: string
  readonly bytes: Uint8Array
  readonly eventKey: SipKey
  readonly addressKey: SipKey
}

/** A key for one purpose and day, and what is bound into its tokens. */
interface SubKey {
  readonly bytes: MaybePromise<Uint8Array>
  readonly associated: Uint8Array
}

/** What seals tokens of one purpose today. */
interface Seal {
  readonly day: number
  readonly head: string
  readonly key: SubKey
}

export type RingPlatform = Pick<Platform, 'now' | 'randomBytes' | 'base64url' | 'crypto'>

export class KeyRing {
  /** Whether the secret was made by this process: then a token under any other key is certainly not ours. */
  readonly generated: boolean
  readonly #platform: RingPlatform
  readonly #audience: string
  readonly #secrets: ReadonlyMap<string, Secret>
  readonly #sealing: Secret
  /** Sub-keys by key id, purpose and day. A session lives 30 days, so a few dozen are in use. */
  readonly #subKeys = new Map<string, SubKey>()
  readonly #seals: Partial<Record<Purpose, Seal>> = {}
  readonly #nonces: RandomPool

  private constructor(platform: RingPlatform, audience: string, secrets: readonly Secret[], generated: boolean) {
    this.#platform = platform
    this.#audience = audience
    this.#secrets = new Map(secrets.map((secret) => [secret.id, secret]))
    this.#sealing = secrets[0]!
    this.generated = generated
    this.#nonces = new RandomPool(platform)
  }

  /**
   * @param secrets newest first, each at least 32 bytes of text; none: one is generated and dies with the process.
   * @param audience the name under which tokens are made; two servers with one secret don't accept each other's.
   * @throws {TypeError} for a secret that is too short.
   */
  static async create(platform: RingPlatform, audience: string, secrets: readonly string[] = []): Promise<KeyRing> {
    const texts = secrets.map((text) => new TextEncoder().encode(text))
    const weak = texts.findIndex((bytes) => bytes.length < MIN_SECRET_BYTES)
    if (weak !== -1) {
      throw new TypeError(
        `secrets[${weak}] has ${texts[weak]!.length} bytes; use at least ${MIN_SECRET_BYTES} random ones, ` +
          'for example the output of `openssl rand -base64 32`.',
      )
    }
    const generated = texts.length === 0
    const all = generated ? [platform.randomBytes(MIN_SECRET_BYTES)] : texts
    return new KeyRing(
      platform,
      audience,
      await Promise.all(all.map((bytes) => readSecret(platform.crypto, bytes))),
      generated,
    )
  }

  /** The key id that new tokens carry. */
  get sealingKeyId(): string {
    return this.#sealing.id
  }

  /** The key that signs event ids of sessions sealed under `keyId`. */
  eventKey(keyId: string): SipKey {
    return (this.#secrets.get(keyId) ?? this.#sealing).eventKey
  }

  /**
   * Signs what need not be hidden, for what a token of the full size would cost more than the work it stands for.
   *
   * @param text what is signed, and all that it is bound to.
   * @returns the key id and the signature.
   */
  sign(text: string): { readonly keyId: string; readonly signature: string } {
    const { id, addressKey } = this.#sealing
    return { keyId: id, signature: sipHashText(addressKey, this.#forAudience(text)) }
  }

  /** Whether this ring made the signature, under this key id and for this text. */
  hasSigned(text: string, keyId: string, signature: string): boolean {
    const secret = this.#secrets.get(keyId)
    return secret !== undefined && sipVerifies(secret.addressKey, this.#forAudience(text), signature)
  }

  #forAudience(text: string): string {
    return `${text}\0${this.#audience}`
  }

  /** At once where the platform's cryptography is: every `initialize` seals. */
  seal(purpose: Purpose, bytes: Uint8Array): MaybePromise<string> {
    const today = Math.floor(this.#platform.now() / DAY_MS)
    const latest = this.#seals[purpose]
    const seal = latest?.day === today ? latest : this.#sealToday(purpose, today)
    const { key } = seal
    if (key.bytes instanceof Promise) return key.bytes.then((late) => this.#sealWith(late, seal, bytes))
    return this.#sealWith(key.bytes, seal, bytes)
  }

  #sealToday(purpose: Purpose, today: number): Seal {
    const day = today.toString(36)
    const key = this.#subKey(this.#sealing, purpose, day)
    const seal = { day: today, head: `${FORMAT}.${this.#sealing.id}.${day}.`, key }
    this.#seals[purpose] = seal
    return seal
  }

  #sealWith(key: Uint8Array, { head, key: sub }: Seal, bytes: Uint8Array): MaybePromise<string> {
    const nonce = this.#nonces.take(NONCE_BYTES)
    const sealed = this.#platform.crypto.seal(key, nonce, bytes, sub.associated)
    if (sealed instanceof Promise) return sealed.then((late) => head + this.#platform.base64url(late))
    return head + this.#platform.base64url(sealed)
  }

  /** The ids of all secrets of the ring, as tokens show them. */
  get keyIds(): readonly string[] {
    return [...this.#secrets.keys()]
  }

  async open(purpose: Purpose, token: string): Promise<Opened | OpenFailure> {
    const parts = token.split('.')
    const [format, keyId, day, text] = parts
    if (parts.length !== 4 || format !== FORMAT || keyId === undefined || text === undefined) return 'malformed'
    if (!/^[A-Za-z0-9_-]{6}$/.test(keyId) || day === undefined || !/^[0-9a-z]{1,5}$/.test(day)) return 'malformed'
    const body = decodeBase64url(text)
    if (body === undefined || body.length < NONCE_BYTES + TAG_BYTES) return 'malformed'
    const secret = this.#secrets.get(keyId)
    if (secret === undefined) return 'unknown_key'
    const key = this.#subKey(secret, purpose, day)
    const bytes = await this.#platform.crypto.open(await key.bytes, body, key.associated)
    return bytes === undefined ? 'forged' : { bytes, keyId }
  }

  #subKey(secret: Secret, purpose: Purpose, day: string): SubKey {
    const name = `${secret.id}.${purpose}.${day}`
    const known = this.#subKeys.get(name)
    if (known !== undefined) return known
    const bytes = this.#platform.crypto.deriveKey(secret.bytes, `fairlead ${purpose} ${day}`, 32)
    const associated = new TextEncoder().encode([FORMAT, purpose, secret.id, day, this.#audience].join('\0'))
    const made = { bytes, associated }
    // Days are the client's to choose until the token is authentic, so the map forgets when it is flooded.
    if (this.#subKeys.size >= 256) this.#subKeys.clear()
    this.#subKeys.set(name, made)
    return made
  }
}

async function readSecret(crypto: CryptoPort, bytes: Uint8Array): Promise<Secret> {
  const id = encodeBase64url(await crypto.deriveKey(bytes, 'fairlead key id', 6)).slice(0, 6)
  const [event, address] = await Promise.all([
    crypto.deriveKey(bytes, 'fairlead event', 16),
    crypto.deriveKey(bytes, 'fairlead address', 16),
  ])
  return { id, bytes, eventKey: sipKey(event), addressKey: sipKey(address) }
}

/**
 * What tools, resources and prompts are made of, in the specification's words (revision 2025-11-25).
 *
 * @see the specification, schema, "Content"
 * @module
 */

export interface Annotations {
  readonly audience?: readonly ('user' | 'assistant')[]
  /** 0 (least) to 1 (most important). */
  readonly priority?: number
  /** ISO 8601. */
  readonly lastModified?: string
}

/** An image for user interfaces; `src` is an https: or data: URI. */
export interface Icon {
  readonly src: string
  readonly mimeType?: string
  /** `"48x48"` and the like, or `"any"`. */
  readonly sizes?: readonly string[]
  readonly theme?: 'light' | 'dark'
}

export type Meta = { readonly [key: string]: unknown }

export interface TextContent {
  readonly type: 'text'
  readonly text: string
  readonly annotations?: Annotations
  readonly _meta?: Meta
}

export interface ImageContent {
  readonly type: 'image'
  /** Base64. */
  readonly data: string
  readonly mimeType: string
  readonly annotations?: Annotations
  readonly _meta?: Meta
}

export interface AudioContent {
  readonly type: 'audio'
  /** Base64. */
  readonly data: string
  readonly mimeType: string
  readonly annotations?: Annotations
  readonly _meta?: Meta
}

export interface ResourceLink {
  readonly type: 'resource_link'
  readonly uri: string
  readonly name: string
  readonly title?: string
  readonly description?: string
  readonly mimeType?: string
  readonly size?: number
  readonly icons?: readonly Icon[]
  readonly annotations?: Annotations
  readonly _meta?: Meta
}

export interface TextResourceContents {
  readonly uri: string
  readonly mimeType?: string
  readonly text: string
  readonly _meta?: Meta
}

export interface BlobResourceContents {
  readonly uri: string
  readonly mimeType?: string
  /** Base64. */
  readonly blob: string
  readonly _meta?: Meta
}

export type ResourceContents = TextResourceContents | BlobResourceContents

export interface EmbeddedResource {
  readonly type: 'resource'
  readonly resource: ResourceContents
  readonly annotations?: Annotations
  readonly _meta?: Meta
}

export type ContentBlock = TextContent | ImageContent | AudioContent | ResourceLink | EmbeddedResource

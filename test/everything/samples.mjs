/** The smallest PNG: one red pixel. Base64, as the suite compares it. */
export const IMAGE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='

/** The smallest WAV: a header and one sample. Base64. */
export const AUDIO = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA='

export const imageBlock = { type: 'image', data: IMAGE, mimeType: 'image/png' }

export const textBlock = (text) => ({ type: 'text', text })

/** Numbers as the tables show them; a dash where there is none. */

const NONE = '–'

export const decimals = (digits) => (value) => (value === undefined ? NONE : value.toFixed(digits))
export const whole = (value) => (value === undefined ? NONE : Math.round(value).toLocaleString('en'))
export const percent = (value) => (value === undefined ? NONE : `${(value * 100).toFixed(1)} %`)
export const times = (value) => (value === undefined ? NONE : `${value.toFixed(2)} x`)

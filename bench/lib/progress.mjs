/** One line that says what is being measured: rewritten on a terminal, one line per step elsewhere. */

export function makeProgress(stream = process.stderr) {
  let lastStep = ''
  return {
    show(text) {
      if (stream.isTTY) {
        stream.write(`\r\x1b[K${text}`)
        return
      }
      // Without a terminal the part after the colon changes too often to keep.
      const step = text.split(':')[0]
      if (step === lastStep) return
      lastStep = step
      stream.write(`  ${step}\n`)
    },
    clear() {
      if (stream.isTTY) stream.write('\r\x1b[K')
    },
  }
}

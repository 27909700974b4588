/** Plain text tables: the first column to the left, all others to the right. */

export function table(header, lines) {
  const widths = header.map((name, column) =>
    Math.max(name.length, ...lines.map((line) => (line[column] ?? '').length)),
  )
  const format = (line) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('   ')
  return [header, ...lines].map((line) => `  ${format(line)}`.trimEnd()).join('\n')
}

/** A row of the benchmark with its bounds, as text. */
export function rowText(row, entries, bounds) {
  const measured = entries.filter(({ error }) => error === undefined)
  const failed = entries.filter(({ error }) => error !== undefined)
  const lines = measured.map((entry) => [entry.target, ...row.cells(entry)])
  const text = [`${row.name}: ${row.title}`]
  if (lines.length > 0) text.push(table(['', ...row.columns], lines))
  for (const { target, error } of failed) text.push(`  ${target} failed: ${error}`)
  for (const bound of bounds) text.push(`  ${bound.met ? 'met   ' : 'MISSED'} ${bound.text}`)
  return `${text.join('\n')}\n`
}

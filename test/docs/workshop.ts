/** A folder in which programs find this package and what it is used with, as a user's project would. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { ROOT } from './blocks.ts'

const RUNNER = fileURLToPath(new URL('runner.mjs', import.meta.url))

/** How a program ended, and the ports on which it listened. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  /** What the MCP endpoint answered to `initialize`, for a program that serves. */
  readonly answer: { readonly status: number; readonly type: string | null } | undefined
}

export class Workshop {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'fairlead-docs-'))

  constructor() {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))
    const link = (name: string, target: string): void => {
      const at = join(this.folder, 'node_modules', name)
      mkdirSync(dirname(at), { recursive: true })
      symlinkSync(target, at)
    }
    link('fairlead', ROOT)
    for (const name of Object.keys({ ...dependencies, ...devDependencies }))
      link(name, join(ROOT, 'node_modules', name))
    this.write('package.json', '{ "type": "module", "private": true }')
  }

  write(name: string, text: string): string {
    const file = join(this.folder, name)
    writeFileSync(file, text)
    return file
  }

  /** The type errors of programs, as `tsc` would print them. */
  typeCheck(programs: readonly { readonly name: string; readonly code: string }[]): string[] {
    // A block without an import is a script to TypeScript, and scripts share their names.
    const files = programs.map(({ name, code }) => this.write(name, `${code}\nexport {}\n`))
    const program = ts.createProgram(files, {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      types: ['node'],
      typeRoots: [`${ROOT}node_modules/@types`],
    })
    return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
      const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')
      if (diagnostic.file === undefined || diagnostic.start === undefined) return text
      const { line } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start)
      return `${diagnostic.file.fileName}:${line + 1}: ${text}`
    })
  }

  /** Runs a program of TypeScript. One that serves is asked to initialize a session, and then to end. */
  async run(name: string, code: string): Promise<Outcome> {
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    })
    const file = this.write(name.replace(/\.ts$/, '.mjs'), outputText)
    const child = fork(RUNNER, [file], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], cwd: this.folder })
    let output = ''
    child.stdout!.on('data', (chunk) => {
      output += chunk
    })
    child.stderr!.on('data', (chunk) => {
      output += chunk
    })
    const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    const answer = await this.#serveOnce(child, exit)
    const [exitCode, signal] = await exit
    return { code: exitCode, signal, output, answer }
  }

  async #serveOnce(child: ChildProcess, exit: Promise<unknown>): Promise<Outcome['answer']> {
    const evaluated = new Promise<{ ports: number[] }>((resolve) => {
      child.on('message', (message) => resolve(message as { ports: number[] }))
    })
    const told = await Promise.race([evaluated, exit.then(() => undefined)])
    const [port] = told?.ports ?? []
    if (port === undefined) return undefined
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'docs', version: '1.0.0' } }
    const response = await fetch(`http://127.0.0.1:${port}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
    })
    await response.text()
    child.kill('SIGTERM')
    return { status: response.status, type: response.headers.get('content-type') }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

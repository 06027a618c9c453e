/**
 * A Debian of its own in a folder, made by debootstrap, with systemd as its first process: what an
 * operator's machine is, as far as a service can tell. Without a network once it has started.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const BOOT_MS = 120_000
/** Where the machine that tests run on keeps whom it trusts, if it is told so by its environment. */
const TRUST = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'GIT_SSL_CAINFO'] as const
const NSPAWN = ['systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--console=pipe']

/** Why there can be none here, as a test's `skip`. */
export function missingRights(): string | false {
  return process.getuid?.() !== 0 && 'a container takes root'
}

export class Container {
  /** Device nodes are made in it, which the scratch folder of tests does not allow. */
  readonly #home = mkdtempSync('/var/tmp/microvisor-debian-')
  readonly #root = join(this.#home, 'root')
  #machine: ChildProcess | undefined
  #leader = 0

  static async make(release: string): Promise<Container> {
    const container = new Container()
    const words = ['--variant=minbase', '--include=systemd,systemd-sysv,curl', release]
    await promisify(execFile)('debootstrap', [...words, container.#root], { maxBuffer: 2 ** 26 })
    container.write('/etc/hosts', '127.0.0.1 localhost\n')
    return container
  }

  write(path: string, text: string): void {
    const file = join(this.#root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  read(path: string): string {
    return readFileSync(join(this.#root, path), 'utf8')
  }

  /** Before it has started, with the network of this machine; `folders` of it can be read there. */
  prepare(script: string, folders: Readonly<Record<string, string>> = {}): void {
    const trust = TRUST.filter((name) => process.env[name] !== undefined).map((name) => {
      this.write(`/etc/ssl/${name}`, readFileSync(process.env[name]!, 'utf8'))
      return `--setenv=${name}=/etc/ssl/${name}`
    })
    const binds = Object.entries(folders).map(([to, from]) => `--bind-ro=${from}:${to}`)
    const resolver = '--bind-ro=/etc/resolv.conf'
    this.write('/root/prepare.sh', script)
    const more = [
      ...trust,
      ...binds,
      resolver,
      '-D',
      this.#root,
      'bash',
      '-eux',
      '/root/prepare.sh',
    ]
    execFileSync(NSPAWN[0]!, [...NSPAWN.slice(1), ...more], { stdio: 'pipe', maxBuffer: 2 ** 26 })
  }

  async start(): Promise<void> {
    const words = ['--private-network', '-D', this.#root, '-b', 'systemd.unit=multi-user.target']
    this.#machine = spawn(NSPAWN[0]!, [...NSPAWN.slice(1), ...words], { stdio: 'ignore' })
    const deadline = performance.now() + BOOT_MS
    for (;;) {
      assert.ok(performance.now() < deadline, 'systemd did not come up')
      await sleep(200)
      const { pid } = this.#machine
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
      if (children === '') continue
      this.#leader = Number(children.split(' ')[0])
      const { stdout } = await this.run('systemctl is-system-running || true')
      if (/running|degraded/.test(stdout)) return
    }
  }

  /** As root, while it runs. */
  async run(script: string): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = ['env', '-i', `PATH=${PATH}`, 'HOME=/root', 'bash', '-c', script]
    const child = spawn('nsenter', ['-t', `${this.#leader}`, '-a', ...env])
    const said = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.stderr += text
    })
    const code = await new Promise<number>((resolve) =>
      child.once('close', (end) => resolve(end ?? 1)),
    )
    return { code, ...said }
  }

  /** What it says on standard output; it has to end well. */
  async succeed(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(script)
    assert.equal(code, 0, `${script}\nended with ${code}:\n${stdout}${stderr}`)
    return stdout.trim()
  }

  async end(): Promise<void> {
    const machine = this.#machine
    if (machine !== undefined) {
      const gone = new Promise((resolve) => machine.once('exit', resolve))
      machine.kill('SIGTERM')
      const timer = setTimeout(() => machine.kill('SIGKILL'), 20_000)
      await gone
      clearTimeout(timer)
    }
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 3 })
  }
}

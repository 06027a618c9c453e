/**
 * The guide to hosting on a Debian that has nothing yet: its installation, its unit under a real
 * systemd, its upgrade, the drill of its backup. In `npm run test:slow`; as root.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { missing } from '../../tools/programs.ts'
import { isComplete } from '../../tools/sampling.ts'
import { Container, missingRights } from './container.ts'
import { guideBlock, ROOT } from './guide.ts'

const skip =
  isComplete && (missingRights() || missing('debootstrap', 'systemd-nspawn', 'nsenter', 'openssl'))

const CLONE = 'https://git.example/your-organisation/microvisor'
/** Of the real one, whose minute is long for a test. */
const WATCHDOG_SECONDS = 8

if (isComplete)
  describe('an operator with a new Debian', { skip }, () => {
    const source = mkdtempSync(join(tmpdir(), 'microvisor-source-'))
    let debian: Container

    const operate = (words: string) =>
      debian.succeed(`. /root/operate.sh; HOME=/root operate ${words}`)
    const property = (name: string) =>
      debian.succeed(`systemctl show -p ${name} --value microvisor`)
    const isReady = async () => (await debian.run('curl -sf localhost:8700/ready')).code === 0

    before(async () => {
      const clone = ['clone', '--quiet', '--bare', `file://${ROOT}`, join(source, 'microvisor')]
      execFileSync('git', clone, { stdio: 'pipe' })
      debian = await Container.make('bookworm')
    })
    after(async () => {
      await debian?.end()
      rmSync(source, { recursive: true, force: true })
    })

    /** The same commands, but for where the sources come from. */
    const fromHere = (script: string) => {
      assert.ok(script.includes(CLONE))
      return script.replace(CLONE, 'file:///source/microvisor')
    }

    test('installs what the page says', async () => {
      debian.prepare(`apt-get update -qq\n${fromHere(guideBlock('apt-get install'))}`, {
        '/source': source,
      })
      // The upgrade's sources, while there is a network.
      const upgrade = guideBlock(`git clone --depth 1 ${CLONE} /opt/microvisor/0.2.0`)
      const [clone = '', install = '', ...rest] = upgrade.split('\n')
      debian.prepare(`${fromHere(clone)}\n${install}`, { '/source': source })
      debian.write('/root/upgrade.sh', rest.join('\n'))
      debian.write('/root/operate.sh', guideBlock('operate() {').replace(/^operate devices.*/m, ''))
      debian.write('/etc/systemd/system/microvisor.service', guideBlock('[Unit]\n'))
      await debian.start()
      assert.match(await debian.succeed('microvisor --version'), /^microvisor .*node v2[4-9]/)
    })

    test('starts the unit of the page, which is ready when systemctl comes back', async () => {
      const verified = await debian.run(
        'systemd-analyze verify /etc/systemd/system/microvisor.service',
      )
      assert.deepEqual(verified, { code: 0, stdout: '', stderr: '' })
      debian.write('/etc/microvisor/environment', 'MICROVISOR_LOG=stderr\n')
      debian.write(
        '/etc/systemd/system/microvisor.service.d/test.conf',
        `[Service]\nWatchdogSec=${WATCHDOG_SECONDS}\n`,
      )
      await debian.succeed(guideBlock('systemctl daemon-reload'))
      assert.ok(await isReady())
      const log = await debian.succeed('journalctl -u microvisor -o cat')
      assert.match(log, /^\{"level":30.*"event":"server started"/m)
    })

    test('has a device there that is updated', async () => {
      await debian.succeed(
        '. /root/operate.sh; (operate device run pump --data /var/lib/microvisor >/root/device.log 2>&1 &)',
      )
      await until(async () => debian.read('/root/device.log').includes('connected to the cloud'))
      await operate('deploy /opt/microvisor/current/samples/prebuilt/blink.elf --device pump')
      assert.match(await operate('devices list'), /pump .*up-to-date/)
    })

    test('finds that it can write to its folder alone, and has no rights but its own', async () => {
      const pid = await property('MainPID')
      const status = await debian.succeed(`cat /proc/${pid}/status`)
      assert.match(status, /NoNewPrivs:\t1\n/)
      assert.match(status, /CapBnd:\t0+\n/)
      assert.match(status, /Seccomp:\t2\n/)
      const places = '/ /etc /opt/microvisor /usr /var /var/lib /root /home /var/lib/microvisor'
      const written = await debian.succeed(
        `nsenter -t ${pid} -m sh -c 'for d in ${places}; do touch $d/x 2>/dev/null && echo $d; done; rm -f /var/lib/microvisor/x'`,
      )
      assert.equal(written, '/var/lib/microvisor')
      const files = Number(
        /Max open files +(\d+)/.exec(await debian.succeed(`cat /proc/${pid}/limits`))?.[1],
      )
      const most = Number(await debian.succeed('ulimit -Hn'))
      assert.equal(files, Math.min(65_536, most))
    })

    test('kills it, and it is back; lets it hang, and it is back, too', async () => {
      for (const signal of ['KILL', 'STOP']) {
        const pid = await property('MainPID')
        await debian.succeed(`kill -${signal} ${pid}`)
        await until(async () => (await property('MainPID')) !== pid && (await isReady()))
      }
      const log = await debian.succeed('journalctl -u microvisor -o cat')
      assert.match(log, /status=9\/KILL/)
      assert.match(log, /Watchdog timeout/)
      await until(async () =>
        /pump .*online|pump .*connected|pump .*here/.test(await operate('devices list')),
      )
    })

    test('gives it a certificate, and a renewed one without a restart; a broken one changes nothing', async () => {
      const hook = '/etc/letsencrypt/renewal-hooks/deploy/microvisor'
      debian.write(hook, guideBlock('#!/bin/sh'))
      for (const name of ['one', 'two']) {
        const [key, crt] = [join(source, 'key.pem'), join(source, 'crt.pem')]
        const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
        const words = ['req', ...kind, '-subj', `/CN=${name}`, '-keyout', key, '-out', crt]
        execFileSync('openssl', words, { stdio: 'pipe' })
        debian.write(`/root/${name}/privkey.pem`, readFileSync(key, 'utf8'))
        debian.write(`/root/${name}/fullchain.pem`, readFileSync(crt, 'utf8'))
      }
      const renew = (name: string) => debian.succeed(`RENEWED_LINEAGE=/root/${name} sh ${hook}`)
      await renew('one')
      const settings = guideBlock('MICROVISOR_TLS_CERTIFICATE=')
      const own = settings.replace('microvisor.example', 'localhost')
      debian.write('/etc/microvisor/environment', `MICROVISOR_LOG=stderr\n${own}`)
      await debian.succeed('systemctl restart microvisor')
      const shown = () =>
        debian.succeed('curl -svk https://localhost:8700/health 2>&1 | grep subject:')
      assert.match(await shown(), /CN=one/)
      const pid = await property('MainPID')
      await renew('two')
      await until(async () => (await shown()).includes('CN=two'))
      debian.write('/root/broken/privkey.pem', 'x')
      debian.write('/root/broken/fullchain.pem', 'x')
      await renew('broken')
      const complaints = guideBlock('journalctl')
      await until(async () => (await debian.run(complaints)).stdout.includes('the old one stays'))
      assert.match(await shown(), /CN=two/)
      assert.equal(await property('MainPID'), pid)
      debian.write('/etc/microvisor/environment', 'MICROVISOR_LOG=stderr\n')
      await debian.succeed('systemctl restart microvisor')
    })

    test('upgrades, with a backup before, of which the drill makes a server', async () => {
      await debian.succeed(`set -e; . /root/operate.sh; . /root/upgrade.sh`)
      assert.ok(await isReady())
      assert.equal(await debian.succeed('readlink /opt/microvisor/current'), '0.2.0')
      assert.match(await operate('devices list'), /pump/)
      const drill = guideBlock('microvisor restore')
      const out = await debian.succeed(`set -e; ${drill}`)
      assert.match(out, /pump/)
      assert.match(out, /intact|entries/)
    })

    test('stops it in an orderly way, and only after it has served for a while longer', async () => {
      debian.write('/etc/microvisor/environment', 'MICROVISOR_DRAIN_SECONDS=3\n')
      await debian.succeed('systemctl restart microvisor')
      const from = performance.now()
      const stopped = debian.succeed('systemctl stop microvisor')
      await until(async () =>
        (await debian.run('curl -s localhost:8700/ready')).stdout.includes('STOPPING'),
      )
      await stopped
      assert.ok(performance.now() - from > 3000)
      assert.equal(await property('Result'), 'success')
    })
  })

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 120_000
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, 'It did not come about within two minutes.')
    await sleep(250)
  }
}

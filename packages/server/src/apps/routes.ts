/** Apps over HTTP. */
import * as api from '@microvisor/api'
import { formatDate } from '../http/dates.ts'
import { showPage } from '../http/pages.ts'
import type { Rest } from '../http/rest.ts'
import type { AppSymbols, SymbolsRow } from './app-symbols.ts'
import type { AppRow, Apps } from './apps.ts'

export function addAppRoutes(rest: Rest, apps: Apps): void {
  rest.handle(api.listApps, async ({ query, caller, home }) =>
    showPage('apps', `${home}/v1/Apps`, await apps.list(caller.accountSid, query), (app) =>
      showApp(app, home),
    ),
  )
  rest.handle(api.createApp, async ({ file, form, caller, home }) =>
    showApp(await apps.create(caller.accountSid, file, form.UniqueName), home),
  )
  rest.handle(api.fetchApp, async ({ params, caller, home }) =>
    showApp(await apps.fetch(caller.accountSid, params.Sid), home),
  )
  rest.handle(api.deleteApp, ({ params, caller }) => apps.remove(caller.accountSid, params.Sid))
  rest.handle(api.fetchAppManifest, async ({ params, caller, home }) => {
    const app = await apps.fetch(caller.accountSid, params.AppSid)
    return {
      app_sid: app.sid,
      hash: `sha256:${app.manifestHash}`,
      encoded_bytes: Buffer.from(await apps.manifest(app)).toString('base64'),
      url: `${home}/v1/Apps/${app.sid}/Manifest`,
    }
  })
  rest.handle(api.fetchAppBundle, async ({ params, caller }) =>
    apps.bundle(await apps.fetch(caller.accountSid, params.Sid)),
  )
}

export function addSymbolRoutes(rest: Rest, apps: Apps, symbols: AppSymbols): void {
  const find = ({ params, caller }: { params: { Sid: string }; caller: { accountSid: string } }) =>
    apps.fetch(caller.accountSid, params.Sid)
  rest.handle(api.fetchAppSymbols, async (call) =>
    showSymbols(await symbols.fetch(await find(call)), call.home),
  )
  rest.handle(api.createAppSymbols, async (call) =>
    showSymbols(await symbols.create(await find(call), call.file), call.home),
  )
  rest.handle(api.deleteAppSymbols, async (call) => symbols.remove(await find(call)))
}

function showSymbols(row: SymbolsRow, home: string): api.AppSymbols {
  return {
    app_sid: row.appSid,
    elf_hash: `sha256:${row.elfHash}`,
    functions: row.functions,
    lines: row.lines,
    date_created: formatDate(row.createdAt),
    url: `${home}/v1/Apps/${row.appSid}/Symbols`,
  }
}

function showApp(app: AppRow, home: string): api.App {
  const url = `${home}/v1/Apps/${app.sid}`
  return {
    sid: app.sid,
    account_sid: app.accountSid,
    hash: `sha256:${app.manifestHash}`,
    unique_name: app.uniqueName,
    date_created: formatDate(app.createdAt),
    date_updated: formatDate(app.updatedAt),
    url,
    links: { app_manifests: `${url}/Manifest` },
  }
}

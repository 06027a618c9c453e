/** Signers and layer keys over HTTP. */
import * as api from '@microvisor/api'
import { formatDate } from '../http/dates.ts'
import { showPage } from '../http/pages.ts'
import type { Rest } from '../http/rest.ts'
import type { LayerKeyRow, LayerKeys } from './layer-keys.ts'
import type { SignerRow, Signers } from './signers.ts'

export function addSignerRoutes(rest: Rest, signers: Signers): void {
  rest.handle(api.listSigners, async ({ query, caller, home }) =>
    showPage('signers', `${home}/v1/Signers`, await signers.list(caller.accountSid, query), (row) =>
      showSigner(row, home),
    ),
  )
  rest.handle(api.createSigner, async ({ form, caller, home }) => {
    const { PublicKey, FriendlyName } = form
    return showSigner(await signers.create(caller.accountSid, PublicKey, FriendlyName), home)
  })
  rest.handle(api.fetchSigner, async ({ params, caller, home }) =>
    showSigner(await signers.fetch(caller.accountSid, params.KeyId), home),
  )
  rest.handle(api.deleteSigner, ({ params, caller }) =>
    signers.remove(caller.accountSid, params.KeyId),
  )
}

export function addLayerKeyRoutes(rest: Rest, layerKeys: LayerKeys): void {
  rest.handle(api.listLayerKeys, async ({ query, caller, home }) => {
    const page = await layerKeys.list(caller.accountSid, query)
    return showPage('layer_keys', `${home}/v1/LayerKeys`, page, (row) => showLayerKey(row, home))
  })
  rest.handle(api.createLayerKey, async ({ form, caller, home }) => {
    const { Key, FriendlyName } = form
    return showLayerKey(await layerKeys.create(caller.accountSid, Key, FriendlyName), home)
  })
  rest.handle(api.fetchLayerKey, async ({ params, caller, home }) =>
    showLayerKey(await layerKeys.fetch(caller.accountSid, params.KeyId), home),
  )
  rest.handle(api.deleteLayerKey, ({ params, caller }) =>
    layerKeys.remove(caller.accountSid, params.KeyId),
  )
}

function showLayerKey(key: LayerKeyRow, home: string): api.LayerKey {
  return {
    key_id: key.keyId,
    account_sid: key.accountSid,
    friendly_name: key.friendlyName,
    date_created: formatDate(key.createdAt),
    url: `${home}/v1/LayerKeys/${key.keyId}`,
  }
}

function showSigner(signer: SignerRow, home: string): api.Signer {
  return {
    key_id: signer.keyId,
    account_sid: signer.accountSid,
    friendly_name: signer.friendlyName,
    public_key: signer.publicKey,
    date_created: formatDate(signer.createdAt),
    url: `${home}/v1/Signers/${signer.keyId}`,
  }
}

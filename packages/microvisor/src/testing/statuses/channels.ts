/** Every status of every call on channels: channels themselves, HTTP, config, MQTT. */
import {
  type ChannelResponseInit,
  ChannelType,
  Status,
  StreamCloseReason,
  type StructValue,
  type SystemCallName,
} from '@microvisor/protocol'
import type { Bench } from '../bench.ts'
import { openArguments, openChannel, sizedString } from '../channel-bench.ts'
import {
  accept,
  acceptedChannelCalls,
  answered,
  configRequest,
  configValues,
  connectRequest,
  handleAt,
  httpRequest,
  itemParams,
  lostPlaces,
  messagePlaces,
  mqttAnswers,
  publishRequest,
  reasonPlaces,
  sizedBuffer,
  subscribeRequest,
  unsubscribeRequest,
} from '../channel-calls.ts'
import { FLASH } from '../test-hardware.ts'
import { type Arrange, type Row, SECURE_RAM } from './arrange.ts'

const { OPAQUEBYTES, HTTP, CONFIGFETCH, MQTT } = ChannelType
const unreadable = { data: SECURE_RAM - 2, length: 4 }
const empty = { data: 0, length: 0 }

type Name = keyof typeof acceptedChannelCalls

const names = Object.keys(acceptedChannelCalls) as Name[]
const withHandle = names.filter((name) => name !== 'mvOpenChannel')

const closable = withHandle.filter(
  (name) => name !== 'mvCloseChannel' && name !== 'mvGetChannelClosureReason',
)

export const channelRows: readonly Row[] = [
  ...names.map((name): Row => [name, 'OKAY', acceptedChannelCalls[name]]),
  ...withHandle.map((name): Row => [name, 'INVALIDHANDLE', withBadHandle(name)]),
  ...closable.map((name): Row => [name, 'CHANNELCLOSED', onClosedChannel(name)]),
  ...names
    .filter((name) => acceptedPointer(name) !== undefined)
    .map((name): Row => [name, 'PARAMETERFAULT', withBadPointer(name)]),

  ['mvOpenChannel', 'UNSUPPORTEDSTRUCTUREVERSION', open({ version: 2 })],
  ['mvOpenChannel', 'INVALIDHANDLE', open({ notification_handle: 3 })],
  ['mvOpenChannel', 'INVALIDHANDLE', open({ network_handle: 3 })],
  ['mvOpenChannel', 'UNKNOWNCHANNELTYPE', open({ channel_type: 4 })],
  ['mvOpenChannel', 'INVALIDBUFFERSIZE', open({ send_buffer_len: 0 })],
  ['mvOpenChannel', 'INVALIDBUFFERSIZE', open({ send_buffer_len: 511 })],
  ['mvOpenChannel', 'INVALIDBUFFERSIZE', open({ receive_buffer_len: 0 })],
  ['mvOpenChannel', 'INVALIDBUFFERSIZE', open({ receive_buffer_len: 600 })],
  ['mvOpenChannel', 'PARAMETERFAULT', open({ receive_buffer: SECURE_RAM - 512 })],
  ['mvOpenChannel', 'PARAMETERFAULT', open({ send_buffer: FLASH })],
  ['mvOpenChannel', 'PARAMETERFAULT', open({ endpoint: unreadable })],
  ['mvOpenChannel', 'PARAMETERFAULT', openWith((p) => ({ receive_buffer: p.send_buffer + 2048 }))],
  ['mvOpenChannel', 'PARAMETERFAULT', onBuffersOf((b) => b.center(60).buffer & ~511)],
  ['mvOpenChannel', 'PARAMETERFAULT', onBuffersOf((b) => openChannel(MQTT, {}, b).receive)],
  [
    'mvOpenChannel',
    'INVALIDBUFFERALIGNMENT',
    openWith((p) => ({ send_buffer: p.send_buffer + 8 })),
  ],
  [
    'mvOpenChannel',
    'OKAY',
    openWith((p) => ({ receive_buffer: p.receive_buffer + 4, receive_buffer_len: 2048 })),
  ],
  ['mvOpenChannel', 'OKAY', open({ receive_buffer_len: 16 }, OPAQUEBYTES)],
  ['mvOpenChannel', 'UNKNOWNCHANNELENDPOINT', (b) => endpoint(b, 'nowhere')],
  ['mvOpenChannel', 'UNKNOWNCHANNELENDPOINT', (b) => endpoint(b, '')],
  ['mvOpenChannel', 'UNKNOWNCHANNELENDPOINT', (b) => endpoint(b, 'log'.padEnd(5000, 'x'))],
  ['mvOpenChannel', 'OKAY', (b) => endpoint(b, 'log')],
  [
    'mvOpenChannel',
    'NETWORKNOTCONNECTED',
    (b) => {
      const { args } = openArguments(b, HTTP)
      b.isCloudUp = false
      b.disconnect()
      return args
    },
  ],
  ['mvOpenChannel', 'RATELIMITED', (b) => afterOpens(b, 8)],
  ['mvOpenChannel', 'OKAY', (b) => afterOpens(b, 7)],
  [
    'mvOpenChannel',
    'TOOMANYCHANNELS',
    (b) => {
      for (let i = 0; i < 4; i++) openChannel(HTTP, { receiveBytes: 512, sendBytes: 512 }, b)
      return openArguments(b, HTTP).args
    },
  ],
  [
    'mvOpenChannel',
    'UNAVAILABLE',
    (b) => {
      b.hardware.network.room = 0
      for (let token = 1; token < 20_000; token++) b.cloud.send({ case: 'ping', value: { token } })
      b.run()
      return openArguments(b, HTTP).args
    },
  ],

  ['mvWriteChannelStream', 'LATEFAULT', changed('mvWriteChannelStream', 3, FLASH)],
  ['mvWriteChannel', 'LATEFAULT', changed('mvWriteChannel', 3, FLASH)],
  ['mvWriteChannel', 'INVALIDBUFFERSIZE', changed('mvWriteChannel', 2, 2561)],
  ['mvWriteChannel', 'PARAMETERFAULT', (b) => nothingToWrite(b, 'mvWriteChannel')],
  ['mvWriteChannelStream', 'PARAMETERFAULT', (b) => nothingToWrite(b, 'mvWriteChannelStream')],

  ['mvSendHttpRequest', 'LATEFAULT', http({ body: unreadable })],
  ['mvSendHttpRequest', 'LATEFAULT', http({ method: unreadable })],
  ['mvSendHttpRequest', 'LATEFAULT', http({ headers: SECURE_RAM - 4 })],
  ['mvSendHttpRequest', 'TOOMANYELEMENTS', http({ num_headers: 33 })],
  ['mvSendHttpRequest', 'INVALIDBUFFERSIZE', (b) => http({ body: long(b, 2530) })(b)],
  ['mvSendHttpRequest', 'INVALIDBUFFERSIZE', (b) => http({ body: long(b, 3000) })(b)],
  ['mvSendHttpRequest', 'REQUESTALREADYSENT', again('mvSendHttpRequest', (b) => httpRequest(b))],
  [
    'mvSendHttpRequest',
    'REQUESTALREADYSENT',
    (b) => {
      const { handle } = openChannel(HTTP, {}, b)
      b.call('mvSendHttpRequest', handle, httpRequest(b, { body: unreadable }))
      return [handle, httpRequest(b)]
    },
  ],
  ['mvReadHttpResponseData', 'RESPONSENOTPRESENT', (b) => [fresh(b, HTTP), b.place(16)]],
  ['mvReadHttpResponseHeader', 'RESPONSENOTPRESENT', (b) => [fresh(b, HTTP), 0, b.place(4), 4]],
  ['mvReadHttpResponseBody', 'RESPONSENOTPRESENT', (b) => [fresh(b, HTTP), 0, b.place(4), 4]],
  ['mvReadHttpResponseHeader', 'INDEXINVALID', changed('mvReadHttpResponseHeader', 1, 2)],
  ['mvReadHttpResponseBody', 'OFFSETINVALID', changed('mvReadHttpResponseBody', 1, 11)],
  ['mvReadHttpResponseBody', 'OKAY', changed('mvReadHttpResponseBody', 1, 10)],

  ['mvSendConfigFetchRequest', 'LATEFAULT', config({ key: unreadable })],
  ['mvSendConfigFetchRequest', 'TOOMANYCONFIGKEYS', config({}, 33)],
  ['mvSendConfigFetchRequest', 'UNKNOWNCONFIGSCOPE', config({ scope: 2 })],
  ['mvSendConfigFetchRequest', 'UNKNOWNCONFIGSTORE', config({ store: 2 })],
  ['mvSendConfigFetchRequest', 'INVALIDCONFIGKEY', config({ key: empty })],
  ['mvSendConfigFetchRequest', 'INVALIDCONFIGKEY', (b) => config({ key: text(b, 'a\nb') })(b)],
  ['mvSendConfigFetchRequest', 'INVALIDCONFIGKEY', (b) => config({ key: text(b, 'ü') })(b)],
  ['mvSendConfigFetchRequest', 'INVALIDCONFIGKEY', (b) => config({ key: long(b, 101) })(b)],
  ['mvSendConfigFetchRequest', 'OKAY', (b) => config({ key: long(b, 100) })(b)],
  ['mvSendConfigFetchRequest', 'INVALIDBUFFERSIZE', manyKeys],
  ['mvSendConfigFetchRequest', 'INVALIDBUFFERSIZE', (b) => config({ key: long(b, 3000) })(b)],
  [
    'mvSendConfigFetchRequest',
    'REQUESTALREADYSENT',
    again('mvSendConfigFetchRequest', (b) => configRequest(b)),
  ],
  [
    'mvReadConfigFetchResponseData',
    'RESPONSENOTPRESENT',
    (b) => [fresh(b, CONFIGFETCH), b.place(8)],
  ],
  ['mvReadConfigResponseItem', 'RESPONSENOTPRESENT', (b) => [fresh(b, CONFIGFETCH), itemParams(b)]],
  ['mvReadConfigResponseItem', 'INDEXINVALID', item(() => ({ item_index: 2 }))],
  ['mvReadConfigResponseItem', 'PARAMETERFAULT', item(() => ({ result: FLASH }))],
  [
    'mvReadConfigResponseItem',
    'PARAMETERFAULT',
    item((b) => ({ buf: { ...sizedBuffer(b), length: FLASH } })),
  ],
  [
    'mvReadConfigResponseItem',
    'PARAMETERFAULT',
    item((b) => ({ buf: { ...sizedBuffer(b), size: 0x1000_0000 } })),
  ],

  ['mvMqttRequestConnect', 'REQUESTALREADYSENT', again('mvMqttRequestConnect', connectRequest)],
  ['mvMqttRequestConnect', 'LATEFAULT', connect(() => ({ host: unreadable }))],
  ['mvMqttRequestConnect', 'LATEFAULT', connect(() => ({ will: SECURE_RAM }))],
  ['mvMqttRequestConnect', 'LATEFAULT', connect(() => ({ tls_credentials: SECURE_RAM - 8 }))],
  [
    'mvMqttRequestConnect',
    'LATEFAULT',
    connect((b) => credentials(b, { authorities: 1 }, FLASH - 4)),
  ],
  ['mvMqttRequestConnect', 'TOOMANYELEMENTS', connect((b) => credentials(b, { authorities: 9 }))],
  ['mvMqttRequestConnect', 'TOOMANYELEMENTS', connect((b) => credentials(b, { own: 9 }))],
  ['mvMqttRequestConnect', 'OKAY', connect((b) => credentials(b, { authorities: 8, own: 8 }))],
  ['mvMqttRequestConnect', 'OKAY', connect((b) => login(b, 1))],
  ['mvMqttRequestConnect', 'INVALIDAUTHENTICATION', connect((b) => login(b, 2))],
  [
    'mvMqttRequestConnect',
    'INVALIDAUTHENTICATION',
    connect((b) => ({ ...login(b, 1), ...credentials(b, { own: 1 }) })),
  ],
  ['mvMqttRequestConnect', 'REQUIREDELEMENTMISSING', connect(() => ({ host: empty }))],
  ['mvMqttRequestConnect', 'REQUIREDELEMENTMISSING', connect(() => ({ clientid: empty }))],
  ['mvMqttRequestConnect', 'REQUIREDELEMENTMISSING', connect((b) => withoutKey(b))],
  ['mvMqttRequestConnect', 'REQUIREDELEMENTMISSING', connect((b) => will(b, { topic: empty }))],
  ['mvMqttRequestConnect', 'REQUIREDELEMENTMISSING', connect((b) => will(b, { payload: empty }))],
  ['mvMqttRequestConnect', 'OKAY', connect((b) => will(b, {}))],
  ['mvMqttRequestConnect', 'INVALIDBUFFERSIZE', connect((b) => ({ clientid: long(b, 2540) }))],

  ['mvMqttRequestSubscribe', 'TOOMANYELEMENTS', (b) => [fresh(b, MQTT), subscribeRequest(b, 9)]],
  [
    'mvMqttRequestSubscribe',
    'LATEFAULT',
    (b) => [fresh(b, MQTT), subscribeRequest(b, 1, unreadable)],
  ],
  [
    'mvMqttRequestSubscribe',
    'INVALIDBUFFERSIZE',
    (b) => [fresh(b, MQTT), subscribeRequest(b, 1, long(b, 2550))],
  ],
  ['mvMqttRequestSubscribe', 'RATELIMITED', again('mvMqttRequestSubscribe', subscribeRequest)],
  [
    'mvMqttRequestSubscribe',
    'OKAY',
    answeredInBetween('mvMqttRequestSubscribe', subscribeRequest, mqttAnswers.subscribed),
  ],
  [
    'mvMqttRequestUnsubscribe',
    'TOOMANYELEMENTS',
    (b) => [fresh(b, MQTT), unsubscribeRequest(b, 9)],
  ],
  [
    'mvMqttRequestUnsubscribe',
    'LATEFAULT',
    (b) => [fresh(b, MQTT), unsubscribeRequest(b, 1, unreadable)],
  ],
  [
    'mvMqttRequestUnsubscribe',
    'INVALIDBUFFERSIZE',
    (b) => [fresh(b, MQTT), unsubscribeRequest(b, 1, long(b, 2556))],
  ],
  [
    'mvMqttRequestUnsubscribe',
    'RATELIMITED',
    again('mvMqttRequestUnsubscribe', unsubscribeRequest),
  ],
  ['mvMqttRequestPublish', 'LATEFAULT', (b) => [fresh(b, MQTT), publishRequest(b, unreadable)]],
  [
    'mvMqttRequestPublish',
    'INVALIDBUFFERSIZE',
    (b) => [fresh(b, MQTT), publishRequest(b, long(b, 2550))],
  ],
  ['mvMqttRequestPublish', 'RATELIMITED', again('mvMqttRequestPublish', publishRequest, 8)],
  ['mvMqttRequestPublish', 'OKAY', again('mvMqttRequestPublish', publishRequest, 7)],
  ['mvMqttRequestPublish', 'RATELIMITED', withoutCredit((b) => publishRequest(b))],
  ['mvMqttAcknowledgeMessage', 'RATELIMITED', withoutCredit(() => 8)],
  ['mvMqttRequestDisconnect', 'RATELIMITED', again('mvMqttRequestDisconnect', () => 0)],
  ['mvMqttRequestDisconnect', 'RATELIMITED', withoutCredit(() => 0)],

  ...(
    [
      ['mvMqttReadConnectResponse', (b) => b.place(8)],
      ['mvMqttReadSubscribeResponse', (b) => reasonPlaces(b)],
      ['mvMqttReadUnsubscribeResponse', (b) => reasonPlaces(b)],
      ['mvMqttReadPublishResponse', (b) => b.place(12)],
      ['mvMqttReceiveMessage', (b) => messagePlaces(b)],
      ['mvMqttReceiveLostMessageInfo', (b) => lostPlaces(b)],
      ['mvMqttReadDisconnectResponse', (b) => b.place(8)],
    ] as const satisfies readonly (readonly [Name, (b: Bench) => number])[]
  ).flatMap(([name, place]): Row[] => [
    [name, 'WRONGDATAREQUESTED', (b) => [fresh(b, MQTT), place(b)]],
    [name, 'WRONGDATAREQUESTED', (b) => [afterAnother(b, name), place(b)]],
  ]),
  ['mvMqttReadSubscribeResponse', 'LATEFAULT', reasons('subscribed', { reason_codes: FLASH })],
  ['mvMqttReadSubscribeResponse', 'LATEFAULT', reasons('subscribed', { request_state: 0 })],
  [
    'mvMqttReadSubscribeResponse',
    'INVALIDBUFFERSIZE',
    reasons('subscribed', { reason_codes_size: 7 }),
  ],
  ['mvMqttReadUnsubscribeResponse', 'LATEFAULT', reasons('unsubscribed', { reason_codes_len: 4 })],
  [
    'mvMqttReadUnsubscribeResponse',
    'INVALIDBUFFERSIZE',
    reasons('unsubscribed', { reason_codes_size: 4 }),
  ],
  ['mvMqttReceiveMessage', 'LATEFAULT', message(() => ({ retain: FLASH }))],
  [
    'mvMqttReceiveMessage',
    'LATEFAULT',
    message((b) => ({ topic: { ...sizedBuffer(b), data: 0 } })),
  ],
  ['mvMqttReceiveMessage', 'INVALIDBUFFERSIZE', message((b) => ({ topic: sizedBuffer(b, 6) }))],
  ['mvMqttReceiveMessage', 'INVALIDBUFFERSIZE', message((b) => ({ payload: sizedBuffer(b, 8) }))],
  ['mvMqttReceiveMessage', 'OKAY', message((b) => ({ payload: sizedBuffer(b, 9) }))],
  ['mvMqttReceiveLostMessageInfo', 'LATEFAULT', lost(() => ({ message_len: FLASH }))],
  [
    'mvMqttReceiveLostMessageInfo',
    'INVALIDBUFFERSIZE',
    lost((b) => ({ topic: sizedBuffer(b, 3) })),
  ],
]

/** They have one structure to write, which is checked before anything is done. */
export const neverLate = [
  'mvMqttReadConnectResponse',
  'mvMqttReadPublishResponse',
  'mvMqttReadDisconnectResponse',
] as const

function withBadHandle(name: Name): Arrange {
  return (bench) => {
    const args = acceptedChannelCalls[name](bench)
    if (name === 'mvCloseChannel') return [handleAt(bench, 12)]
    // Of a channel, but of one that is of no use here.
    const other = [...args]
    const isMqtt = name.startsWith('mvMqtt')
    other[0] = name === 'mvGetChannelClosureReason' ? 12 : fresh(bench, isMqtt ? HTTP : MQTT)
    return other
  }
}

/** The channel ended before anything came of what the call is for. */
function onClosedChannel(name: Name): Arrange {
  return (bench) => {
    const args = acceptedChannelCalls[name](bench)
    const type = bench.cloud.channels.at(-1)!.openedAs.type as ChannelType
    const { handle, cloud } = openChannel(type, {}, bench)
    cloud.close(StreamCloseReason.DONE)
    bench.run()
    return [handle, ...args.slice(1)]
  }
}

function acceptedPointer(name: Name): number | undefined {
  const withPointers: Readonly<Partial<Record<Name, number>>> = {
    mvReadChannelComplete: -1,
    mvMqttAcknowledgeMessage: -1,
    mvMqttRequestDisconnect: -1,
    mvOpenChannel: 0,
    mvCloseChannel: 0,
    mvReadHttpResponseHeader: 2,
    mvReadHttpResponseBody: 2,
  }
  const index = withPointers[name] ?? 1
  return index < 0 ? undefined : index
}

function withBadPointer(name: Name): Arrange {
  return changed(name, acceptedPointer(name)!, SECURE_RAM)
}

function changed(name: Name, index: number, value: number): Arrange {
  return (bench) => {
    const args = acceptedChannelCalls[name](bench)
    args[index] = value
    return args
  }
}

type OpenFields = Partial<StructValue<'MvOpenChannelParams'>>

function open(changes: OpenFields, type: ChannelType = HTTP): Arrange {
  return openWith(() => changes, type)
}

function openWith(
  change: (fields: StructValue<'MvOpenChannelParams'>) => OpenFields,
  type: ChannelType = HTTP,
): Arrange {
  return (bench) => {
    const { fields, args } = openArguments(bench, type)
    const params = bench.struct('MvOpenChannelParams', { ...fields, ...change(fields) })
    return [params, args[1]!]
  }
}

/** A receive buffer that belongs to something else. */
function onBuffersOf(owner: (bench: Bench) => number): Arrange {
  return (bench) => open({ receive_buffer: owner(bench), receive_buffer_len: 1024 })(bench)
}

function endpoint(bench: Bench, name: string): number[] {
  return open({ endpoint: sizedString(bench, name) }, OPAQUEBYTES)(bench)
}

function afterOpens(bench: Bench, count: number): number[] {
  const { args } = openArguments(bench, HTTP)
  for (let i = 0; i < count; i++) {
    accept(bench, 'mvOpenChannel', ...args)
    accept(bench, 'mvCloseChannel', args[1]!)
  }
  return args
}

function nothingToWrite(bench: Bench, name: 'mvWriteChannel' | 'mvWriteChannelStream'): number[] {
  const [handle = 0, data = 0] = acceptedChannelCalls[name](bench)
  return [handle, data, 0, FLASH]
}

function fresh(bench: Bench, type: ChannelType): number {
  return openChannel(type, {}, bench).handle
}

function text(bench: Bench, content: string) {
  return sizedString(bench, content)
}

function long(bench: Bench, length: number) {
  return sizedString(bench, 'x'.repeat(length))
}

function http(changes: Partial<StructValue<'MvHttpRequest'>>): Arrange {
  return (bench) => [fresh(bench, HTTP), httpRequest(bench, changes)]
}

function config(changes: Partial<StructValue<'MvConfigKeyToFetch'>>, items = 1): Arrange {
  return (bench) => [fresh(bench, CONFIGFETCH), configRequest(bench, changes, items)]
}

/** Each of them all right, and all of them together as long as the send buffer. */
function manyKeys(bench: Bench): number[] {
  const key = { scope: 0, store: 0, key: long(bench, 79) }
  const keys_to_fetch = bench.struct('MvConfigKeyToFetch', key)
  for (let i = 1; i < 32; i++) bench.struct('MvConfigKeyToFetch', key)
  const request = bench.struct('MvConfigKeyFetchParams', { num_items: 32, keys_to_fetch })
  return [fresh(bench, CONFIGFETCH), request]
}

function connect(changes: (bench: Bench) => Partial<StructValue<'MvMqttConnectRequest'>>): Arrange {
  return (bench) => [fresh(bench, MQTT), connectRequest(bench, changes(bench))]
}

function credentials(bench: Bench, { authorities = 0, own = 0 }, place?: number) {
  const certificate = sizedString(bench, 'DER')
  const certs = place ?? bench.struct('MvSizedString', certificate)
  for (let i = 1; i < 8; i++) bench.struct('MvSizedString', certificate)
  const tls_credentials = bench.struct('MvTlsCredentials', {
    cacert: { num_certs: authorities, certs },
    clientcert: { chain: { num_certs: own, certs }, key: sizedString(bench, 'key') },
  })
  return { tls_credentials }
}

function withoutKey(bench: Bench) {
  const certs = bench.struct('MvSizedString', sizedString(bench, 'DER'))
  const tls_credentials = bench.struct('MvTlsCredentials', {
    cacert: { num_certs: 0, certs: 0 },
    clientcert: { chain: { num_certs: 1, certs }, key: empty },
  })
  return { tls_credentials }
}

function login(bench: Bench, method: number) {
  const username_password = { username: text(bench, 'user'), password: text(bench, 'secret') }
  return { authentication: { method, username_password } }
}

function will(bench: Bench, changes: Partial<StructValue<'MvMqttWill'>>) {
  const fields = { topic: text(bench, 'gone'), payload: text(bench, 'yes'), qos: 1, retain: 1 }
  return { will: bench.struct('MvMqttWill', { ...fields, ...changes }) }
}

/** The call was made so many times before. */
function again(name: Name, request: (bench: Bench) => number, times = 1): Arrange {
  return (bench) => {
    const [handle = 0] = acceptedChannelCalls[name](bench)
    for (let i = 0; i < times; i++) accept(bench, name, handle, request(bench))
    return [handle, request(bench)]
  }
}

function answeredInBetween(
  name: Name,
  request: (bench: Bench) => number,
  answer: ChannelResponseInit,
): Arrange {
  return (bench) => {
    const args = again(name, request)(bench)
    bench.cloud.channels.at(-1)!.respond(answer)
    bench.run()
    return args
  }
}

/** The cloud takes nothing, and the send buffer is full. */
function withoutCredit(request: (bench: Bench) => number): Arrange {
  return (bench) => {
    bench.cloud.channelCreditBytes = 0
    const { handle } = openChannel(MQTT, {}, bench)
    while (bench.call('mvMqttAcknowledgeMessage', handle, 8) === Status.OKAY);
    return [handle, request(bench)]
  }
}

/** A channel whose first item is of another kind. */
function afterAnother(bench: Bench, name: SystemCallName): number {
  const isPublish = name === 'mvMqttReadPublishResponse'
  return answered(bench, MQTT, isPublish ? mqttAnswers.lost : mqttAnswers.published).handle
}

function reasons(
  answer: 'subscribed' | 'unsubscribed',
  changes: Partial<StructValue<'MvMqttSubscribeResponse'>>,
): Arrange {
  return (bench) => [
    answered(bench, MQTT, mqttAnswers[answer]).handle,
    reasonPlaces(bench, changes),
  ]
}

function message(changes: (bench: Bench) => Partial<StructValue<'MvMqttMessage'>>): Arrange {
  return (bench) => [
    answered(bench, MQTT, mqttAnswers.message).handle,
    messagePlaces(bench, changes(bench)),
  ]
}

function lost(changes: (bench: Bench) => Partial<StructValue<'MvMqttLostMessageInfo'>>): Arrange {
  return (bench) => [
    answered(bench, MQTT, mqttAnswers.lost).handle,
    lostPlaces(bench, changes(bench)),
  ]
}

function item(
  changes: (bench: Bench) => Partial<StructValue<'MvConfigResponseReadItemParams'>>,
): Arrange {
  return (bench) => [
    answered(bench, CONFIGFETCH, configValues).handle,
    itemParams(bench, changes(bench)),
  ]
}

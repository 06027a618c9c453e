/**
 * The system calls, as data: name, address, arguments, answers. The C header, the linkable stubs,
 * docs/reference/syscalls.md and the kernel's dispatch come from this table.
 *
 * An application branches to a call's address in the non-secure-callable region; arguments and result
 * travel as AAPCS says. Every call answers `enum MvStatus`, and data comes back through pointers only.
 * An address once given out never moves.
 */
import type { StatusName } from './syscall-enums.ts'
import type { CType } from './syscall-structs.ts'

/** The non-secure-callable region: the last 8 KiB of the flash, by its secure alias. */
export const NSC = {
  address: 0x0c1f_e000,
  bytes: 0x2000,
  slotBytes: 8,
} as const

/**
 * What the kernel does with an argument.
 * - value: it is the value itself.
 * - reads, writes, updates: a pointer to one object of the type, which the kernel reads, writes, or both.
 * - readsBytes, writesBytes: a pointer to as many bytes as the argument `length` says.
 * - keepsBytes: likewise, and the kernel goes on reading and writing them after the call.
 */
export type ArgumentUse =
  | 'value'
  | 'reads'
  | 'writes'
  | 'updates'
  | 'readsBytes'
  | 'writesBytes'
  | 'keepsBytes'

export interface Argument {
  readonly use: ArgumentUse
  /** Of the value, or of what the pointer points at. */
  readonly type: CType
  /** Name of the argument that holds the number of bytes. */
  readonly length?: string
}

export interface SystemCall {
  readonly group: string
  readonly address: number
  readonly args: Readonly<Record<string, Argument>>
  /** What it may answer besides OKAY, as published. */
  readonly fails: readonly StatusName[]
  /** What it may answer beyond the published list: cases that the list leaves without an answer. */
  readonly alsoFails?: readonly StatusName[]
  /** The release of the interface that brought it: date, or API version from 0.5 on. */
  readonly since: string
  readonly doc: string
}

const value = argument('value')
const reads = argument('reads')
const writes = argument('writes')
const updates = argument('updates')
const readsBytes = bytesOf('readsBytes')
const writesBytes = bytesOf('writesBytes')
const keepsBytes = bytesOf('keepsBytes')

export const systemCalls = {
  mvNoOp: {
    group: 'general',
    address: 0x0c1f_e0d8,
    args: {},
    fails: [],
    since: '2021-08',
    doc: 'Does nothing, successfully.',
  },
  mvGetDeviceId: {
    group: 'general',
    address: 0x0c1f_e028,
    args: {
      buf: writesBytes('len'),
      len: value('uint32_t'),
    },
    fails: ['PARAMETERFAULT', 'INVALIDBUFFERSIZE'],
    since: '2021-08',
    doc: 'Writes the device SID, 34 characters without a terminator; `len` is exactly 34.',
  },
  mvGetSysClk: {
    group: 'general',
    address: 0x0c1f_e018,
    args: {
      hz: writes('uint32_t'),
    },
    fails: ['PARAMETERFAULT'],
    since: '2021-08',
    doc: 'SYSCLK, the CPU clock, in hertz.',
  },
  mvGetHClk: {
    group: 'general',
    address: 0x0c1f_e0b8,
    args: {
      hz: writes('uint32_t'),
    },
    fails: ['PARAMETERFAULT'],
    since: '2021-08',
    doc: 'HCLK, the clock of the AHB buses, in hertz.',
  },
  mvGetPClk1: {
    group: 'general',
    address: 0x0c1f_e088,
    args: {
      hz: writes('uint32_t'),
    },
    fails: ['PARAMETERFAULT'],
    since: '2021-08',
    doc: 'PCLK1, the clock of bus APB1, in hertz.',
  },
  mvGetPClk2: {
    group: 'general',
    address: 0x0c1f_e090,
    args: {
      hz: writes('uint32_t'),
    },
    fails: ['PARAMETERFAULT'],
    since: '2021-08',
    doc: 'PCLK2, the clock of bus APB2, in hertz.',
  },
  mvGetMicroseconds: {
    group: 'time',
    address: 0x0c1f_e010,
    args: {
      ms: writes('uint64_t'),
    },
    fails: ['PARAMETERFAULT'],
    since: '2021-08',
    doc: 'Microseconds since the kernel started; never goes back and knows nothing of the time of day.',
  },
  mvGetWallTime: {
    group: 'time',
    address: 0x0c1f_e038,
    args: {
      usec: writes('uint64_t'),
    },
    fails: ['PARAMETERFAULT', 'TIMENOTSET'],
    since: '2021-08',
    doc: 'Microseconds since 1970 without leap seconds. TIMENOTSET until the server has told the time, which may also correct it later.',
  },
  mvPeriphPeek32: {
    group: 'peripherals',
    address: 0x0c1f_e0f0,
    args: {
      reg: value('uint32_t'),
      output: writes('uint32_t'),
    },
    fails: ['PERIPHERALACCESSFAULT'],
    alsoFails: ['PARAMETERFAULT'],
    since: '2021-08',
    doc: 'Reads a 32-bit register that applications cannot reach themselves, such as those of RCC.',
  },
  mvPeriphPoke32: {
    group: 'peripherals',
    address: 0x0c1f_e0a8,
    args: {
      reg: value('uint32_t'),
      mask: value('uint32_t'),
      xorvalue: value('uint32_t'),
    },
    fails: ['PERIPHERALACCESSFAULT'],
    since: '2021-08',
    doc: 'Sets a register to (old AND NOT mask) XOR xorvalue. Bits the application may not change stay as they are.',
  },
  mvSetupNotifications: {
    group: 'notifications',
    address: 0x0c1f_e080,
    args: {
      notifications: reads('struct MvNotificationSetup'),
      handle_out: writes('MvNotificationHandle'),
    },
    fails: [
      'PARAMETERFAULT',
      'INVALIDBUFFERSIZE',
      'BUFFERALREADYINUSE',
      'INVALIDINTERRUPT',
      'TOOMANYNOTIFICATIONBUFFERS',
    ],
    since: '2021-08',
    doc: 'Opens a notification center: the kernel writes 16-byte records round the buffer and pends the interrupt for each. At most 32.',
  },
  mvCloseNotifications: {
    group: 'notifications',
    address: 0x0c1f_e050,
    args: {
      handle_in_out: updates('MvNotificationHandle'),
    },
    fails: ['PARAMETERFAULT', 'INVALIDHANDLE'],
    since: '2021-08',
    doc: 'Closes a center and zeroes the handle. What still refers to it goes on, unheard.',
  },
  mvTempTriggerNotification: {
    group: 'notifications',
    address: 0x0c1f_e0e0,
    args: {
      handle: value('MvNotificationHandle'),
      type: value('enum MvEventType'),
      tag: value('uint32_t'),
    },
    fails: ['INVALIDHANDLE'],
    since: '2021-08',
    doc: 'Sends a notification of your choice through a center, for tests.',
  },
  mvSetFastInterrupt: {
    group: 'fast interrupts',
    address: 0x0c1f_e058,
    args: {
      irqn: value('uint32_t'),
    },
    fails: ['INVALIDINTERRUPT', 'INVALIDVECTOR', 'UNAVAILABLE'],
    since: '2021-08',
    doc: 'Marks an interrupt as fast: it may interrupt the kernel. Enable it with mvEnableFastInterrupt.',
  },
  mvClearFastInterrupt: {
    group: 'fast interrupts',
    address: 0x0c1f_e078,
    args: {
      irqn: value('uint32_t'),
    },
    fails: ['INVALIDINTERRUPT', 'UNAVAILABLE'],
    since: '2021-08',
    doc: 'Makes a fast interrupt an ordinary one again.',
  },
  mvEnableFastInterrupt: {
    group: 'fast interrupts',
    address: 0x0c1f_e000,
    args: {
      irqn: value('uint32_t'),
    },
    fails: ['INVALIDINTERRUPT', 'UNAVAILABLE'],
    since: '2021-08',
    doc: 'Enables one fast interrupt.',
  },
  mvDisableFastInterrupt: {
    group: 'fast interrupts',
    address: 0x0c1f_e068,
    args: {
      irqn: value('uint32_t'),
    },
    fails: ['INVALIDINTERRUPT', 'UNAVAILABLE'],
    since: '2021-08',
    doc: 'Disables one fast interrupt.',
  },
  mvDisableAllFastInterrupts: {
    group: 'fast interrupts',
    address: 0x0c1f_e020,
    args: {},
    fails: [],
    since: '2021-08',
    doc: 'Holds all fast interrupts back; each keeps its own enabled state.',
  },
  mvEnableAllFastInterrupts: {
    group: 'fast interrupts',
    address: 0x0c1f_e098,
    args: {},
    fails: [],
    since: '2021-08',
    doc: 'Ends what mvDisableAllFastInterrupts began.',
  },
  mvRequestNetwork: {
    group: 'network',
    address: 0x0c1f_e040,
    args: {
      params: reads('struct MvRequestNetworkParams'),
      handle: writes('MvNetworkHandle'),
    },
    fails: ['PARAMETERFAULT', 'UNSUPPORTEDSTRUCTUREVERSION'],
    since: '2021-08',
    doc: 'Asks for the network until the handle is released. Changes arrive as NETWORKSTATUSCHANGED.',
  },
  mvReleaseNetwork: {
    group: 'network',
    address: 0x0c1f_e0d0,
    args: {
      handle: updates('MvNetworkHandle'),
    },
    fails: ['PARAMETERFAULT', 'INVALIDHANDLE', 'UNSUPPORTEDSTRUCTUREVERSION'],
    since: '2021-08',
    doc: 'Gives a network request back and zeroes the handle.',
  },
  mvGetNetworkStatus: {
    group: 'network',
    address: 0x0c1f_e0e8,
    args: {
      handle: value('MvNetworkHandle'),
      status: writes('enum MvNetworkStatus'),
    },
    fails: ['PARAMETERFAULT', 'INVALIDHANDLE'],
    since: '2021-08',
    doc: 'The state of the network at this moment.',
  },
  mvGetNetworkReasons: {
    group: 'network',
    address: 0x0c1f_e0c8,
    args: {
      reasons: writes('enum MvNetworkReason'),
      request_ref_count: writes('uint32_t'),
    },
    fails: ['PARAMETERFAULT'],
    since: '2021-08',
    doc: 'Why the device is or is not connecting (bits of enum MvNetworkReason), and how many network handles are open.',
  },
  mvOpenChannel: {
    group: 'channels',
    address: 0x0c1f_e0c0,
    args: {
      params: reads('struct MvOpenChannelParams'),
      handle: writes('MvChannelHandle'),
    },
    fails: [
      'PARAMETERFAULT',
      'INVALIDHANDLE',
      'INVALIDBUFFERALIGNMENT',
      'INVALIDBUFFERSIZE',
      'UNKNOWNCHANNELENDPOINT',
      'UNKNOWNCHANNELTYPE',
      'NETWORKNOTCONNECTED',
      'RATELIMITED',
      'UNAVAILABLE',
      'TOOMANYCHANNELS',
    ],
    alsoFails: ['UNSUPPORTEDSTRUCTUREVERSION'],
    since: '2021-08',
    doc: 'Opens a channel over a connected network. At most 4 at once and 8 opens a second.',
  },
  mvReadChannel: {
    group: 'channels',
    address: 0x0c1f_e0b0,
    args: {
      handle: value('MvChannelHandle'),
      read_pointer_out: writes('uint8_t *'),
      length_out: writes('uint32_t'),
    },
    fails: ['PARAMETERFAULT', 'INVALIDHANDLE', 'CHANNELCLOSED'],
    since: '2021-08',
    doc: 'Where received bytes lie in the receive buffer, and how many; nothing is copied.',
  },
  mvReadChannelComplete: {
    group: 'channels',
    address: 0x0c1f_e070,
    args: {
      handle: value('MvChannelHandle'),
      consumed: value('uint32_t'),
    },
    fails: ['INVALIDHANDLE', 'CHANNELCLOSED'],
    since: '2021-08',
    doc: 'Frees received bytes that have been dealt with.',
  },
  mvWriteChannelStream: {
    group: 'channels',
    address: 0x0c1f_e008,
    args: {
      handle: value('MvChannelHandle'),
      data: readsBytes('len'),
      len: value('uint32_t'),
      written: writes('uint32_t'),
    },
    fails: ['INVALIDHANDLE', 'PARAMETERFAULT', 'LATEFAULT', 'CHANNELCLOSED'],
    since: '2021-08',
    doc: 'Sends as many bytes as there is room for. After LATEFAULT they were taken, but `written` was not set.',
  },
  mvWriteChannel: {
    group: 'channels',
    address: 0x0c1f_e030,
    args: {
      handle: value('MvChannelHandle'),
      data: readsBytes('len'),
      len: value('uint32_t'),
      available: writes('uint32_t'),
    },
    fails: ['INVALIDBUFFERSIZE', 'INVALIDHANDLE', 'PARAMETERFAULT', 'LATEFAULT', 'CHANNELCLOSED'],
    since: '2021-08',
    doc: 'Sends all bytes or none (INVALIDBUFFERSIZE), and tells the room that is left; `len` 0 only asks.',
  },
  mvCloseChannel: {
    group: 'channels',
    address: 0x0c1f_e0f8,
    args: {
      handle: updates('MvChannelHandle'),
    },
    fails: ['PARAMETERFAULT', 'INVALIDHANDLE'],
    since: '2021-08',
    doc: 'Closes a channel and zeroes the handle; needed also after the server closed it.',
  },
  mvGetChannelClosureReason: {
    group: 'channels',
    address: 0x0c1f_e048,
    args: {
      handle: value('MvChannelHandle'),
      reason_out: writes('enum MvClosureReason'),
    },
    fails: ['PARAMETERFAULT', 'INVALIDHANDLE'],
    since: '2021-08',
    doc: 'Why a channel ended.',
  },
  mvSendHttpRequest: {
    group: 'HTTP',
    address: 0x0c1f_e100,
    args: {
      handle: value('MvChannelHandle'),
      request: reads('struct MvHttpRequest'),
    },
    fails: [
      'PARAMETERFAULT',
      'LATEFAULT',
      'INVALIDHANDLE',
      'INVALIDBUFFERSIZE',
      'TOOMANYELEMENTS',
      'CHANNELCLOSED',
      'REQUESTALREADYSENT',
    ],
    since: '2021-11',
    doc: 'Sends the one request of an HTTP channel: https only, at most 32 header lines, a timeout of 5000 to 10000 ms.',
  },
  mvReadHttpResponseData: {
    group: 'HTTP',
    address: 0x0c1f_e118,
    args: {
      handle: value('MvChannelHandle'),
      response_data: writes('struct MvHttpResponseData'),
    },
    fails: ['PARAMETERFAULT', 'INVALIDHANDLE', 'RESPONSENOTPRESENT', 'CHANNELCLOSED'],
    since: '2021-11',
    doc: 'Outcome, status, number of headers and body length of the response. RESPONSENOTPRESENT until it is complete.',
  },
  mvReadHttpResponseHeader: {
    group: 'HTTP',
    address: 0x0c1f_e110,
    args: {
      handle: value('MvChannelHandle'),
      header_index: value('uint32_t'),
      buf: writesBytes('size'),
      size: value('uint32_t'),
    },
    fails: [
      'PARAMETERFAULT',
      'INVALIDHANDLE',
      'RESPONSENOTPRESENT',
      'CHANNELCLOSED',
      'INDEXINVALID',
    ],
    since: '2021-11',
    doc: 'Copies one header line, counted from 0, without a terminator; its length is not told, so fill the buffer beforehand.',
  },
  mvReadHttpResponseBody: {
    group: 'HTTP',
    address: 0x0c1f_e108,
    args: {
      handle: value('MvChannelHandle'),
      offset: value('uint32_t'),
      buf: writesBytes('size'),
      size: value('uint32_t'),
    },
    fails: [
      'PARAMETERFAULT',
      'INVALIDHANDLE',
      'RESPONSENOTPRESENT',
      'CHANNELCLOSED',
      'OFFSETINVALID',
    ],
    since: '2021-11',
    doc: 'Copies body bytes from an offset; where the body ends sooner, the rest of the buffer stays as it was.',
  },
  mvServerLoggingInit: {
    group: 'logging',
    address: 0x0c1f_e120,
    args: {
      buffer: keepsBytes('length_bytes'),
      length_bytes: value('uint32_t'),
    },
    fails: ['PARAMETERFAULT', 'INVALIDBUFFERALIGNMENT', 'INVALIDBUFFERSIZE'],
    since: '2022-08',
    doc: 'Gives the kernel a log buffer for good: 512-byte aligned, a multiple of 512 bytes.',
  },
  mvServerLog: {
    group: 'logging',
    address: 0x0c1f_e128,
    args: {
      message: readsBytes('length_bytes'),
      length_bytes: value('uint16_t'),
    },
    fails: [
      'UNAVAILABLE',
      'PARAMETERFAULT',
      'INVALIDBUFFERSIZE',
      'LOGMESSAGETOOLONG',
      'LOGGINGDISABLEDBYSERVER',
    ],
    since: '2022-08',
    doc: 'Logs one message of at most 1024 bytes. INVALIDBUFFERSIZE: no room just now. UNAVAILABLE: no buffer yet.',
  },
  mvSendConfigFetchRequest: {
    group: 'config',
    address: 0x0c1f_e130,
    args: {
      handle: value('MvChannelHandle'),
      request: reads('struct MvConfigKeyFetchParams'),
    },
    fails: [
      'PARAMETERFAULT',
      'LATEFAULT',
      'INVALIDHANDLE',
      'INVALIDBUFFERSIZE',
      'CHANNELCLOSED',
      'REQUESTALREADYSENT',
    ],
    alsoFails: [
      'TOOMANYCONFIGKEYS',
      'UNKNOWNCONFIGSTORE',
      'UNKNOWNCONFIGSCOPE',
      'INVALIDCONFIGKEY',
    ],
    since: '0.5',
    doc: 'Asks for the values of config and secret keys; one request for each channel.',
  },
  mvReadConfigFetchResponseData: {
    group: 'config',
    address: 0x0c1f_e138,
    args: {
      handle: value('MvChannelHandle'),
      response_data: writes('struct MvConfigResponseData'),
    },
    fails: ['PARAMETERFAULT', 'CHANNELCLOSED'],
    alsoFails: ['INVALIDHANDLE', 'RESPONSENOTPRESENT'],
    since: '0.5',
    doc: 'Outcome of the fetch as a whole, and the number of items.',
  },
  mvReadConfigResponseItem: {
    group: 'config',
    address: 0x0c1f_e140,
    args: {
      handle: value('MvChannelHandle'),
      params: reads('struct MvConfigResponseReadItemParams'),
    },
    fails: [
      'PARAMETERFAULT',
      'INVALIDHANDLE',
      'RESPONSENOTPRESENT',
      'CHANNELCLOSED',
      'INDEXINVALID',
    ],
    since: '0.5',
    doc: 'Outcome and value of one item; items come in the order asked.',
  },
  mvMqttGetNextReadableDataType: {
    group: 'MQTT',
    address: 0x0c1f_e198,
    args: {
      handle: value('MvChannelHandle'),
      data_type: writes('enum MvMqttReadableDataType'),
    },
    fails: ['PARAMETERFAULT', 'INVALIDHANDLE', 'CHANNELCLOSED'],
    since: '0.5',
    doc: 'What can be read next. Loop on it after CHANNELDATAREADABLE until it says NONE.',
  },
  mvMqttRequestConnect: {
    group: 'MQTT',
    address: 0x0c1f_e1a8,
    args: {
      handle: value('MvChannelHandle'),
      request: reads('struct MvMqttConnectRequest'),
    },
    fails: [
      'PARAMETERFAULT',
      'LATEFAULT',
      'INVALIDHANDLE',
      'CHANNELCLOSED',
      'REQUESTALREADYSENT',
      'INVALIDAUTHENTICATION',
      'TOOMANYELEMENTS',
      'REQUIREDELEMENTMISSING',
    ],
    alsoFails: ['INVALIDBUFFERSIZE'],
    since: '0.5',
    doc: 'Connects to a broker over TLS; once for each channel.',
  },
  mvMqttReadConnectResponse: {
    group: 'MQTT',
    address: 0x0c1f_e168,
    args: {
      handle: value('MvChannelHandle'),
      response_data: writes('struct MvMqttConnectResponse'),
    },
    fails: ['PARAMETERFAULT', 'LATEFAULT', 'INVALIDHANDLE', 'CHANNELCLOSED'],
    alsoFails: ['WRONGDATAREQUESTED'],
    since: '0.5',
    doc: 'How the connect ended.',
  },
  mvMqttRequestSubscribe: {
    group: 'MQTT',
    address: 0x0c1f_e178,
    args: {
      handle: value('MvChannelHandle'),
      request: reads('struct MvMqttSubscribeRequest'),
    },
    fails: [
      'PARAMETERFAULT',
      'LATEFAULT',
      'INVALIDHANDLE',
      'CHANNELCLOSED',
      'RATELIMITED',
      'TOOMANYELEMENTS',
    ],
    alsoFails: ['INVALIDBUFFERSIZE'],
    since: '0.5',
    doc: 'Subscribes to at most 8 topics; one such request in flight.',
  },
  mvMqttReadSubscribeResponse: {
    group: 'MQTT',
    address: 0x0c1f_e1b0,
    args: {
      handle: value('MvChannelHandle'),
      response_data: reads('struct MvMqttSubscribeResponse'),
    },
    fails: ['PARAMETERFAULT', 'LATEFAULT', 'INVALIDHANDLE', 'CHANNELCLOSED', 'INVALIDBUFFERSIZE'],
    alsoFails: ['WRONGDATAREQUESTED'],
    since: '0.5',
    doc: 'How a subscribe ended, with a reason code for each topic.',
  },
  mvMqttRequestUnsubscribe: {
    group: 'MQTT',
    address: 0x0c1f_e1a0,
    args: {
      handle: value('MvChannelHandle'),
      request: reads('struct MvMqttUnsubscribeRequest'),
    },
    fails: [
      'PARAMETERFAULT',
      'LATEFAULT',
      'INVALIDHANDLE',
      'CHANNELCLOSED',
      'RATELIMITED',
      'TOOMANYELEMENTS',
    ],
    alsoFails: ['INVALIDBUFFERSIZE'],
    since: '0.5',
    doc: 'Gives up at most 8 topics; one such request in flight.',
  },
  mvMqttReadUnsubscribeResponse: {
    group: 'MQTT',
    address: 0x0c1f_e148,
    args: {
      handle: value('MvChannelHandle'),
      response_data: reads('struct MvMqttUnsubscribeResponse'),
    },
    fails: ['PARAMETERFAULT', 'LATEFAULT', 'INVALIDHANDLE', 'CHANNELCLOSED', 'INVALIDBUFFERSIZE'],
    alsoFails: ['WRONGDATAREQUESTED'],
    since: '0.5',
    doc: 'How an unsubscribe ended, with a reason code for each topic.',
  },
  mvMqttRequestPublish: {
    group: 'MQTT',
    address: 0x0c1f_e170,
    args: {
      handle: value('MvChannelHandle'),
      request: reads('struct MvMqttPublishRequest'),
    },
    fails: ['PARAMETERFAULT', 'LATEFAULT', 'INVALIDHANDLE', 'CHANNELCLOSED', 'RATELIMITED'],
    alsoFails: ['INVALIDBUFFERSIZE'],
    since: '0.5',
    doc: 'Publishes a message. RATELIMITED when too many are in flight.',
  },
  mvMqttReadPublishResponse: {
    group: 'MQTT',
    address: 0x0c1f_e180,
    args: {
      handle: value('MvChannelHandle'),
      response_data: writes('struct MvMqttPublishResponse'),
    },
    fails: ['PARAMETERFAULT', 'LATEFAULT', 'INVALIDHANDLE', 'CHANNELCLOSED'],
    alsoFails: ['WRONGDATAREQUESTED'],
    since: '0.5',
    doc: 'How a publish ended.',
  },
  mvMqttReceiveMessage: {
    group: 'MQTT',
    address: 0x0c1f_e190,
    args: {
      handle: value('MvChannelHandle'),
      message_data: reads('struct MvMqttMessage'),
    },
    fails: ['PARAMETERFAULT', 'LATEFAULT', 'INVALIDHANDLE', 'CHANNELCLOSED', 'INVALIDBUFFERSIZE'],
    alsoFails: ['WRONGDATAREQUESTED'],
    since: '0.5',
    doc: 'Copies a received message and the id to acknowledge it with.',
  },
  mvMqttReceiveLostMessageInfo: {
    group: 'MQTT',
    address: 0x0c1f_e188,
    args: {
      handle: value('MvChannelHandle'),
      lost_message_info: reads('struct MvMqttLostMessageInfo'),
    },
    fails: ['PARAMETERFAULT', 'LATEFAULT', 'INVALIDHANDLE', 'CHANNELCLOSED', 'INVALIDBUFFERSIZE'],
    alsoFails: ['WRONGDATAREQUESTED'],
    since: '0.5',
    doc: 'Topic and length of a message that did not fit the receive buffer.',
  },
  mvMqttAcknowledgeMessage: {
    group: 'MQTT',
    address: 0x0c1f_e150,
    args: {
      handle: value('MvChannelHandle'),
      correlation_id: value('uint32_t'),
    },
    fails: ['INVALIDHANDLE', 'CHANNELCLOSED', 'RATELIMITED'],
    since: '0.5',
    doc: 'Acknowledges a message of QoS 1 or 2; without it the broker sends it again.',
  },
  mvMqttRequestDisconnect: {
    group: 'MQTT',
    address: 0x0c1f_e160,
    args: {
      handle: value('MvChannelHandle'),
    },
    fails: ['INVALIDHANDLE', 'CHANNELCLOSED', 'RATELIMITED'],
    since: '0.5',
    doc: 'Leaves the broker.',
  },
  mvMqttReadDisconnectResponse: {
    group: 'MQTT',
    address: 0x0c1f_e158,
    args: {
      handle: value('MvChannelHandle'),
      response_data: writes('struct MvMqttDisconnectResponse'),
    },
    fails: ['PARAMETERFAULT', 'LATEFAULT', 'INVALIDHANDLE', 'CHANNELCLOSED'],
    alsoFails: ['WRONGDATAREQUESTED'],
    since: '0.5',
    doc: 'How the session ended, whoever ended it.',
  },
  mvPowerSave: {
    group: 'power',
    address: 0x0c1f_e1d0,
    args: {
      mode: value('enum MvPowerSavingMode'),
    },
    fails: ['UNAVAILABLE', 'PARAMETERFAULT', 'MICROVISORBUSY'],
    since: '0.6.5',
    doc: 'Enters Sleep or Stop 0 to 3. MICROVISORBUSY while the network is in use.',
  },
  mvDeepSleep: {
    group: 'power',
    address: 0x0c1f_e1f0,
    args: {
      mode: value('enum MvDeepSleepMode'),
    },
    fails: ['UNAVAILABLE', 'PARAMETERFAULT', 'MICROVISORBUSY'],
    since: '0.6.5',
    doc: 'Enters Standby or Shutdown; the application starts anew on waking. MICROVISORBUSY while the network is in use.',
  },
  mvSystemLedEnable: {
    group: 'power',
    address: 0x0c1f_e1d8,
    args: {
      enable: value('uint32_t'),
    },
    fails: ['UNAVAILABLE'],
    alsoFails: ['PARAMETERFAULT'],
    since: '0.6.5',
    doc: 'Switches the status LED of the kernel off (0) or on (1).',
  },
  mvOpenSystemNotification: {
    group: 'system notifications',
    address: 0x0c1f_e1e0,
    args: {
      params: reads('struct MvOpenSystemNotificationParams'),
      handle: writes('MvSystemEventHandle'),
    },
    fails: ['UNAVAILABLE', 'PARAMETERFAULT', 'INVALIDHANDLE'],
    since: '0.6.5',
    doc: 'Routes events of the system to a center: of the network without requesting it, or of updates.',
  },
  mvCloseSystemNotification: {
    group: 'system notifications',
    address: 0x0c1f_e1e8,
    args: {
      handle: updates('MvSystemEventHandle'),
    },
    fails: ['UNAVAILABLE', 'INVALIDHANDLE'],
    alsoFails: ['PARAMETERFAULT'],
    since: '0.6.5',
    doc: 'Ends the routing and zeroes the handle.',
  },
  mvGetWakeReason: {
    group: 'restart',
    address: 0x0c1f_e1f8,
    args: {
      mode: writes('enum MvWakeReason'),
    },
    fails: ['UNAVAILABLE', 'PARAMETERFAULT'],
    since: '0.6.5',
    doc: 'Why the application was started; writes one byte.',
  },
  mvRestart: {
    group: 'restart',
    address: 0x0c1f_e200,
    args: {
      mode: value('enum MvRestartMode'),
    },
    fails: ['UNAVAILABLE', 'PARAMETERFAULT', 'MICROVISORBUSY'],
    since: '0.6.5',
    doc: 'Restarts the application, or the device where a waiting update needs it. Does not return.',
  },
  mvExternalFlashOpen: {
    group: 'external flash',
    address: 0x0c1f_e220,
    args: {
      handle: writes('MvExternalFlashHandle'),
    },
    fails: ['UNAVAILABLE', 'PARAMETERFAULT', 'TOOMANYCHANNELS'],
    since: '0.7.0',
    doc: "Opens the application's share of the external flash. At most 32 handles.",
  },
  mvExternalFlashClose: {
    group: 'external flash',
    address: 0x0c1f_e208,
    args: {
      handle: updates('MvExternalFlashHandle'),
    },
    fails: ['UNAVAILABLE', 'INVALIDHANDLE'],
    alsoFails: ['PARAMETERFAULT'],
    since: '0.7.0',
    doc: 'Closes a handle and zeroes it.',
  },
  mvExternalFlashGetInfo: {
    group: 'external flash',
    address: 0x0c1f_e210,
    args: {
      handle: value('MvExternalFlashHandle'),
      info: writes('struct MvExternalFlashInfo'),
    },
    fails: ['UNAVAILABLE', 'PARAMETERFAULT', 'INVALIDHANDLE', 'UNSUPPORTEDSTRUCTUREVERSION'],
    since: '0.7.0',
    doc: "Chip id, size of the application's share, open handles. Set `version` to 1 first.",
  },
  mvExternalFlashReadBlocking: {
    group: 'external flash',
    address: 0x0c1f_e230,
    args: {
      handle: value('MvExternalFlashHandle'),
      address: value('uint32_t'),
      length: value('uint32_t'),
      buffer: writesBytes('length'),
    },
    fails: ['UNAVAILABLE', 'PARAMETERFAULT', 'INVALIDHANDLE', 'ADDRESSOUTOFRANGE'],
    since: '0.7.0',
    doc: "Copies bytes out of the external flash; address 0 is the start of the application's share.",
  },
  mvExternalFlashEraseBlocking: {
    group: 'external flash',
    address: 0x0c1f_e228,
    args: {
      handle: value('MvExternalFlashHandle'),
      address: value('uint32_t'),
      length: value('uint32_t'),
    },
    fails: [
      'UNAVAILABLE',
      'PARAMETERFAULT',
      'INVALIDHANDLE',
      'ADDRESSOUTOFRANGE',
      'INVALIDBUFFERALIGNMENT',
    ],
    since: '0.7.0',
    doc: 'Erases sectors; address and length are multiples of 4096.',
  },
  mvExternalFlashWriteBlocking: {
    group: 'external flash',
    address: 0x0c1f_e218,
    args: {
      handle: value('MvExternalFlashHandle'),
      address: value('uint32_t'),
      length: value('uint32_t'),
      buffer: readsBytes('length'),
    },
    fails: ['UNAVAILABLE', 'PARAMETERFAULT', 'INVALIDHANDLE', 'ADDRESSOUTOFRANGE'],
    since: '0.7.0',
    doc: 'Programs bytes into erased flash.',
  },
  mvSetWifiConfig: {
    group: 'Wi-Fi',
    address: 0x0c1f_e240,
    args: {
      params: reads('struct MvWifiConfig'),
    },
    fails: [],
    alsoFails: ['UNAVAILABLE', 'PARAMETERFAULT', 'UNSUPPORTEDSTRUCTUREVERSION', 'INPUTTOOLONG'],
    since: '0.7.0',
    doc: 'Stores or erases the Wi-Fi network to use from now on.',
  },
  mvGetWifiConfig: {
    group: 'Wi-Fi',
    address: 0x0c1f_e248,
    args: {
      params: reads('struct MvWifiConfigOut'),
    },
    fails: [],
    alsoFails: [
      'UNAVAILABLE',
      'PARAMETERFAULT',
      'UNSUPPORTEDSTRUCTUREVERSION',
      'INVALIDBUFFERSIZE',
    ],
    since: '0.7.0',
    doc: 'The stored SSID and whether there is a password; the password itself stays hidden.',
  },
  mvTestingComplete: {
    group: 'factory test',
    address: 0x0c1f_e1b8,
    args: {
      status: value('uint32_t'),
    },
    fails: ['UNAVAILABLE'],
    since: '2023-05',
    doc: 'Ends the factory test: 0 passes, anything else fails and is shown to the operator. UNAVAILABLE elsewhere.',
  },
  mvTestLoggingInit: {
    group: 'factory test',
    address: 0x0c1f_e1c8,
    args: {
      buffer: keepsBytes('length_bytes'),
      length_bytes: value('uint32_t'),
    },
    fails: ['PARAMETERFAULT', 'INVALIDBUFFERALIGNMENT', 'INVALIDBUFFERSIZE', 'UNAVAILABLE'],
    since: '2023-09',
    doc: 'As mvServerLoggingInit, for the provisioning console during a factory test.',
  },
  mvTestLog: {
    group: 'factory test',
    address: 0x0c1f_e1c0,
    args: {
      message: readsBytes('length_bytes'),
      length_bytes: value('uint16_t'),
    },
    fails: ['UNAVAILABLE', 'PARAMETERFAULT', 'INVALIDBUFFERSIZE', 'LOGMESSAGETOOLONG'],
    since: '2023-09',
    doc: 'As mvServerLog, to the provisioning console during a factory test.',
  },
} as const satisfies Record<string, SystemCall>

function argument<const Use extends ArgumentUse>(use: Use) {
  return <const Type extends CType>(type: Type) => ({ use, type }) as const
}

function bytesOf<const Use extends ArgumentUse>(use: Use) {
  return <const Length extends string>(length: Length) =>
    ({ use, type: 'uint8_t', length }) as const
}

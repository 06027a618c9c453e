/**
 * The enumerations of the system call interface, as data.
 *
 * An enumeration takes as many bytes as its largest value needs (Arm EABI, -fshort-enums, the
 * default of bare-metal compilers). Each one's C form ends in a sentinel `_MAX` that fixes the size:
 * 0xff for 1 byte, 0xffffffff for 4.
 */

export interface EnumTable {
  readonly bytes: 1 | 4
  /** What the names of its constants begin with in C. */
  readonly prefix: string
  readonly doc: string
  /** Name to value and meaning. */
  readonly values: Readonly<Record<string, readonly [value: number, doc: string]>>
}

export const enums = {
  MvStatus: {
    bytes: 4,
    prefix: 'MV_STATUS_',
    doc: 'What a system call answers.',
    values: {
      OKAY: [0x0, 'call accepted'],
      TIMENOTSET: [0x1, 'wall clock not known yet (no server time sync since restart)'],
      PARAMETERFAULT: [
        0x2,
        'a pointer argument is outside memory the application may use, or an argument has no meaning',
      ],
      INVALIDBUFFERSIZE: [0x3, 'buffer too small, wrong multiple, or no room'],
      PERIPHERALACCESSFAULT: [0x4, 'register address unsupported or not word aligned'],
      BUFFERALREADYINUSE: [0x5, 'buffer already owned by another object'],
      INVALIDINTERRUPT: [0x6, 'IRQ not available to the application, or already taken'],
      INVALIDHANDLE: [0x7, 'handle unknown or of another kind'],
      TOOMANYNOTIFICATIONBUFFERS: [0x8, 'limit on notification centers reached (32)'],
      INVALIDVECTOR: [0x9, 'fast-interrupt vector or VTOR not in non-secure memory'],
      UNAVAILABLE: [0xa, 'not possible in the present state (incl. called from an interrupt)'],
      UNSUPPORTEDSTRUCTUREVERSION: [0xb, '`version` field of a versioned struct not understood'],
      TOOMANYCHANNELS: [
        0xc,
        'channel limit (4) reached; also used for the flash-handle limit (32)',
      ],
      UNKNOWNCHANNELENDPOINT: [0xd, 'endpoint name not recognised'],
      UNKNOWNCHANNELTYPE: [0xe, 'channel type not recognised'],
      CHANNELCLOSED: [0xf, 'channel no longer open'],
      NETWORKNOTCONNECTED: [0x10, 'device is offline'],
      RATELIMITED: [0x11, 'called too often, or too many operations in flight'],
      INVALIDBUFFERALIGNMENT: [0x12, 'buffer/address not aligned as required'],
      LATEFAULT: [
        0x13,
        'fault found after work was already done (e.g. writing the result); for sends the channel is then unusable',
      ],
      RESPONSENOTPRESENT: [0x14, 'no response to read yet'],
      INDEXINVALID: [0x15, 'item index out of range'],
      OFFSETINVALID: [0x16, 'body offset beyond body'],
      REQUESTALREADYSENT: [0x17, 'the channel has already carried its one request'],
      REQUESTUNSUCCESSFUL: [0x18, 'request failed, no data to read'],
      LOGMESSAGETOOLONG: [0x19, 'log line above the maximum'],
      LOGGINGDISABLEDBYSERVER: [0x1a, 'cloud has switched logging off'],
      TOOMANYCONFIGKEYS: [0x1b, 'too many keys in one fetch'],
      UNKNOWNCONFIGSTORE: [0x1c, 'bad store value'],
      UNKNOWNCONFIGSCOPE: [0x1d, 'bad scope value'],
      INVALIDCONFIGKEY: [0x1e, 'key has characters other than printable ASCII'],
      INVALIDAUTHENTICATION: [0x1f, 'credentials combination not allowed'],
      WRONGDATAREQUESTED: [0x20, 'asked for a kind of data the object does not hold'],
      INTERNALERROR: [0x21, 'unexpected internal failure'],
      TOOMANYELEMENTS: [0x22, 'an array argument is too long'],
      REQUIREDELEMENTMISSING: [0x23, 'a mandatory item was left out'],
      MICROVISORBUSY: [0x24, 'kernel is busy (network active, update being stored...)'],
      ADDRESSOUTOFRANGE: [0x25, 'address outside the allowed range'],
      INPUTTOOLONG: [0x26, 'input longer than its use allows'],
    },
  },
  MvEventType: {
    bytes: 4,
    prefix: 'MV_EVENTTYPE_',
    doc: 'What a notification is about.',
    values: {
      NOEVENT: [0x0, 'empty slot / no event'],
      NETWORKSTATUSCHANGED: [0x1, 'network state changed'],
      CHANNELDATAREADABLE: [0x2, 'a channel has something to read'],
      CHANNELDATAWRITESPACE: [0x3, 'a channel has room to write'],
      CHANNELNOTCONNECTED: [0x4, 'a channel was closed'],
      UPDATEDOWNLOADED: [0x5, 'an update is staged and ready (system notification, source UPDATE)'],
      UPDATEPROGRESS: [
        0x0100_0000,
        'an update is being fetched: added to this, the KiB that have come so far (system notification, source UPDATEPROGRESS; not in the original)',
      ],
    },
  },
  MvNetworkStatus: {
    bytes: 4,
    prefix: 'MV_NETWORKSTATUS_',
    doc: 'State of the network.',
    values: {
      DELIBERATELYOFFLINE: [0x0, 'not connected, by intent'],
      CONNECTED: [0x1, 'connected to the server'],
      CONNECTING: [0x2, 'connection attempt under way'],
      DISCONNECTEDWITHLINKUP: [
        0x3,
        'no server connection but link layer is up (added with API 0.6.5)',
      ],
    },
  },
  MvNetworkReason: {
    bytes: 4,
    prefix: 'MV_NETWORKREASON_',
    doc: 'Bits that say why the device is, or is not, connecting.',
    values: {
      NOTCONNECTING: [0x0, 'nothing pending'],
      USINGNETWORK: [0x1, 'application holds a network request'],
      NEVERUSEDNETWORKAPI: [0x2, 'application never called the network API'],
      MINIMUMCHECKINEXPIRED: [0x4, 'check-in period elapsed'],
      RTCNOTSET: [0x8, 'clock needs setting'],
      KERNELERROR: [0x10, 'kernel error to report'],
      APPLICATIONERROR: [0x20, 'application error to report'],
      COLDBOOTCONNECTION: [0x40, 'connect once after cold boot, for updates'],
      FETCHINGUPDATE: [0x80, 'background update fetch'],
      DEBUGGERATTACHED: [0x100, 'debug session open'],
      NOAPPLICATIONCODE: [0x200, 'no application installed'],
      ENHANCECALM: [0x800, 'PREVENTING: pause between connection attempts'],
    },
  },
  MvChannelType: {
    bytes: 4,
    prefix: 'MV_CHANNELTYPE_',
    doc: 'What a channel carries.',
    values: {
      OPAQUEBYTES: [0x0, 'raw byte stream to a named cloud endpoint'],
      MQTT: [0x1, 'managed MQTT client'],
      HTTP: [0x2, 'managed HTTP client'],
      CONFIGFETCH: [0x3, 'configs and secrets fetch'],
    },
  },
  MvClosureReason: {
    bytes: 4,
    prefix: 'MV_CLOSUREREASON_',
    doc: 'Why a channel ended.',
    values: {
      NONE: [0x0, 'not closed / unknown'],
      CHANNELCLOSEDBYSERVER: [0x1, 'closed by server'],
      CHANNELRESETBYSERVER: [0x2, 'reset by server'],
      NETWORKDISCONNECTED: [0x3, 'network went away'],
      CONNECTIONTERMINATED: [0x4, 'server connection ended on error'],
      NOTYETOPEN: [0x5, 'open never called or failed'],
      CLOSEDBYAPPLICATION: [0x6, 'application closed it'],
      UNEXPECTEDLYTERMINATED: [0x7, 'ended, cause unclear'],
    },
  },
  MvHttpResult: {
    bytes: 4,
    prefix: 'MV_HTTPRESULT_',
    doc: 'How an HTTP request went.',
    values: {
      OK: [0x0, 'request carried out (look at status_code)'],
      UNSUPPORTEDURISCHEME: [0x1, 'scheme other than https'],
      UNSUPPORTEDMETHOD: [0x2, 'method not supported'],
      INVALIDHEADERS: [0x3, 'headers rejected'],
      INVALIDTIMEOUT: [0x4, 'timeout out of range'],
      REQUESTFAILED: [0x5, 'request failed'],
      RESPONSETOOLARGE: [0x6, 'response does not fit the receive buffer'],
    },
  },
  MvConfigKeyFetchScope: {
    bytes: 4,
    prefix: 'MV_CONFIGKEYFETCHSCOPE_',
    doc: 'Whose value is meant.',
    values: {
      ACCOUNT: [0x0, 'shared by all devices of the account'],
      DEVICE: [0x1, 'this device only'],
    },
  },
  MvConfigKeyFetchStore: {
    bytes: 4,
    prefix: 'MV_CONFIGKEYFETCHSTORE_',
    doc: 'Which store a key is in.',
    values: {
      SECRET: [0x0, 'store that the web API can only write'],
      CONFIG: [0x1, 'store that the web API can read and write'],
    },
  },
  MvConfigFetchResult: {
    bytes: 4,
    prefix: 'MV_CONFIGFETCHRESULT_',
    doc: 'How a fetch went as a whole.',
    values: {
      OK: [0x0, 'fetch done'],
      RESPONSETOOLARGE: [0x1, 'answer does not fit'],
    },
  },
  MvConfigKeyFetchResult: {
    bytes: 4,
    prefix: 'MV_CONFIGKEYFETCHRESULT_',
    doc: 'How the fetch of one key went.',
    values: {
      OK: [0x0, 'found'],
      KEYNOTFOUND: [0x1, 'no such key'],
      SERVERERROR: [0x2, 'server error'],
    },
  },
  MvMqttReadableDataType: {
    bytes: 4,
    prefix: 'MV_MQTTREADABLEDATATYPE_',
    doc: 'What an MQTT channel has to read next.',
    values: {
      NONE: [0x0, 'nothing unread'],
      MESSAGERECEIVED: [0x1, 'message waiting'],
      MESSAGELOST: [0x2, 'lost-message record waiting'],
      CONNECTRESPONSE: [0x3, 'connect answer'],
      SUBSCRIBERESPONSE: [0x4, 'subscribe answer'],
      UNSUBSCRIBERESPONSE: [0x5, 'unsubscribe answer'],
      PUBLISHRESPONSE: [0x6, 'publish answer'],
      DISCONNECTRESPONSE: [0x7, 'disconnect answer'],
    },
  },
  MvMqttProtocolVersion: {
    bytes: 4,
    prefix: 'MV_MQTTPROTOCOLVERSION_',
    doc: 'Version of MQTT.',
    values: {
      V3_1_1: [0x0, 'MQTT 3.1.1'],
      V5: [0x1, 'MQTT 5'],
    },
  },
  MvMqttAuthenticationMethod: {
    bytes: 1,
    prefix: 'MV_MQTTAUTHENTICATIONMETHOD_',
    doc: 'How the client proves who it is.',
    values: {
      NONE: [0x0, 'none'],
      USERNAMEPASSWORD: [0x1, 'username + password'],
    },
  },
  MvMqttRequestState: {
    bytes: 4,
    prefix: 'MV_MQTTREQUESTSTATE_',
    doc: 'How an MQTT request went.',
    values: {
      REQUESTCOMPLETED: [0x0, 'completed'],
      INVALIDPARAMETERS: [0x1, 'bad parameters'],
      ALREADYCONNECTED: [0x2, 'this channel already tried to connect'],
      NOTCONNECTED: [0x3, 'connection not open or lost'],
      NXDOMAIN: [0x4, 'broker name not resolved (connect only)'],
      UNKNOWNCA: [0x5, 'unknown CA (connect only)'],
      CERTIFICATEEXPIRED: [0x6, 'certificate expired (connect only)'],
      SOCKETERROR: [0x7, 'other socket error (connect only)'],
      CONNECTIONCIRCUITBREAKER: [
        0x8,
        'server dropped the connection because inbound messages exceeded the rate limit',
      ],
    },
  },
  MvMqttLostMessageReason: {
    bytes: 4,
    prefix: 'MV_MQTTLOSTMESSAGEREASON_',
    doc: 'Why a message was lost.',
    values: {
      DEVICERECEIVEBUFFERTOOSMALL: [0x0, 'message did not fit the channel receive buffer'],
    },
  },
  MvPowerSavingMode: {
    bytes: 1,
    prefix: 'MV_POWERSAVINGMODE_',
    doc: 'Low-power modes that keep memory.',
    values: {
      SLEEP: [0x0, 'Sleep'],
      STOP0: [0x1, 'Stop 0'],
      STOP1: [0x2, 'Stop 1'],
      STOP2: [0x3, 'Stop 2'],
      STOP3: [0x4, 'Stop 3'],
    },
  },
  MvSystemNotificationSource: {
    bytes: 4,
    prefix: 'MV_SYSTEMNOTIFICATIONSOURCE_',
    doc: 'Which events of the system are meant.',
    values: {
      NETWORK: [0x0, 'cloud connection events (only NETWORKSTATUSCHANGED so far)'],
      UPDATE: [0x1, 'application and kernel update events (only UPDATEDOWNLOADED so far)'],
      UPDATEPROGRESS: [0x100, 'how far the fetching of an update is (not in the original)'],
    },
  },
  MvDeepSleepMode: {
    bytes: 1,
    prefix: 'MV_DEEPSLEEPMODE_',
    doc: 'Low-power modes that end with a fresh start.',
    values: {
      STANDBY: [0x0, 'Standby'],
      SHUTDOWN: [0x1, 'Shutdown'],
    },
  },
  MvWakeReason: {
    bytes: 1,
    prefix: 'MV_WAKEREASON_',
    doc: 'Why the application was started.',
    values: {
      COLDBOOT: [0x0, 'cold boot, or wake from Shutdown'],
      REMOTEMICROVISORRESTART: [0x1, 'server asked for a kernel restart'],
      REMOTEAPPLICATIONRESTART: [0x2, 'server asked for an application restart'],
      DEBUGGERRESTART: [0x3, 'debugger restarted the application'],
      MICROVISORCRASH: [0x4, 'kernel crash'],
      MICROVISORWATCHDOG: [0x5, 'kernel watchdog'],
      MICROVISOROUTOFMEMORY: [0x6, 'kernel out of memory'],
      MICROVISORERROR: [0x7, 'other kernel error'],
      APPLICATIONCRASH: [0x8, 'application crash'],
      APPLICATIONUPDATE: [0x9, 'application updated'],
      MICROVISORUPDATE: [0xa, 'kernel updated'],
      OPTIONBYTES: [0xb, 'option bytes changed'],
      DEEPSLEEPCHECKIN: [0xc, 'deep sleep ended: check-in due'],
      DEEPSLEEPAPPLICATION: [0xd, 'deep sleep ended: application-owned wake source'],
      DEEPSLEEPMODEM: [0xe, 'deep sleep ended: cellular modem interrupt'],
      DEEPSLEEPAPPLICATIONRTC: [0xf, 'deep sleep ended: application RTC wake-up'],
      DEEPSLEEPOTHER: [0x10, 'deep sleep ended: cause unclear'],
    },
  },
  MvRestartMode: {
    bytes: 4,
    prefix: 'MV_RESTARTMODE_',
    doc: 'What a restart is for.',
    values: {
      AUTOAPPLYUPDATE: [
        0x0,
        'restart the application or the whole device, whichever the pending updates need',
      ],
    },
  },
  MvWifiConfigMode: {
    bytes: 1,
    prefix: 'MV_WIFICONFIGMODE_',
    doc: 'What to do with the Wi-Fi settings.',
    values: {
      APPLYNOW: [0x0, 'replace stored settings, use for all later reconnections'],
      CLEARNOW: [0x1, 'erase settings at once and stop reconnecting'],
    },
  },
} as const satisfies Record<string, EnumTable>

export type EnumName = keyof typeof enums

type Values<Name extends EnumName> = {
  readonly [Key in keyof (typeof enums)[Name]['values']]: (typeof enums)[Name]['values'][Key] extends readonly [
    infer Value,
    string,
  ]
    ? Value
    : never
}

export const Status = valuesOf('MvStatus')
export const EventType = valuesOf('MvEventType')
export const NetworkStatus = valuesOf('MvNetworkStatus')
export const NetworkReason = valuesOf('MvNetworkReason')
export const ChannelType = valuesOf('MvChannelType')
export const ClosureReason = valuesOf('MvClosureReason')
export const HttpResult = valuesOf('MvHttpResult')
export const ConfigKeyFetchScope = valuesOf('MvConfigKeyFetchScope')
export const ConfigKeyFetchStore = valuesOf('MvConfigKeyFetchStore')
export const ConfigFetchResult = valuesOf('MvConfigFetchResult')
export const ConfigKeyFetchResult = valuesOf('MvConfigKeyFetchResult')
export const MqttReadableDataType = valuesOf('MvMqttReadableDataType')
export const MqttProtocolVersion = valuesOf('MvMqttProtocolVersion')
export const MqttAuthenticationMethod = valuesOf('MvMqttAuthenticationMethod')
export const MqttRequestState = valuesOf('MvMqttRequestState')
export const MqttLostMessageReason = valuesOf('MvMqttLostMessageReason')
export const PowerSavingMode = valuesOf('MvPowerSavingMode')
export const SystemNotificationSource = valuesOf('MvSystemNotificationSource')
export const DeepSleepMode = valuesOf('MvDeepSleepMode')
export const WakeReason = valuesOf('MvWakeReason')
export const RestartMode = valuesOf('MvRestartMode')
export const WifiConfigMode = valuesOf('MvWifiConfigMode')

export type StatusName = keyof typeof Status
export type Status = (typeof Status)[StatusName]
export type WakeReason = (typeof WakeReason)[keyof typeof WakeReason]
export type NetworkStatus = (typeof NetworkStatus)[keyof typeof NetworkStatus]
export type EventType = (typeof EventType)[keyof typeof EventType]

/** The name of a value, for people; undefined for a value the enumeration does not have. */
export function enumValueName(name: EnumName, value: number): string | undefined {
  const { values }: EnumTable = enums[name]
  return Object.keys(values).find((key) => values[key]![0] === value)
}

function valuesOf<Name extends EnumName>(name: Name): Values<Name> {
  const { values }: EnumTable = enums[name]
  return Object.fromEntries(
    Object.entries(values).map(([key, [value]]) => [key, value]),
  ) as Values<Name>
}
export type ChannelType = (typeof ChannelType)[keyof typeof ChannelType]
export type ClosureReason = (typeof ClosureReason)[keyof typeof ClosureReason]
export type HttpResult = (typeof HttpResult)[keyof typeof HttpResult]
export type MqttReadableDataType = (typeof MqttReadableDataType)[keyof typeof MqttReadableDataType]
export type MqttRequestState = (typeof MqttRequestState)[keyof typeof MqttRequestState]

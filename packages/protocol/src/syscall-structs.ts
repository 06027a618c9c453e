/**
 * The structures of the system call interface, as data: where each field lies for a 32-bit Arm.
 *
 * Sizes and offsets are written down, not computed, because they are what applications were compiled
 * with; a test holds them against `layOut`, another against the compiler.
 */
import type { EnumName } from './syscall-enums.ts'

export const handleNames = [
  'MvNotificationHandle',
  'MvNetworkHandle',
  'MvChannelHandle',
  'MvSystemEventHandle',
  'MvExternalFlashHandle',
] as const

export type HandleName = (typeof handleNames)[number]

/** A type of C as the tables spell it. */
export type CType =
  | 'uint8_t'
  | 'uint16_t'
  | 'uint32_t'
  | 'uint64_t'
  | HandleName
  | `enum ${EnumName}`
  | `struct Mv${string}`
  | `${string} *`

export interface Field {
  readonly offset: number
  readonly type: CType
  readonly doc: string
}

export interface StructTable {
  readonly bytes: number
  readonly alignment: 4 | 8
  readonly doc: string
  /** The only version there is: the fields after `version` lie in a union's member `v1`. */
  readonly version?: 1
  readonly fields: Readonly<Record<string, Field>>
}

function field<const Type extends CType>(offset: number, type: Type, doc = '') {
  return { offset, type, doc } as const
}

export const structs = {
  MvNotification: {
    bytes: 16,
    alignment: 8,
    doc: 'One record of a notification buffer. Set `event_type` to 0 once it is handled.',
    fields: {
      microseconds: field(0, 'uint64_t', 'when, on the clock of mvGetMicroseconds'),
      event_type: field(8, 'enum MvEventType'),
      tag: field(12, 'uint32_t', 'the tag given when the source was opened'),
    },
  },
  MvNotificationSetup: {
    bytes: 12,
    alignment: 4,
    doc: 'A notification center to open.',
    fields: {
      irq: field(0, 'uint32_t', 'interrupt to pend for each notification'),
      buffer: field(4, 'struct MvNotification *'),
      buffer_size: field(8, 'uint32_t', 'bytes; multiple of 16, at least 32'),
    },
  },
  MvRequestNetworkParams: {
    bytes: 12,
    alignment: 4,
    doc: 'A network request.',
    version: 1,
    fields: {
      version: field(0, 'uint32_t'),
      notification_handle: field(4, 'MvNotificationHandle'),
      notification_tag: field(8, 'uint32_t'),
    },
  },
  MvSizedString: {
    bytes: 8,
    alignment: 4,
    doc: 'Bytes that are not changed and not terminated.',
    fields: {
      data: field(0, 'const uint8_t *'),
      length: field(4, 'uint32_t'),
    },
  },
  MvOpenChannelParams: {
    bytes: 44,
    alignment: 4,
    doc: "A channel to open. The buffers are the kernel's until it is closed.",
    version: 1,
    fields: {
      version: field(0, 'uint32_t'),
      notification_handle: field(4, 'MvNotificationHandle'),
      notification_tag: field(8, 'uint32_t'),
      network_handle: field(12, 'MvNetworkHandle'),
      receive_buffer: field(16, 'uint8_t *', 'as the send buffer; any for opaque bytes'),
      receive_buffer_len: field(20, 'uint32_t'),
      send_buffer: field(24, 'uint8_t *', '512-byte aligned, a multiple of 512 bytes'),
      send_buffer_len: field(28, 'uint32_t'),
      channel_type: field(32, 'enum MvChannelType'),
      endpoint: field(36, 'struct MvSizedString', 'empty string for HTTP, MQTT, config fetch'),
    },
  },
  MvHttpHeader: {
    bytes: 8,
    alignment: 4,
    doc: 'One line "Name: value" without a line ending.',
    fields: {
      length: field(0, 'uint32_t'),
      data: field(4, 'const uint8_t *'),
    },
  },
  MvHttpRequest: {
    bytes: 36,
    alignment: 4,
    doc: 'An HTTP request.',
    fields: {
      method: field(0, 'struct MvSizedString'),
      url: field(8, 'struct MvSizedString', 'https only'),
      num_headers: field(16, 'uint32_t', '0..32'),
      headers: field(20, 'const struct MvHttpHeader *'),
      body: field(24, 'struct MvSizedString'),
      timeout_ms: field(32, 'uint32_t', '5000..10000'),
    },
  },
  MvHttpResponseData: {
    bytes: 16,
    alignment: 4,
    doc: 'What an HTTP response consists of.',
    fields: {
      result: field(0, 'enum MvHttpResult'),
      status_code: field(4, 'uint32_t'),
      num_headers: field(8, 'uint32_t'),
      body_length: field(12, 'uint32_t'),
    },
  },
  MvConfigKeyToFetch: {
    bytes: 16,
    alignment: 4,
    doc: 'One key to fetch.',
    fields: {
      scope: field(0, 'enum MvConfigKeyFetchScope'),
      store: field(4, 'enum MvConfigKeyFetchStore'),
      key: field(8, 'struct MvSizedString'),
    },
  },
  MvConfigKeyFetchParams: {
    bytes: 8,
    alignment: 4,
    doc: 'Keys to fetch.',
    fields: {
      num_items: field(0, 'uint32_t'),
      keys_to_fetch: field(4, 'const struct MvConfigKeyToFetch *'),
    },
  },
  MvConfigResponseData: {
    bytes: 8,
    alignment: 4,
    doc: 'What the answer to a fetch consists of.',
    fields: {
      result: field(0, 'enum MvConfigFetchResult'),
      num_items: field(4, 'uint32_t'),
    },
  },
  MvSizedStringBuffer: {
    bytes: 12,
    alignment: 4,
    doc: 'Room for bytes, and where to write how many came.',
    fields: {
      data: field(0, 'uint8_t *'),
      size: field(4, 'uint32_t'),
      length: field(8, 'uint32_t *'),
    },
  },
  MvConfigResponseReadItemParams: {
    bytes: 20,
    alignment: 4,
    doc: 'Which item to read, and where to.',
    fields: {
      item_index: field(0, 'uint32_t'),
      result: field(4, 'enum MvConfigKeyFetchResult *'),
      buf: field(8, 'struct MvSizedStringBuffer'),
    },
  },
  MvUsernamePassword: {
    bytes: 16,
    alignment: 4,
    doc: 'Credentials.',
    fields: {
      username: field(0, 'struct MvSizedString'),
      password: field(8, 'struct MvSizedString'),
    },
  },
  MvMqttAuthentication: {
    bytes: 20,
    alignment: 4,
    doc: 'How to log in to the broker.',
    fields: {
      method: field(0, 'enum MvMqttAuthenticationMethod'),
      username_password: field(4, 'struct MvUsernamePassword'),
    },
  },
  MvTlsCertificateChain: {
    bytes: 8,
    alignment: 4,
    doc: 'Certificates in DER form.',
    fields: {
      num_certs: field(0, 'uint32_t'),
      certs: field(4, 'const struct MvSizedString *'),
    },
  },
  MvOwnTlsCertificateChain: {
    bytes: 16,
    alignment: 4,
    doc: "The client's certificates with the private key (PKCS#8 DER, not encrypted).",
    fields: {
      chain: field(0, 'struct MvTlsCertificateChain'),
      key: field(8, 'struct MvSizedString'),
    },
  },
  MvTlsCredentials: {
    bytes: 24,
    alignment: 4,
    doc: 'Which certificates to trust (none: the public authorities), and which to show.',
    fields: {
      cacert: field(0, 'struct MvTlsCertificateChain', 'empty: the public authorities'),
      clientcert: field(8, 'struct MvOwnTlsCertificateChain'),
    },
  },
  MvMqttWill: {
    bytes: 24,
    alignment: 4,
    doc: 'What the broker publishes when the client vanishes.',
    fields: {
      topic: field(0, 'struct MvSizedString'),
      payload: field(8, 'struct MvSizedString'),
      qos: field(16, 'uint32_t'),
      retain: field(20, 'uint8_t'),
    },
  },
  MvMqttConnectRequest: {
    bytes: 60,
    alignment: 4,
    doc: 'A connect to a broker.',
    fields: {
      protocol_version: field(0, 'enum MvMqttProtocolVersion'),
      host: field(4, 'struct MvSizedString'),
      port: field(12, 'uint16_t'),
      clientid: field(16, 'struct MvSizedString'),
      authentication: field(24, 'struct MvMqttAuthentication'),
      tls_credentials: field(44, 'const struct MvTlsCredentials *', 'may be NULL'),
      keepalive: field(48, 'uint32_t', 'seconds'),
      clean_start: field(52, 'uint8_t'),
      will: field(56, 'const struct MvMqttWill *', 'may be NULL'),
    },
  },
  MvMqttConnectResponse: {
    bytes: 8,
    alignment: 4,
    doc: 'How a connect ended.',
    fields: {
      request_state: field(0, 'enum MvMqttRequestState'),
      reason_code: field(4, 'uint32_t'),
    },
  },
  MvMqttSubscription: {
    bytes: 24,
    alignment: 4,
    doc: 'One topic to subscribe to.',
    fields: {
      topic: field(0, 'struct MvSizedString'),
      desired_qos: field(8, 'uint32_t'),
      nl: field(12, 'uint32_t', 'no-local, MQTT 5'),
      rap: field(16, 'uint32_t', 'retain-as-published, MQTT 5'),
      rh: field(20, 'uint32_t', 'retain handling, MQTT 5'),
    },
  },
  MvMqttSubscribeRequest: {
    bytes: 12,
    alignment: 4,
    doc: 'A subscribe.',
    fields: {
      correlation_id: field(0, 'uint32_t'),
      subscriptions: field(4, 'const struct MvMqttSubscription *'),
      num_subscriptions: field(8, 'uint32_t'),
    },
  },
  MvMqttSubscribeResponse: {
    bytes: 20,
    alignment: 4,
    doc: 'Where to write how a subscribe ended.',
    fields: {
      request_state: field(0, 'enum MvMqttRequestState *'),
      correlation_id: field(4, 'uint32_t *'),
      reason_codes: field(8, 'uint32_t *'),
      reason_codes_size: field(12, 'uint32_t', 'bytes'),
      reason_codes_len: field(16, 'uint32_t *'),
    },
  },
  MvMqttUnsubscribeRequest: {
    bytes: 12,
    alignment: 4,
    doc: 'An unsubscribe.',
    fields: {
      correlation_id: field(0, 'uint32_t'),
      topics: field(4, 'const struct MvSizedString *'),
      num_topics: field(8, 'uint32_t'),
    },
  },
  MvMqttUnsubscribeResponse: {
    bytes: 20,
    alignment: 4,
    doc: 'Where to write how an unsubscribe ended.',
    fields: {
      request_state: field(0, 'enum MvMqttRequestState *'),
      correlation_id: field(4, 'uint32_t *'),
      reason_codes: field(8, 'uint32_t *'),
      reason_codes_size: field(12, 'uint32_t', 'bytes'),
      reason_codes_len: field(16, 'uint32_t *'),
    },
  },
  MvMqttPublishRequest: {
    bytes: 28,
    alignment: 4,
    doc: 'A publish.',
    fields: {
      correlation_id: field(0, 'uint32_t'),
      topic: field(4, 'struct MvSizedString'),
      payload: field(12, 'struct MvSizedString'),
      desired_qos: field(20, 'uint32_t'),
      retain: field(24, 'uint32_t'),
    },
  },
  MvMqttPublishResponse: {
    bytes: 12,
    alignment: 4,
    doc: 'How a publish ended.',
    fields: {
      request_state: field(0, 'enum MvMqttRequestState'),
      correlation_id: field(4, 'uint32_t'),
      reason_code: field(8, 'uint32_t'),
    },
  },
  MvMqttMessage: {
    bytes: 36,
    alignment: 4,
    doc: 'Where to write a received message.',
    fields: {
      correlation_id: field(0, 'uint32_t *'),
      topic: field(4, 'struct MvSizedStringBuffer'),
      payload: field(16, 'struct MvSizedStringBuffer'),
      qos: field(28, 'uint32_t *'),
      retain: field(32, 'uint8_t *'),
    },
  },
  MvMqttLostMessageInfo: {
    bytes: 20,
    alignment: 4,
    doc: 'Where to write what is known of a lost message.',
    fields: {
      reason: field(0, 'enum MvMqttLostMessageReason *'),
      topic: field(4, 'struct MvSizedStringBuffer'),
      message_len: field(16, 'uint32_t *'),
    },
  },
  MvMqttDisconnectResponse: {
    bytes: 8,
    alignment: 4,
    doc: 'How a session ended.',
    fields: {
      request_state: field(0, 'enum MvMqttRequestState'),
      disconnect_code: field(4, 'uint32_t'),
    },
  },
  MvOpenSystemNotificationParams: {
    bytes: 12,
    alignment: 4,
    doc: 'Events of the system to route, and where to.',
    fields: {
      notification_handle: field(0, 'MvNotificationHandle'),
      notification_tag: field(4, 'uint32_t'),
      notification_source: field(8, 'enum MvSystemNotificationSource'),
    },
  },
  MvExternalFlashInfo: {
    bytes: 16,
    alignment: 4,
    doc: 'What the external flash offers.',
    version: 1,
    fields: {
      version: field(0, 'uint32_t'),
      chip_id: field(4, 'uint32_t'),
      size: field(8, 'uint32_t', 'bytes usable by the application'),
      num_handles: field(12, 'uint32_t'),
    },
  },
  MvWifiConfig: {
    bytes: 24,
    alignment: 4,
    doc: 'Wi-Fi settings.',
    version: 1,
    fields: {
      version: field(0, 'uint32_t'),
      config_mode: field(4, 'enum MvWifiConfigMode'),
      wifi_ssid: field(8, 'struct MvSizedString'),
      wifi_password: field(16, 'struct MvSizedString'),
    },
  },
  MvWifiConfigOut: {
    bytes: 20,
    alignment: 4,
    doc: 'Where to write the Wi-Fi settings.',
    version: 1,
    fields: {
      version: field(0, 'uint32_t'),
      ssid: field(4, 'struct MvSizedStringBuffer'),
      has_encryption: field(16, 'uint8_t *'),
    },
  },
} as const satisfies Record<string, StructTable>

export type StructName = keyof typeof structs

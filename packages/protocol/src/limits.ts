/**
 * The limits that both sides of the link, and everyone who handles a bundle, rely on.
 *
 * Each one is the largest value that is still accepted. Limits of a single system call stand with
 * the call.
 */

/** Bytes of one frame, its length prefix not counted. */
export const FRAME_BYTES_MAX = 65_536
/** Bytes of `StreamData.data`. */
export const STREAM_DATA_BYTES_MAX = 32_768
/** Streams open at once in one connection, both directions together. */
export const STREAMS_MAX = 16
/** Bytes that a receiver may have allowed and not yet received, per stream. */
export const STREAM_CREDIT_BYTES_MAX = 1_048_576
/** What the cloud allows a log stream to have in flight. */
export const LOG_CREDIT_BYTES = 16_384
/** What a device allows a fetch to have in flight. */
export const FETCH_CREDIT_BYTES = 131_072

/** Channels that an application may have open at once. */
export const CHANNELS_MAX = 4
/** Bytes of a channel's buffer, and so of one message on it: all the SRAM of an application. */
export const CHANNEL_BUFFER_BYTES_MAX = 524_288
/** Bytes of the name of a channel's endpoint. */
export const CHANNEL_ENDPOINT_BYTES_MAX = 64
/** What the cloud allows a channel to have in flight. */
export const CHANNEL_CREDIT_BYTES = 65_536
/** Header lines of an HTTP request. */
export const HTTP_HEADERS_MAX = 32
/** The least and the most of an HTTP request's timeout. */
export const HTTP_TIMEOUT_MS_MIN = 5_000
export const HTTP_TIMEOUT_MS_MAX = 10_000
/** Keys of one config fetch, and bytes of a key. */
export const CONFIG_KEYS_MAX = 32
export const CONFIG_KEY_BYTES_MAX = 100
/** Certificates in a chain, and topics of one subscribe or unsubscribe. */
export const MQTT_CERTIFICATES_MAX = 8
export const MQTT_TOPICS_MAX = 8
/** Publishes of one session that may wait for their answer. */
export const MQTT_PUBLISHES_MAX = 8

/** What each end of a debug stream allows the other to have in flight. */
export const DEBUG_CREDIT_BYTES = 131_072

/** Breakpoints that a debugger may have set at once. */
export const DEBUG_BREAKPOINTS_MAX = 256
/** Steps that a debugger may have foreseen. */
export const DEBUG_FORESEEN_MAX = 16
/** Ranges in one request for memory. */
export const DEBUG_RANGES_MAX = 64
/** Bytes of memory in one debug message, all ranges together. */
export const DEBUG_MEMORY_BYTES_MAX = 32_768
/** Bytes that one request may have hashed, all ranges together: the flash of the application. */
export const DEBUG_HASH_BYTES_MAX = 1_048_576
/** Bytes of one block that a debugger writes: the device makes it whole before it writes any of it. */
export const DEBUG_BLOCK_BYTES_MAX = 32_768
/** Bytes of one agent expression, and expressions of one breakpoint. */
export const DEBUG_EXPRESSION_BYTES_MAX = 1024
export const DEBUG_EXPRESSIONS_MAX = 8

/** Bytes of one log message of the application. */
export const LOG_LINE_BYTES_MAX = 1024
/** Bytes (UTF-8) of any text for people in a link message. */
export const LINK_TEXT_BYTES_MAX = 1024
/** Layers a device reports, or a manifest names. */
export const LAYERS_MAX = 64
/** Bytes of the stack in a crash report. */
export const CRASH_STACK_BYTES_MAX = 16_384
/** Bytes of a sealed crash report: the stack, the other fields, key and tag. */
export const CRASH_SEALED_BYTES_MAX = 17_408

/** Functions, files and lines that the debug information of one program may name. */
export const FUNCTIONS_MAX = 100_000
export const SOURCE_FILES_MAX = 20_000
export const LINE_ROWS_MAX = 1_000_000
/** Frames shown of one crash. */
export const FRAMES_MAX = 32

/** Bytes of a bundle as a file, and of all its entries inflated. */
export const BUNDLE_BYTES_MAX = 64 * 1_048_576
/** Bytes of a serialised OpaqueManifest. */
export const MANIFEST_BYTES_MAX = 65_536
/** The application's half of the internal flash. */
export const INTERNAL_FLASH_BYTES = 1_048_576
/** The application's share of the external flash: the lower half of 8 MiB; updates are staged in the upper. */
export const EXTERNAL_FLASH_BYTES = 4 * 1_048_576
/** Bytes of one layer of a kernel. */
export const KERNEL_LAYER_BYTES_MAX = 1_048_576

/** Keys that a device trusts to sign manifests, beside the one in its fuses. */
export const SIGNERS_MAX = 16
/** Keys for encrypted layers on a device. */
export const LAYER_KEYS_MAX = 16
/** Ids of signers that a device will never trust again. */
export const REVOKED_SIGNERS_MAX = 64

/** Bytes of a signed change of keys. */
export const NEW_KEYS_BYTES_MAX = 8_192
/** Bytes (DER) of a device's certificate request, and of its certificate. */
export const CERTIFICATE_REQUEST_BYTES_MAX = 1_024
export const CERTIFICATE_BYTES_MAX = 2_048
/** Bytes of the nonce that an attestation answers; the lower limit is RFC 9711's. */
export const NONCE_BYTES_MIN = 8
export const NONCE_BYTES_MAX = 64
/** Bytes of an attestation. */
export const TOKEN_BYTES_MAX = 16_384

/** Where the application's half of the internal flash lies in its address space. */
export const INTERNAL_FLASH_ADDRESS = 0x0800_0000

/*
 * The system calls of the microvisor.
 *
 * Generated from packages/protocol/src/syscalls.ts by `npm run gen`: change it there.
 *
 * Every call answers an enum MvStatus: MV_STATUS_OKAY, or one of the others that its comment names.
 * Data comes back through pointers, which must point into the application's own memory. Do not call
 * from interrupt handlers.
 *
 * Link with mv_syscalls.S, which knows the addresses.
 */
#ifndef MV_SYSCALLS_H
#define MV_SYSCALLS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define MV_STATIC_ASSERT static_assert
#else
#define MV_STATIC_ASSERT _Static_assert
#endif

/* What a system call answers. */
enum MvStatus {
    MV_STATUS_OKAY = 0x0, /* call accepted */
    MV_STATUS_TIMENOTSET = 0x1, /* wall clock not known yet (no server time sync since restart) */
    MV_STATUS_PARAMETERFAULT = 0x2, /* a pointer argument is outside memory the application may use, or an argument has no meaning */
    MV_STATUS_INVALIDBUFFERSIZE = 0x3, /* buffer too small, wrong multiple, or no room */
    MV_STATUS_PERIPHERALACCESSFAULT = 0x4, /* register address unsupported or not word aligned */
    MV_STATUS_BUFFERALREADYINUSE = 0x5, /* buffer already owned by another object */
    MV_STATUS_INVALIDINTERRUPT = 0x6, /* IRQ not available to the application, or already taken */
    MV_STATUS_INVALIDHANDLE = 0x7, /* handle unknown or of another kind */
    MV_STATUS_TOOMANYNOTIFICATIONBUFFERS = 0x8, /* limit on notification centers reached (32) */
    MV_STATUS_INVALIDVECTOR = 0x9, /* fast-interrupt vector or VTOR not in non-secure memory */
    MV_STATUS_UNAVAILABLE = 0xa, /* not possible in the present state (incl. called from an interrupt) */
    MV_STATUS_UNSUPPORTEDSTRUCTUREVERSION = 0xb, /* `version` field of a versioned struct not understood */
    MV_STATUS_TOOMANYCHANNELS = 0xc, /* channel limit (4) reached; also used for the flash-handle limit (32) */
    MV_STATUS_UNKNOWNCHANNELENDPOINT = 0xd, /* endpoint name not recognised */
    MV_STATUS_UNKNOWNCHANNELTYPE = 0xe, /* channel type not recognised */
    MV_STATUS_CHANNELCLOSED = 0xf, /* channel no longer open */
    MV_STATUS_NETWORKNOTCONNECTED = 0x10, /* device is offline */
    MV_STATUS_RATELIMITED = 0x11, /* called too often, or too many operations in flight */
    MV_STATUS_INVALIDBUFFERALIGNMENT = 0x12, /* buffer/address not aligned as required */
    MV_STATUS_LATEFAULT = 0x13, /* fault found after work was already done (e.g. writing the result); for sends the channel is then unusable */
    MV_STATUS_RESPONSENOTPRESENT = 0x14, /* no response to read yet */
    MV_STATUS_INDEXINVALID = 0x15, /* item index out of range */
    MV_STATUS_OFFSETINVALID = 0x16, /* body offset beyond body */
    MV_STATUS_REQUESTALREADYSENT = 0x17, /* the channel has already carried its one request */
    MV_STATUS_REQUESTUNSUCCESSFUL = 0x18, /* request failed, no data to read */
    MV_STATUS_LOGMESSAGETOOLONG = 0x19, /* log line above the maximum */
    MV_STATUS_LOGGINGDISABLEDBYSERVER = 0x1a, /* cloud has switched logging off */
    MV_STATUS_TOOMANYCONFIGKEYS = 0x1b, /* too many keys in one fetch */
    MV_STATUS_UNKNOWNCONFIGSTORE = 0x1c, /* bad store value */
    MV_STATUS_UNKNOWNCONFIGSCOPE = 0x1d, /* bad scope value */
    MV_STATUS_INVALIDCONFIGKEY = 0x1e, /* key has characters other than printable ASCII */
    MV_STATUS_INVALIDAUTHENTICATION = 0x1f, /* credentials combination not allowed */
    MV_STATUS_WRONGDATAREQUESTED = 0x20, /* asked for a kind of data the object does not hold */
    MV_STATUS_INTERNALERROR = 0x21, /* unexpected internal failure */
    MV_STATUS_TOOMANYELEMENTS = 0x22, /* an array argument is too long */
    MV_STATUS_REQUIREDELEMENTMISSING = 0x23, /* a mandatory item was left out */
    MV_STATUS_MICROVISORBUSY = 0x24, /* kernel is busy (network active, update being stored...) */
    MV_STATUS_ADDRESSOUTOFRANGE = 0x25, /* address outside the allowed range */
    MV_STATUS_INPUTTOOLONG = 0x26, /* input longer than its use allows */
    MV_STATUS__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvStatus) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* What a notification is about. */
enum MvEventType {
    MV_EVENTTYPE_NOEVENT = 0x0, /* empty slot / no event */
    MV_EVENTTYPE_NETWORKSTATUSCHANGED = 0x1, /* network state changed */
    MV_EVENTTYPE_CHANNELDATAREADABLE = 0x2, /* a channel has something to read */
    MV_EVENTTYPE_CHANNELDATAWRITESPACE = 0x3, /* a channel has room to write */
    MV_EVENTTYPE_CHANNELNOTCONNECTED = 0x4, /* a channel was closed */
    MV_EVENTTYPE_UPDATEDOWNLOADED = 0x5, /* an update is staged and ready (system notification, source UPDATE) */
    MV_EVENTTYPE_UPDATEPROGRESS = 0x1000000, /* an update is being fetched: added to this, the KiB that have come so far (system notification, source UPDATEPROGRESS; not in the original) */
    MV_EVENTTYPE__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvEventType) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* State of the network. */
enum MvNetworkStatus {
    MV_NETWORKSTATUS_DELIBERATELYOFFLINE = 0x0, /* not connected, by intent */
    MV_NETWORKSTATUS_CONNECTED = 0x1, /* connected to the server */
    MV_NETWORKSTATUS_CONNECTING = 0x2, /* connection attempt under way */
    MV_NETWORKSTATUS_DISCONNECTEDWITHLINKUP = 0x3, /* no server connection but link layer is up (added with API 0.6.5) */
    MV_NETWORKSTATUS__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvNetworkStatus) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* Bits that say why the device is, or is not, connecting. */
enum MvNetworkReason {
    MV_NETWORKREASON_NOTCONNECTING = 0x0, /* nothing pending */
    MV_NETWORKREASON_USINGNETWORK = 0x1, /* application holds a network request */
    MV_NETWORKREASON_NEVERUSEDNETWORKAPI = 0x2, /* application never called the network API */
    MV_NETWORKREASON_MINIMUMCHECKINEXPIRED = 0x4, /* check-in period elapsed */
    MV_NETWORKREASON_RTCNOTSET = 0x8, /* clock needs setting */
    MV_NETWORKREASON_KERNELERROR = 0x10, /* kernel error to report */
    MV_NETWORKREASON_APPLICATIONERROR = 0x20, /* application error to report */
    MV_NETWORKREASON_COLDBOOTCONNECTION = 0x40, /* connect once after cold boot, for updates */
    MV_NETWORKREASON_FETCHINGUPDATE = 0x80, /* background update fetch */
    MV_NETWORKREASON_DEBUGGERATTACHED = 0x100, /* debug session open */
    MV_NETWORKREASON_NOAPPLICATIONCODE = 0x200, /* no application installed */
    MV_NETWORKREASON_ENHANCECALM = 0x800, /* PREVENTING: pause between connection attempts */
    MV_NETWORKREASON__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvNetworkReason) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* What a channel carries. */
enum MvChannelType {
    MV_CHANNELTYPE_OPAQUEBYTES = 0x0, /* raw byte stream to a named cloud endpoint */
    MV_CHANNELTYPE_MQTT = 0x1, /* managed MQTT client */
    MV_CHANNELTYPE_HTTP = 0x2, /* managed HTTP client */
    MV_CHANNELTYPE_CONFIGFETCH = 0x3, /* configs and secrets fetch */
    MV_CHANNELTYPE__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvChannelType) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* Why a channel ended. */
enum MvClosureReason {
    MV_CLOSUREREASON_NONE = 0x0, /* not closed / unknown */
    MV_CLOSUREREASON_CHANNELCLOSEDBYSERVER = 0x1, /* closed by server */
    MV_CLOSUREREASON_CHANNELRESETBYSERVER = 0x2, /* reset by server */
    MV_CLOSUREREASON_NETWORKDISCONNECTED = 0x3, /* network went away */
    MV_CLOSUREREASON_CONNECTIONTERMINATED = 0x4, /* server connection ended on error */
    MV_CLOSUREREASON_NOTYETOPEN = 0x5, /* open never called or failed */
    MV_CLOSUREREASON_CLOSEDBYAPPLICATION = 0x6, /* application closed it */
    MV_CLOSUREREASON_UNEXPECTEDLYTERMINATED = 0x7, /* ended, cause unclear */
    MV_CLOSUREREASON__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvClosureReason) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* How an HTTP request went. */
enum MvHttpResult {
    MV_HTTPRESULT_OK = 0x0, /* request carried out (look at status_code) */
    MV_HTTPRESULT_UNSUPPORTEDURISCHEME = 0x1, /* scheme other than https */
    MV_HTTPRESULT_UNSUPPORTEDMETHOD = 0x2, /* method not supported */
    MV_HTTPRESULT_INVALIDHEADERS = 0x3, /* headers rejected */
    MV_HTTPRESULT_INVALIDTIMEOUT = 0x4, /* timeout out of range */
    MV_HTTPRESULT_REQUESTFAILED = 0x5, /* request failed */
    MV_HTTPRESULT_RESPONSETOOLARGE = 0x6, /* response does not fit the receive buffer */
    MV_HTTPRESULT__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvHttpResult) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* Whose value is meant. */
enum MvConfigKeyFetchScope {
    MV_CONFIGKEYFETCHSCOPE_ACCOUNT = 0x0, /* shared by all devices of the account */
    MV_CONFIGKEYFETCHSCOPE_DEVICE = 0x1, /* this device only */
    MV_CONFIGKEYFETCHSCOPE__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvConfigKeyFetchScope) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* Which store a key is in. */
enum MvConfigKeyFetchStore {
    MV_CONFIGKEYFETCHSTORE_SECRET = 0x0, /* store that the web API can only write */
    MV_CONFIGKEYFETCHSTORE_CONFIG = 0x1, /* store that the web API can read and write */
    MV_CONFIGKEYFETCHSTORE__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvConfigKeyFetchStore) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* How a fetch went as a whole. */
enum MvConfigFetchResult {
    MV_CONFIGFETCHRESULT_OK = 0x0, /* fetch done */
    MV_CONFIGFETCHRESULT_RESPONSETOOLARGE = 0x1, /* answer does not fit */
    MV_CONFIGFETCHRESULT__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvConfigFetchResult) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* How the fetch of one key went. */
enum MvConfigKeyFetchResult {
    MV_CONFIGKEYFETCHRESULT_OK = 0x0, /* found */
    MV_CONFIGKEYFETCHRESULT_KEYNOTFOUND = 0x1, /* no such key */
    MV_CONFIGKEYFETCHRESULT_SERVERERROR = 0x2, /* server error */
    MV_CONFIGKEYFETCHRESULT__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvConfigKeyFetchResult) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* What an MQTT channel has to read next. */
enum MvMqttReadableDataType {
    MV_MQTTREADABLEDATATYPE_NONE = 0x0, /* nothing unread */
    MV_MQTTREADABLEDATATYPE_MESSAGERECEIVED = 0x1, /* message waiting */
    MV_MQTTREADABLEDATATYPE_MESSAGELOST = 0x2, /* lost-message record waiting */
    MV_MQTTREADABLEDATATYPE_CONNECTRESPONSE = 0x3, /* connect answer */
    MV_MQTTREADABLEDATATYPE_SUBSCRIBERESPONSE = 0x4, /* subscribe answer */
    MV_MQTTREADABLEDATATYPE_UNSUBSCRIBERESPONSE = 0x5, /* unsubscribe answer */
    MV_MQTTREADABLEDATATYPE_PUBLISHRESPONSE = 0x6, /* publish answer */
    MV_MQTTREADABLEDATATYPE_DISCONNECTRESPONSE = 0x7, /* disconnect answer */
    MV_MQTTREADABLEDATATYPE__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvMqttReadableDataType) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* Version of MQTT. */
enum MvMqttProtocolVersion {
    MV_MQTTPROTOCOLVERSION_V3_1_1 = 0x0, /* MQTT 3.1.1 */
    MV_MQTTPROTOCOLVERSION_V5 = 0x1, /* MQTT 5 */
    MV_MQTTPROTOCOLVERSION__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvMqttProtocolVersion) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* How the client proves who it is. */
enum MvMqttAuthenticationMethod {
    MV_MQTTAUTHENTICATIONMETHOD_NONE = 0x0, /* none */
    MV_MQTTAUTHENTICATIONMETHOD_USERNAMEPASSWORD = 0x1, /* username + password */
    MV_MQTTAUTHENTICATIONMETHOD__MAX = 0xff /* fixes the size: 1 byte */
};
MV_STATIC_ASSERT(sizeof(enum MvMqttAuthenticationMethod) == 1, "compile with -fshort-enums, the default of arm-none-eabi");

/* How an MQTT request went. */
enum MvMqttRequestState {
    MV_MQTTREQUESTSTATE_REQUESTCOMPLETED = 0x0, /* completed */
    MV_MQTTREQUESTSTATE_INVALIDPARAMETERS = 0x1, /* bad parameters */
    MV_MQTTREQUESTSTATE_ALREADYCONNECTED = 0x2, /* this channel already tried to connect */
    MV_MQTTREQUESTSTATE_NOTCONNECTED = 0x3, /* connection not open or lost */
    MV_MQTTREQUESTSTATE_NXDOMAIN = 0x4, /* broker name not resolved (connect only) */
    MV_MQTTREQUESTSTATE_UNKNOWNCA = 0x5, /* unknown CA (connect only) */
    MV_MQTTREQUESTSTATE_CERTIFICATEEXPIRED = 0x6, /* certificate expired (connect only) */
    MV_MQTTREQUESTSTATE_SOCKETERROR = 0x7, /* other socket error (connect only) */
    MV_MQTTREQUESTSTATE_CONNECTIONCIRCUITBREAKER = 0x8, /* server dropped the connection because inbound messages exceeded the rate limit */
    MV_MQTTREQUESTSTATE__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvMqttRequestState) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* Why a message was lost. */
enum MvMqttLostMessageReason {
    MV_MQTTLOSTMESSAGEREASON_DEVICERECEIVEBUFFERTOOSMALL = 0x0, /* message did not fit the channel receive buffer */
    MV_MQTTLOSTMESSAGEREASON__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvMqttLostMessageReason) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* Low-power modes that keep memory. */
enum MvPowerSavingMode {
    MV_POWERSAVINGMODE_SLEEP = 0x0, /* Sleep */
    MV_POWERSAVINGMODE_STOP0 = 0x1, /* Stop 0 */
    MV_POWERSAVINGMODE_STOP1 = 0x2, /* Stop 1 */
    MV_POWERSAVINGMODE_STOP2 = 0x3, /* Stop 2 */
    MV_POWERSAVINGMODE_STOP3 = 0x4, /* Stop 3 */
    MV_POWERSAVINGMODE__MAX = 0xff /* fixes the size: 1 byte */
};
MV_STATIC_ASSERT(sizeof(enum MvPowerSavingMode) == 1, "compile with -fshort-enums, the default of arm-none-eabi");

/* Which events of the system are meant. */
enum MvSystemNotificationSource {
    MV_SYSTEMNOTIFICATIONSOURCE_NETWORK = 0x0, /* cloud connection events (only NETWORKSTATUSCHANGED so far) */
    MV_SYSTEMNOTIFICATIONSOURCE_UPDATE = 0x1, /* application and kernel update events (only UPDATEDOWNLOADED so far) */
    MV_SYSTEMNOTIFICATIONSOURCE_UPDATEPROGRESS = 0x100, /* how far the fetching of an update is (not in the original) */
    MV_SYSTEMNOTIFICATIONSOURCE__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvSystemNotificationSource) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* Low-power modes that end with a fresh start. */
enum MvDeepSleepMode {
    MV_DEEPSLEEPMODE_STANDBY = 0x0, /* Standby */
    MV_DEEPSLEEPMODE_SHUTDOWN = 0x1, /* Shutdown */
    MV_DEEPSLEEPMODE__MAX = 0xff /* fixes the size: 1 byte */
};
MV_STATIC_ASSERT(sizeof(enum MvDeepSleepMode) == 1, "compile with -fshort-enums, the default of arm-none-eabi");

/* Why the application was started. */
enum MvWakeReason {
    MV_WAKEREASON_COLDBOOT = 0x0, /* cold boot, or wake from Shutdown */
    MV_WAKEREASON_REMOTEMICROVISORRESTART = 0x1, /* server asked for a kernel restart */
    MV_WAKEREASON_REMOTEAPPLICATIONRESTART = 0x2, /* server asked for an application restart */
    MV_WAKEREASON_DEBUGGERRESTART = 0x3, /* debugger restarted the application */
    MV_WAKEREASON_MICROVISORCRASH = 0x4, /* kernel crash */
    MV_WAKEREASON_MICROVISORWATCHDOG = 0x5, /* kernel watchdog */
    MV_WAKEREASON_MICROVISOROUTOFMEMORY = 0x6, /* kernel out of memory */
    MV_WAKEREASON_MICROVISORERROR = 0x7, /* other kernel error */
    MV_WAKEREASON_APPLICATIONCRASH = 0x8, /* application crash */
    MV_WAKEREASON_APPLICATIONUPDATE = 0x9, /* application updated */
    MV_WAKEREASON_MICROVISORUPDATE = 0xa, /* kernel updated */
    MV_WAKEREASON_OPTIONBYTES = 0xb, /* option bytes changed */
    MV_WAKEREASON_DEEPSLEEPCHECKIN = 0xc, /* deep sleep ended: check-in due */
    MV_WAKEREASON_DEEPSLEEPAPPLICATION = 0xd, /* deep sleep ended: application-owned wake source */
    MV_WAKEREASON_DEEPSLEEPMODEM = 0xe, /* deep sleep ended: cellular modem interrupt */
    MV_WAKEREASON_DEEPSLEEPAPPLICATIONRTC = 0xf, /* deep sleep ended: application RTC wake-up */
    MV_WAKEREASON_DEEPSLEEPOTHER = 0x10, /* deep sleep ended: cause unclear */
    MV_WAKEREASON__MAX = 0xff /* fixes the size: 1 byte */
};
MV_STATIC_ASSERT(sizeof(enum MvWakeReason) == 1, "compile with -fshort-enums, the default of arm-none-eabi");

/* What a restart is for. */
enum MvRestartMode {
    MV_RESTARTMODE_AUTOAPPLYUPDATE = 0x0, /* restart the application or the whole device, whichever the pending updates need */
    MV_RESTARTMODE__MAX = 0xffffffff /* fixes the size: 4 bytes */
};
MV_STATIC_ASSERT(sizeof(enum MvRestartMode) == 4, "compile with -fshort-enums, the default of arm-none-eabi");

/* What to do with the Wi-Fi settings. */
enum MvWifiConfigMode {
    MV_WIFICONFIGMODE_APPLYNOW = 0x0, /* replace stored settings, use for all later reconnections */
    MV_WIFICONFIGMODE_CLEARNOW = 0x1, /* erase settings at once and stop reconnecting */
    MV_WIFICONFIGMODE__MAX = 0xff /* fixes the size: 1 byte */
};
MV_STATIC_ASSERT(sizeof(enum MvWifiConfigMode) == 1, "compile with -fshort-enums, the default of arm-none-eabi");

/* Handles. 0 is never one. */
typedef struct MvNotificationHandleOpaque *MvNotificationHandle;
typedef struct MvNetworkHandleOpaque *MvNetworkHandle;
typedef struct MvChannelHandleOpaque *MvChannelHandle;
typedef struct MvSystemEventHandleOpaque *MvSystemEventHandle;
typedef struct MvExternalFlashHandleOpaque *MvExternalFlashHandle;

/* One record of a notification buffer. Set `event_type` to 0 once it is handled. */
struct MvNotification {
    uint64_t microseconds; /* when, on the clock of mvGetMicroseconds */
    enum MvEventType event_type;
    uint32_t tag; /* the tag given when the source was opened */
};

/* A notification center to open. */
struct MvNotificationSetup {
    uint32_t irq; /* interrupt to pend for each notification */
    struct MvNotification *buffer;
    uint32_t buffer_size; /* bytes; multiple of 16, at least 32 */
};

/* A network request. `version` is 1. */
struct MvRequestNetworkParams {
    uint32_t version;
    union {
        struct {
            MvNotificationHandle notification_handle;
            uint32_t notification_tag;
        } v1;
    };
};

/* Bytes that are not changed and not terminated. */
struct MvSizedString {
    const uint8_t *data;
    uint32_t length;
};

/* A channel to open. The buffers are the kernel's until it is closed. `version` is 1. */
struct MvOpenChannelParams {
    uint32_t version;
    union {
        struct {
            MvNotificationHandle notification_handle;
            uint32_t notification_tag;
            MvNetworkHandle network_handle;
            uint8_t *receive_buffer; /* as the send buffer; any for opaque bytes */
            uint32_t receive_buffer_len;
            uint8_t *send_buffer; /* 512-byte aligned, a multiple of 512 bytes */
            uint32_t send_buffer_len;
            enum MvChannelType channel_type;
            struct MvSizedString endpoint; /* empty string for HTTP, MQTT, config fetch */
        } v1;
    };
};

/* One line "Name: value" without a line ending. */
struct MvHttpHeader {
    uint32_t length;
    const uint8_t *data;
};

/* An HTTP request. */
struct MvHttpRequest {
    struct MvSizedString method;
    struct MvSizedString url; /* https only */
    uint32_t num_headers; /* 0..32 */
    const struct MvHttpHeader *headers;
    struct MvSizedString body;
    uint32_t timeout_ms; /* 5000..10000 */
};

/* What an HTTP response consists of. */
struct MvHttpResponseData {
    enum MvHttpResult result;
    uint32_t status_code;
    uint32_t num_headers;
    uint32_t body_length;
};

/* One key to fetch. */
struct MvConfigKeyToFetch {
    enum MvConfigKeyFetchScope scope;
    enum MvConfigKeyFetchStore store;
    struct MvSizedString key;
};

/* Keys to fetch. */
struct MvConfigKeyFetchParams {
    uint32_t num_items;
    const struct MvConfigKeyToFetch *keys_to_fetch;
};

/* What the answer to a fetch consists of. */
struct MvConfigResponseData {
    enum MvConfigFetchResult result;
    uint32_t num_items;
};

/* Room for bytes, and where to write how many came. */
struct MvSizedStringBuffer {
    uint8_t *data;
    uint32_t size;
    uint32_t *length;
};

/* Which item to read, and where to. */
struct MvConfigResponseReadItemParams {
    uint32_t item_index;
    enum MvConfigKeyFetchResult *result;
    struct MvSizedStringBuffer buf;
};

/* Credentials. */
struct MvUsernamePassword {
    struct MvSizedString username;
    struct MvSizedString password;
};

/* How to log in to the broker. */
struct MvMqttAuthentication {
    enum MvMqttAuthenticationMethod method;
    struct MvUsernamePassword username_password;
};

/* Certificates in DER form. */
struct MvTlsCertificateChain {
    uint32_t num_certs;
    const struct MvSizedString *certs;
};

/* The client's certificates with the private key (PKCS#8 DER, not encrypted). */
struct MvOwnTlsCertificateChain {
    struct MvTlsCertificateChain chain;
    struct MvSizedString key;
};

/* Which certificates to trust (none: the public authorities), and which to show. */
struct MvTlsCredentials {
    struct MvTlsCertificateChain cacert; /* empty: the public authorities */
    struct MvOwnTlsCertificateChain clientcert;
};

/* What the broker publishes when the client vanishes. */
struct MvMqttWill {
    struct MvSizedString topic;
    struct MvSizedString payload;
    uint32_t qos;
    uint8_t retain;
};

/* A connect to a broker. */
struct MvMqttConnectRequest {
    enum MvMqttProtocolVersion protocol_version;
    struct MvSizedString host;
    uint16_t port;
    struct MvSizedString clientid;
    struct MvMqttAuthentication authentication;
    const struct MvTlsCredentials *tls_credentials; /* may be NULL */
    uint32_t keepalive; /* seconds */
    uint8_t clean_start;
    const struct MvMqttWill *will; /* may be NULL */
};

/* How a connect ended. */
struct MvMqttConnectResponse {
    enum MvMqttRequestState request_state;
    uint32_t reason_code;
};

/* One topic to subscribe to. */
struct MvMqttSubscription {
    struct MvSizedString topic;
    uint32_t desired_qos;
    uint32_t nl; /* no-local, MQTT 5 */
    uint32_t rap; /* retain-as-published, MQTT 5 */
    uint32_t rh; /* retain handling, MQTT 5 */
};

/* A subscribe. */
struct MvMqttSubscribeRequest {
    uint32_t correlation_id;
    const struct MvMqttSubscription *subscriptions;
    uint32_t num_subscriptions;
};

/* Where to write how a subscribe ended. */
struct MvMqttSubscribeResponse {
    enum MvMqttRequestState *request_state;
    uint32_t *correlation_id;
    uint32_t *reason_codes;
    uint32_t reason_codes_size; /* bytes */
    uint32_t *reason_codes_len;
};

/* An unsubscribe. */
struct MvMqttUnsubscribeRequest {
    uint32_t correlation_id;
    const struct MvSizedString *topics;
    uint32_t num_topics;
};

/* Where to write how an unsubscribe ended. */
struct MvMqttUnsubscribeResponse {
    enum MvMqttRequestState *request_state;
    uint32_t *correlation_id;
    uint32_t *reason_codes;
    uint32_t reason_codes_size; /* bytes */
    uint32_t *reason_codes_len;
};

/* A publish. */
struct MvMqttPublishRequest {
    uint32_t correlation_id;
    struct MvSizedString topic;
    struct MvSizedString payload;
    uint32_t desired_qos;
    uint32_t retain;
};

/* How a publish ended. */
struct MvMqttPublishResponse {
    enum MvMqttRequestState request_state;
    uint32_t correlation_id;
    uint32_t reason_code;
};

/* Where to write a received message. */
struct MvMqttMessage {
    uint32_t *correlation_id;
    struct MvSizedStringBuffer topic;
    struct MvSizedStringBuffer payload;
    uint32_t *qos;
    uint8_t *retain;
};

/* Where to write what is known of a lost message. */
struct MvMqttLostMessageInfo {
    enum MvMqttLostMessageReason *reason;
    struct MvSizedStringBuffer topic;
    uint32_t *message_len;
};

/* How a session ended. */
struct MvMqttDisconnectResponse {
    enum MvMqttRequestState request_state;
    uint32_t disconnect_code;
};

/* Events of the system to route, and where to. */
struct MvOpenSystemNotificationParams {
    MvNotificationHandle notification_handle;
    uint32_t notification_tag;
    enum MvSystemNotificationSource notification_source;
};

/* What the external flash offers. `version` is 1. */
struct MvExternalFlashInfo {
    uint32_t version;
    union {
        struct {
            uint32_t chip_id;
            uint32_t size; /* bytes usable by the application */
            uint32_t num_handles;
        } v1;
    };
};

/* Wi-Fi settings. `version` is 1. */
struct MvWifiConfig {
    uint32_t version;
    union {
        struct {
            enum MvWifiConfigMode config_mode;
            struct MvSizedString wifi_ssid;
            struct MvSizedString wifi_password;
        } v1;
    };
};

/* Where to write the Wi-Fi settings. `version` is 1. */
struct MvWifiConfigOut {
    uint32_t version;
    union {
        struct {
            struct MvSizedStringBuffer ssid;
            uint8_t *has_encryption;
        } v1;
    };
};

/* General */

/* Does nothing, successfully.
 * OKAY */
enum MvStatus mvNoOp(void);

/* Writes the device SID, 34 characters without a terminator; `len` is exactly 34.
 * OKAY, PARAMETERFAULT, INVALIDBUFFERSIZE */
enum MvStatus mvGetDeviceId(uint8_t *buf, uint32_t len);

/* SYSCLK, the CPU clock, in hertz.
 * OKAY, PARAMETERFAULT */
enum MvStatus mvGetSysClk(uint32_t *hz);

/* HCLK, the clock of the AHB buses, in hertz.
 * OKAY, PARAMETERFAULT */
enum MvStatus mvGetHClk(uint32_t *hz);

/* PCLK1, the clock of bus APB1, in hertz.
 * OKAY, PARAMETERFAULT */
enum MvStatus mvGetPClk1(uint32_t *hz);

/* PCLK2, the clock of bus APB2, in hertz.
 * OKAY, PARAMETERFAULT */
enum MvStatus mvGetPClk2(uint32_t *hz);

/* Time */

/* Microseconds since the kernel started; never goes back and knows nothing of the time of day.
 * OKAY, PARAMETERFAULT */
enum MvStatus mvGetMicroseconds(uint64_t *ms);

/* Microseconds since 1970 without leap seconds. TIMENOTSET until the server has told the time, which may also correct it later.
 * OKAY, PARAMETERFAULT, TIMENOTSET */
enum MvStatus mvGetWallTime(uint64_t *usec);

/* Peripherals */

/* Reads a 32-bit register that applications cannot reach themselves, such as those of RCC.
 * OKAY, PERIPHERALACCESSFAULT, PARAMETERFAULT */
enum MvStatus mvPeriphPeek32(uint32_t reg, uint32_t *output);

/* Sets a register to (old AND NOT mask) XOR xorvalue. Bits the application may not change stay as they are.
 * OKAY, PERIPHERALACCESSFAULT */
enum MvStatus mvPeriphPoke32(uint32_t reg, uint32_t mask, uint32_t xorvalue);

/* Notifications */

/* Opens a notification center: the kernel writes 16-byte records round the buffer and pends the interrupt for each. At most 32.
 * OKAY, PARAMETERFAULT, INVALIDBUFFERSIZE, BUFFERALREADYINUSE, INVALIDINTERRUPT, TOOMANYNOTIFICATIONBUFFERS */
enum MvStatus mvSetupNotifications(const struct MvNotificationSetup *notifications, MvNotificationHandle *handle_out);

/* Closes a center and zeroes the handle. What still refers to it goes on, unheard.
 * OKAY, PARAMETERFAULT, INVALIDHANDLE */
enum MvStatus mvCloseNotifications(MvNotificationHandle *handle_in_out);

/* Sends a notification of your choice through a center, for tests.
 * OKAY, INVALIDHANDLE */
enum MvStatus mvTempTriggerNotification(MvNotificationHandle handle, enum MvEventType type, uint32_t tag);

/* Fast interrupts */

/* Marks an interrupt as fast: it may interrupt the kernel. Enable it with mvEnableFastInterrupt.
 * OKAY, INVALIDINTERRUPT, INVALIDVECTOR, UNAVAILABLE */
enum MvStatus mvSetFastInterrupt(uint32_t irqn);

/* Makes a fast interrupt an ordinary one again.
 * OKAY, INVALIDINTERRUPT, UNAVAILABLE */
enum MvStatus mvClearFastInterrupt(uint32_t irqn);

/* Enables one fast interrupt.
 * OKAY, INVALIDINTERRUPT, UNAVAILABLE */
enum MvStatus mvEnableFastInterrupt(uint32_t irqn);

/* Disables one fast interrupt.
 * OKAY, INVALIDINTERRUPT, UNAVAILABLE */
enum MvStatus mvDisableFastInterrupt(uint32_t irqn);

/* Holds all fast interrupts back; each keeps its own enabled state.
 * OKAY */
enum MvStatus mvDisableAllFastInterrupts(void);

/* Ends what mvDisableAllFastInterrupts began.
 * OKAY */
enum MvStatus mvEnableAllFastInterrupts(void);

/* Network */

/* Asks for the network until the handle is released. Changes arrive as NETWORKSTATUSCHANGED.
 * OKAY, PARAMETERFAULT, UNSUPPORTEDSTRUCTUREVERSION */
enum MvStatus mvRequestNetwork(const struct MvRequestNetworkParams *params, MvNetworkHandle *handle);

/* Gives a network request back and zeroes the handle.
 * OKAY, PARAMETERFAULT, INVALIDHANDLE, UNSUPPORTEDSTRUCTUREVERSION */
enum MvStatus mvReleaseNetwork(MvNetworkHandle *handle);

/* The state of the network at this moment.
 * OKAY, PARAMETERFAULT, INVALIDHANDLE */
enum MvStatus mvGetNetworkStatus(MvNetworkHandle handle, enum MvNetworkStatus *status);

/* Why the device is or is not connecting (bits of enum MvNetworkReason), and how many network handles are open.
 * OKAY, PARAMETERFAULT */
enum MvStatus mvGetNetworkReasons(enum MvNetworkReason *reasons, uint32_t *request_ref_count);

/* Channels */

/* Opens a channel over a connected network. At most 4 at once and 8 opens a second.
 * OKAY, PARAMETERFAULT, INVALIDHANDLE, INVALIDBUFFERALIGNMENT, INVALIDBUFFERSIZE, UNKNOWNCHANNELENDPOINT, UNKNOWNCHANNELTYPE, NETWORKNOTCONNECTED, RATELIMITED, UNAVAILABLE, TOOMANYCHANNELS, UNSUPPORTEDSTRUCTUREVERSION */
enum MvStatus mvOpenChannel(const struct MvOpenChannelParams *params, MvChannelHandle *handle);

/* Where received bytes lie in the receive buffer, and how many; nothing is copied.
 * OKAY, PARAMETERFAULT, INVALIDHANDLE, CHANNELCLOSED */
enum MvStatus mvReadChannel(MvChannelHandle handle, uint8_t **read_pointer_out, uint32_t *length_out);

/* Frees received bytes that have been dealt with.
 * OKAY, INVALIDHANDLE, CHANNELCLOSED */
enum MvStatus mvReadChannelComplete(MvChannelHandle handle, uint32_t consumed);

/* Sends as many bytes as there is room for. After LATEFAULT they were taken, but `written` was not set.
 * OKAY, INVALIDHANDLE, PARAMETERFAULT, LATEFAULT, CHANNELCLOSED */
enum MvStatus mvWriteChannelStream(MvChannelHandle handle, const uint8_t *data, uint32_t len, uint32_t *written);

/* Sends all bytes or none (INVALIDBUFFERSIZE), and tells the room that is left; `len` 0 only asks.
 * OKAY, INVALIDBUFFERSIZE, INVALIDHANDLE, PARAMETERFAULT, LATEFAULT, CHANNELCLOSED */
enum MvStatus mvWriteChannel(MvChannelHandle handle, const uint8_t *data, uint32_t len, uint32_t *available);

/* Closes a channel and zeroes the handle; needed also after the server closed it.
 * OKAY, PARAMETERFAULT, INVALIDHANDLE */
enum MvStatus mvCloseChannel(MvChannelHandle *handle);

/* Why a channel ended.
 * OKAY, PARAMETERFAULT, INVALIDHANDLE */
enum MvStatus mvGetChannelClosureReason(MvChannelHandle handle, enum MvClosureReason *reason_out);

/* HTTP */

/* Sends the one request of an HTTP channel: https only, at most 32 header lines, a timeout of 5000 to 10000 ms.
 * OKAY, PARAMETERFAULT, LATEFAULT, INVALIDHANDLE, INVALIDBUFFERSIZE, TOOMANYELEMENTS, CHANNELCLOSED, REQUESTALREADYSENT */
enum MvStatus mvSendHttpRequest(MvChannelHandle handle, const struct MvHttpRequest *request);

/* Outcome, status, number of headers and body length of the response. RESPONSENOTPRESENT until it is complete.
 * OKAY, PARAMETERFAULT, INVALIDHANDLE, RESPONSENOTPRESENT, CHANNELCLOSED */
enum MvStatus mvReadHttpResponseData(MvChannelHandle handle, struct MvHttpResponseData *response_data);

/* Copies one header line, counted from 0, without a terminator; its length is not told, so fill the buffer beforehand.
 * OKAY, PARAMETERFAULT, INVALIDHANDLE, RESPONSENOTPRESENT, CHANNELCLOSED, INDEXINVALID */
enum MvStatus mvReadHttpResponseHeader(MvChannelHandle handle, uint32_t header_index, uint8_t *buf, uint32_t size);

/* Copies body bytes from an offset; where the body ends sooner, the rest of the buffer stays as it was.
 * OKAY, PARAMETERFAULT, INVALIDHANDLE, RESPONSENOTPRESENT, CHANNELCLOSED, OFFSETINVALID */
enum MvStatus mvReadHttpResponseBody(MvChannelHandle handle, uint32_t offset, uint8_t *buf, uint32_t size);

/* Logging */

/* Gives the kernel a log buffer for good: 512-byte aligned, a multiple of 512 bytes.
 * OKAY, PARAMETERFAULT, INVALIDBUFFERALIGNMENT, INVALIDBUFFERSIZE */
enum MvStatus mvServerLoggingInit(uint8_t *buffer, uint32_t length_bytes);

/* Logs one message of at most 1024 bytes. INVALIDBUFFERSIZE: no room just now. UNAVAILABLE: no buffer yet.
 * OKAY, UNAVAILABLE, PARAMETERFAULT, INVALIDBUFFERSIZE, LOGMESSAGETOOLONG, LOGGINGDISABLEDBYSERVER */
enum MvStatus mvServerLog(const uint8_t *message, uint16_t length_bytes);

/* Config */

/* Asks for the values of config and secret keys; one request for each channel.
 * OKAY, PARAMETERFAULT, LATEFAULT, INVALIDHANDLE, INVALIDBUFFERSIZE, CHANNELCLOSED, REQUESTALREADYSENT, TOOMANYCONFIGKEYS, UNKNOWNCONFIGSTORE, UNKNOWNCONFIGSCOPE, INVALIDCONFIGKEY */
enum MvStatus mvSendConfigFetchRequest(MvChannelHandle handle, const struct MvConfigKeyFetchParams *request);

/* Outcome of the fetch as a whole, and the number of items.
 * OKAY, PARAMETERFAULT, CHANNELCLOSED, INVALIDHANDLE, RESPONSENOTPRESENT */
enum MvStatus mvReadConfigFetchResponseData(MvChannelHandle handle, struct MvConfigResponseData *response_data);

/* Outcome and value of one item; items come in the order asked.
 * OKAY, PARAMETERFAULT, INVALIDHANDLE, RESPONSENOTPRESENT, CHANNELCLOSED, INDEXINVALID */
enum MvStatus mvReadConfigResponseItem(MvChannelHandle handle, const struct MvConfigResponseReadItemParams *params);

/* MQTT */

/* What can be read next. Loop on it after CHANNELDATAREADABLE until it says NONE.
 * OKAY, PARAMETERFAULT, INVALIDHANDLE, CHANNELCLOSED */
enum MvStatus mvMqttGetNextReadableDataType(MvChannelHandle handle, enum MvMqttReadableDataType *data_type);

/* Connects to a broker over TLS; once for each channel.
 * OKAY, PARAMETERFAULT, LATEFAULT, INVALIDHANDLE, CHANNELCLOSED, REQUESTALREADYSENT, INVALIDAUTHENTICATION, TOOMANYELEMENTS, REQUIREDELEMENTMISSING, INVALIDBUFFERSIZE */
enum MvStatus mvMqttRequestConnect(MvChannelHandle handle, const struct MvMqttConnectRequest *request);

/* How the connect ended.
 * OKAY, PARAMETERFAULT, LATEFAULT, INVALIDHANDLE, CHANNELCLOSED, WRONGDATAREQUESTED */
enum MvStatus mvMqttReadConnectResponse(MvChannelHandle handle, struct MvMqttConnectResponse *response_data);

/* Subscribes to at most 8 topics; one such request in flight.
 * OKAY, PARAMETERFAULT, LATEFAULT, INVALIDHANDLE, CHANNELCLOSED, RATELIMITED, TOOMANYELEMENTS, INVALIDBUFFERSIZE */
enum MvStatus mvMqttRequestSubscribe(MvChannelHandle handle, const struct MvMqttSubscribeRequest *request);

/* How a subscribe ended, with a reason code for each topic.
 * OKAY, PARAMETERFAULT, LATEFAULT, INVALIDHANDLE, CHANNELCLOSED, INVALIDBUFFERSIZE, WRONGDATAREQUESTED */
enum MvStatus mvMqttReadSubscribeResponse(MvChannelHandle handle, const struct MvMqttSubscribeResponse *response_data);

/* Gives up at most 8 topics; one such request in flight.
 * OKAY, PARAMETERFAULT, LATEFAULT, INVALIDHANDLE, CHANNELCLOSED, RATELIMITED, TOOMANYELEMENTS, INVALIDBUFFERSIZE */
enum MvStatus mvMqttRequestUnsubscribe(MvChannelHandle handle, const struct MvMqttUnsubscribeRequest *request);

/* How an unsubscribe ended, with a reason code for each topic.
 * OKAY, PARAMETERFAULT, LATEFAULT, INVALIDHANDLE, CHANNELCLOSED, INVALIDBUFFERSIZE, WRONGDATAREQUESTED */
enum MvStatus mvMqttReadUnsubscribeResponse(MvChannelHandle handle, const struct MvMqttUnsubscribeResponse *response_data);

/* Publishes a message. RATELIMITED when too many are in flight.
 * OKAY, PARAMETERFAULT, LATEFAULT, INVALIDHANDLE, CHANNELCLOSED, RATELIMITED, INVALIDBUFFERSIZE */
enum MvStatus mvMqttRequestPublish(MvChannelHandle handle, const struct MvMqttPublishRequest *request);

/* How a publish ended.
 * OKAY, PARAMETERFAULT, LATEFAULT, INVALIDHANDLE, CHANNELCLOSED, WRONGDATAREQUESTED */
enum MvStatus mvMqttReadPublishResponse(MvChannelHandle handle, struct MvMqttPublishResponse *response_data);

/* Copies a received message and the id to acknowledge it with.
 * OKAY, PARAMETERFAULT, LATEFAULT, INVALIDHANDLE, CHANNELCLOSED, INVALIDBUFFERSIZE, WRONGDATAREQUESTED */
enum MvStatus mvMqttReceiveMessage(MvChannelHandle handle, const struct MvMqttMessage *message_data);

/* Topic and length of a message that did not fit the receive buffer.
 * OKAY, PARAMETERFAULT, LATEFAULT, INVALIDHANDLE, CHANNELCLOSED, INVALIDBUFFERSIZE, WRONGDATAREQUESTED */
enum MvStatus mvMqttReceiveLostMessageInfo(MvChannelHandle handle, const struct MvMqttLostMessageInfo *lost_message_info);

/* Acknowledges a message of QoS 1 or 2; without it the broker sends it again.
 * OKAY, INVALIDHANDLE, CHANNELCLOSED, RATELIMITED */
enum MvStatus mvMqttAcknowledgeMessage(MvChannelHandle handle, uint32_t correlation_id);

/* Leaves the broker.
 * OKAY, INVALIDHANDLE, CHANNELCLOSED, RATELIMITED */
enum MvStatus mvMqttRequestDisconnect(MvChannelHandle handle);

/* How the session ended, whoever ended it.
 * OKAY, PARAMETERFAULT, LATEFAULT, INVALIDHANDLE, CHANNELCLOSED, WRONGDATAREQUESTED */
enum MvStatus mvMqttReadDisconnectResponse(MvChannelHandle handle, struct MvMqttDisconnectResponse *response_data);

/* Power */

/* Enters Sleep or Stop 0 to 3. MICROVISORBUSY while the network is in use.
 * OKAY, UNAVAILABLE, PARAMETERFAULT, MICROVISORBUSY */
enum MvStatus mvPowerSave(enum MvPowerSavingMode mode);

/* Enters Standby or Shutdown; the application starts anew on waking. MICROVISORBUSY while the network is in use.
 * OKAY, UNAVAILABLE, PARAMETERFAULT, MICROVISORBUSY */
enum MvStatus mvDeepSleep(enum MvDeepSleepMode mode);

/* Switches the status LED of the kernel off (0) or on (1).
 * OKAY, UNAVAILABLE, PARAMETERFAULT */
enum MvStatus mvSystemLedEnable(uint32_t enable);

/* System notifications */

/* Routes events of the system to a center: of the network without requesting it, or of updates.
 * OKAY, UNAVAILABLE, PARAMETERFAULT, INVALIDHANDLE */
enum MvStatus mvOpenSystemNotification(const struct MvOpenSystemNotificationParams *params, MvSystemEventHandle *handle);

/* Ends the routing and zeroes the handle.
 * OKAY, UNAVAILABLE, INVALIDHANDLE, PARAMETERFAULT */
enum MvStatus mvCloseSystemNotification(MvSystemEventHandle *handle);

/* Restart */

/* Why the application was started; writes one byte.
 * OKAY, UNAVAILABLE, PARAMETERFAULT */
enum MvStatus mvGetWakeReason(enum MvWakeReason *mode);

/* Restarts the application, or the device where a waiting update needs it. Does not return.
 * OKAY, UNAVAILABLE, PARAMETERFAULT, MICROVISORBUSY */
enum MvStatus mvRestart(enum MvRestartMode mode);

/* External flash */

/* Opens the application's share of the external flash. At most 32 handles.
 * OKAY, UNAVAILABLE, PARAMETERFAULT, TOOMANYCHANNELS */
enum MvStatus mvExternalFlashOpen(MvExternalFlashHandle *handle);

/* Closes a handle and zeroes it.
 * OKAY, UNAVAILABLE, INVALIDHANDLE, PARAMETERFAULT */
enum MvStatus mvExternalFlashClose(MvExternalFlashHandle *handle);

/* Chip id, size of the application's share, open handles. Set `version` to 1 first.
 * OKAY, UNAVAILABLE, PARAMETERFAULT, INVALIDHANDLE, UNSUPPORTEDSTRUCTUREVERSION */
enum MvStatus mvExternalFlashGetInfo(MvExternalFlashHandle handle, struct MvExternalFlashInfo *info);

/* Copies bytes out of the external flash; address 0 is the start of the application's share.
 * OKAY, UNAVAILABLE, PARAMETERFAULT, INVALIDHANDLE, ADDRESSOUTOFRANGE */
enum MvStatus mvExternalFlashReadBlocking(MvExternalFlashHandle handle, uint32_t address, uint32_t length, uint8_t *buffer);

/* Erases sectors; address and length are multiples of 4096.
 * OKAY, UNAVAILABLE, PARAMETERFAULT, INVALIDHANDLE, ADDRESSOUTOFRANGE, INVALIDBUFFERALIGNMENT */
enum MvStatus mvExternalFlashEraseBlocking(MvExternalFlashHandle handle, uint32_t address, uint32_t length);

/* Programs bytes into erased flash.
 * OKAY, UNAVAILABLE, PARAMETERFAULT, INVALIDHANDLE, ADDRESSOUTOFRANGE */
enum MvStatus mvExternalFlashWriteBlocking(MvExternalFlashHandle handle, uint32_t address, uint32_t length, const uint8_t *buffer);

/* Wi-Fi */

/* Stores or erases the Wi-Fi network to use from now on.
 * OKAY, UNAVAILABLE, PARAMETERFAULT, UNSUPPORTEDSTRUCTUREVERSION, INPUTTOOLONG */
enum MvStatus mvSetWifiConfig(const struct MvWifiConfig *params);

/* The stored SSID and whether there is a password; the password itself stays hidden.
 * OKAY, UNAVAILABLE, PARAMETERFAULT, UNSUPPORTEDSTRUCTUREVERSION, INVALIDBUFFERSIZE */
enum MvStatus mvGetWifiConfig(const struct MvWifiConfigOut *params);

/* Factory test */

/* Ends the factory test: 0 passes, anything else fails and is shown to the operator. UNAVAILABLE elsewhere.
 * OKAY, UNAVAILABLE */
enum MvStatus mvTestingComplete(uint32_t status);

/* As mvServerLoggingInit, for the provisioning console during a factory test.
 * OKAY, PARAMETERFAULT, INVALIDBUFFERALIGNMENT, INVALIDBUFFERSIZE, UNAVAILABLE */
enum MvStatus mvTestLoggingInit(uint8_t *buffer, uint32_t length_bytes);

/* As mvServerLog, to the provisioning console during a factory test.
 * OKAY, UNAVAILABLE, PARAMETERFAULT, INVALIDBUFFERSIZE, LOGMESSAGETOOLONG */
enum MvStatus mvTestLog(const uint8_t *message, uint16_t length_bytes);

#undef MV_STATIC_ASSERT
#ifdef __cplusplus
}
#endif

#endif

/*
 * Where the system calls are: slots in the non-secure-callable region, which the kernel fills.
 *
 * Generated from packages/protocol/src/syscalls.ts by `npm run gen`: change it there.
 */
    .syntax unified
    .thumb

/* Bit 0 says that the code there is Thumb code, as in every function's address. */
.macro call name, address
    .global \name
    .type \name, %function
    .set \name, \address + 1
    .size \name, 8
.endm

    call mvEnableFastInterrupt, 0x0c1fe000
    call mvWriteChannelStream, 0x0c1fe008
    call mvGetMicroseconds, 0x0c1fe010
    call mvGetSysClk, 0x0c1fe018
    call mvDisableAllFastInterrupts, 0x0c1fe020
    call mvGetDeviceId, 0x0c1fe028
    call mvWriteChannel, 0x0c1fe030
    call mvGetWallTime, 0x0c1fe038
    call mvRequestNetwork, 0x0c1fe040
    call mvGetChannelClosureReason, 0x0c1fe048
    call mvCloseNotifications, 0x0c1fe050
    call mvSetFastInterrupt, 0x0c1fe058
    call mvDisableFastInterrupt, 0x0c1fe068
    call mvReadChannelComplete, 0x0c1fe070
    call mvClearFastInterrupt, 0x0c1fe078
    call mvSetupNotifications, 0x0c1fe080
    call mvGetPClk1, 0x0c1fe088
    call mvGetPClk2, 0x0c1fe090
    call mvEnableAllFastInterrupts, 0x0c1fe098
    call mvPeriphPoke32, 0x0c1fe0a8
    call mvReadChannel, 0x0c1fe0b0
    call mvGetHClk, 0x0c1fe0b8
    call mvOpenChannel, 0x0c1fe0c0
    call mvGetNetworkReasons, 0x0c1fe0c8
    call mvReleaseNetwork, 0x0c1fe0d0
    call mvNoOp, 0x0c1fe0d8
    call mvTempTriggerNotification, 0x0c1fe0e0
    call mvGetNetworkStatus, 0x0c1fe0e8
    call mvPeriphPeek32, 0x0c1fe0f0
    call mvCloseChannel, 0x0c1fe0f8
    call mvSendHttpRequest, 0x0c1fe100
    call mvReadHttpResponseBody, 0x0c1fe108
    call mvReadHttpResponseHeader, 0x0c1fe110
    call mvReadHttpResponseData, 0x0c1fe118
    call mvServerLoggingInit, 0x0c1fe120
    call mvServerLog, 0x0c1fe128
    call mvSendConfigFetchRequest, 0x0c1fe130
    call mvReadConfigFetchResponseData, 0x0c1fe138
    call mvReadConfigResponseItem, 0x0c1fe140
    call mvMqttReadUnsubscribeResponse, 0x0c1fe148
    call mvMqttAcknowledgeMessage, 0x0c1fe150
    call mvMqttReadDisconnectResponse, 0x0c1fe158
    call mvMqttRequestDisconnect, 0x0c1fe160
    call mvMqttReadConnectResponse, 0x0c1fe168
    call mvMqttRequestPublish, 0x0c1fe170
    call mvMqttRequestSubscribe, 0x0c1fe178
    call mvMqttReadPublishResponse, 0x0c1fe180
    call mvMqttReceiveLostMessageInfo, 0x0c1fe188
    call mvMqttReceiveMessage, 0x0c1fe190
    call mvMqttGetNextReadableDataType, 0x0c1fe198
    call mvMqttRequestUnsubscribe, 0x0c1fe1a0
    call mvMqttRequestConnect, 0x0c1fe1a8
    call mvMqttReadSubscribeResponse, 0x0c1fe1b0
    call mvTestingComplete, 0x0c1fe1b8
    call mvTestLog, 0x0c1fe1c0
    call mvTestLoggingInit, 0x0c1fe1c8
    call mvPowerSave, 0x0c1fe1d0
    call mvSystemLedEnable, 0x0c1fe1d8
    call mvOpenSystemNotification, 0x0c1fe1e0
    call mvCloseSystemNotification, 0x0c1fe1e8
    call mvDeepSleep, 0x0c1fe1f0
    call mvGetWakeReason, 0x0c1fe1f8
    call mvRestart, 0x0c1fe200
    call mvExternalFlashClose, 0x0c1fe208
    call mvExternalFlashGetInfo, 0x0c1fe210
    call mvExternalFlashWriteBlocking, 0x0c1fe218
    call mvExternalFlashOpen, 0x0c1fe220
    call mvExternalFlashEraseBlocking, 0x0c1fe228
    call mvExternalFlashReadBlocking, 0x0c1fe230
    call mvSetWifiConfig, 0x0c1fe240
    call mvGetWifiConfig, 0x0c1fe248

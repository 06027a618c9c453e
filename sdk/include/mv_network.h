/*
 * The first steps of an application that talks to the world: a notification center, the network, and
 * waiting for what happens. Conveniences on top of mv_syscalls.h.
 */
#ifndef MV_NETWORK_H
#define MV_NETWORK_H

#include "mv_interrupts.h"
#include "mv_syscalls.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a channel is opened with. */
struct MvConnection {
    MvNotificationHandle center;
    MvNetworkHandle network;
};

/*
 * Makes a center on an interrupt whose peripheral is not used, asks for the network and waits until
 * the device is connected. The interrupt's handler has to be there, and may be empty. Call it once.
 */
struct MvConnection mv_connect(enum MvInterrupt irq);

/* Sleeps until something has happened to what was opened with this tag, and says what. */
enum MvEventType mv_next_event(uint32_t tag);

/*
 * Opens a channel that reports under this tag. `receive` and `send` are aligned to 512 bytes, their
 * sizes multiples of it, and belong to the channel until it is closed.
 */
enum MvStatus mv_open_channel(struct MvConnection connection, enum MvChannelType type, uint32_t tag,
                              struct MvSizedStringBuffer receive, struct MvSizedStringBuffer send,
                              MvChannelHandle *channel);

/* A text that ends in a zero, as the system calls want it. */
struct MvSizedString mv_text(const char *text);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a connection's client is kept: behind an empty set of IP options, which hangs on the socket
 * as any set of options does. The kernel frees it with the socket and whenever other options take
 * its place; so there is no table, no destructor, nothing to clean up, and no field of the socket
 * that somebody else wants. It outlives the module.
 */
#ifndef TOA_RECORD_H
#define TOA_RECORD_H

#include <net/sock.h>

#include "option.h"

/*
 * Notes `client` on a connection that is being made and that nobody else knows yet. -EBUSY: it has
 * IP options of its own. Any context.
 */
int toa_record_set(struct sock *child, const struct toa_client *client);

/*
 * The client of this socket's connection; false when there is none, or the socket was connected to
 * another peer since. Any context.
 */
bool toa_record_get(struct sock *sk, struct toa_client *client);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose word counts: the parameter trusted=, a list of prefixes. Set once before the hooks are in
 * place, read-only afterwards.
 */
#ifndef TOA_TRUST_H
#define TOA_TRUST_H

#include <linux/in6.h>
#include <linux/types.h>

/*
 * "100.125.0.0/16,fd64:125::/32"; an address alone is a prefix of one. -EINVAL, after saying what
 * is wrong, for an empty list, bits behind a prefix, and anything else that is no list.
 */
int toa_trust_set(const char *list);

bool toa_trusts4(__be32 address);
bool toa_trusts6(const struct in6_addr *address);

#endif

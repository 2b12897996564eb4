// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "TOA: " fmt
#include "trust.h"

#include <linux/inet.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>

#define TOA_TRUSTED_MAX 64

struct toa_prefix {
	u16 family;
	u8 length;
	union {
		__be32 v4;
		struct in6_addr v6;
	};
};

static struct toa_prefix trusted[TOA_TRUSTED_MAX];
static unsigned int trusted_count;

static __be32 toa_mask4(u8 length)
{
	return length ? htonl(~0u << (32 - length)) : 0;
}

/* Digits alone; the kernel's own functions for numbers have changed their names too often. */
static int toa_read_length(const char *text, unsigned int most, u8 *length)
{
	unsigned int value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (*text - '0');
		if (value > most)
			return -EINVAL;
	}
	*length = value;
	return 0;
}

static int toa_read_prefix(char *text, struct toa_prefix *prefix)
{
	char *length = strchr(text, '/');
	struct in6_addr masked;
	const char *end;
	bool v4, v6;

	if (length)
		*length = '\0';
	v4 = in4_pton(text, -1, (u8 *)&prefix->v4, -1, &end) && !*end;
	v6 = !v4 && in6_pton(text, -1, (u8 *)&prefix->v6, -1, &end) && !*end;
	if (length) /* the caller may want to show it */
		*length++ = '/';
	if (!v4 && !v6)
		return -EINVAL;
	prefix->family = v4 ? AF_INET : AF_INET6;
	prefix->length = v4 ? 32 : 128;
	if (length && toa_read_length(length, prefix->length, &prefix->length))
		return -EINVAL;
	if (prefix->family == AF_INET)
		return prefix->v4 & ~toa_mask4(prefix->length) ? -EINVAL : 0;
	ipv6_addr_prefix(&masked, &prefix->v6, prefix->length);
	return ipv6_addr_equal(&masked, &prefix->v6) ? 0 : -EINVAL;
}

int toa_trust_set(const char *list)
{
	char *copy = kstrdup(list, GFP_KERNEL), *rest = copy, *text;
	int error = 0;

	if (!copy)
		return -ENOMEM;
	while (!error && (text = strsep(&rest, ",")) != NULL) {
		if (trusted_count == TOA_TRUSTED_MAX) {
			pr_err("trusted=%s: more than %d prefixes\n", list, TOA_TRUSTED_MAX);
			error = -EINVAL;
		} else if (toa_read_prefix(text, &trusted[trusted_count])) {
			pr_err("trusted=%s: '%s' is no prefix\n", list, text);
			error = -EINVAL;
		} else {
			trusted_count++;
		}
	}
	kfree(copy);
	return error;
}

bool toa_trusts4(__be32 address)
{
	unsigned int i;

	for (i = 0; i < trusted_count; i++) {
		const struct toa_prefix *prefix = &trusted[i];

		if (prefix->family == AF_INET &&
		    !((address ^ prefix->v4) & toa_mask4(prefix->length)))
			return true;
	}
	return false;
}

bool toa_trusts6(const struct in6_addr *address)
{
	unsigned int i;

	for (i = 0; i < trusted_count; i++) {
		const struct toa_prefix *prefix = &trusted[i];

		if (prefix->family == AF_INET6 &&
		    ipv6_prefix_equal(address, &prefix->v6, prefix->length))
			return true;
	}
	return false;
}

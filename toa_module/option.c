// SPDX-License-Identifier: GPL-2.0-only
#include "option.h"

#include <linux/socket.h>
#include <linux/string.h>

#include <elb/toa.h>

bool toa_option_read(const struct tcphdr *th, struct toa_client *client)
{
	const u8 *option = (const u8 *)(th + 1);
	const u8 *end = (const u8 *)th + th->doff * 4;

	while (option < end) {
		u8 size;

		if (option[0] == ELB_OPTION_END)
			return false;
		if (option[0] == ELB_OPTION_NOP) {
			option++;
			continue;
		}
		if (end - option < 2)
			return false;
		size = option[1];
		if (size < 2 || size > end - option)
			return false;
		if (option[0] == ELB_OPTION_TOA &&
		    (size == ELB_TOA_SIZE || size == ELB_TOA_SIZE6)) {
			client->family = size == ELB_TOA_SIZE ? AF_INET : AF_INET6;
			memcpy(&client->port, option + ELB_TOA_PORT, sizeof(client->port));
			memcpy(&client->v6, option + ELB_TOA_ADDRESS, size - ELB_TOA_ADDRESS);
			return true;
		}
		option += size;
	}
	return false;
}

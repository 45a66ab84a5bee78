/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <stddef.h>

#include "srsd/client_access.h"

const struct cidr_list *
client_access_networks(const struct settings *settings, enum service_kind service)
{
	static struct cidr loopback[] = {
		{ { AF_INET, { 127 } }, 8 },
		{ { AF_INET6, { [15] = 1 } }, 128 },
	};
	static const struct cidr_list this_host = { sizeof(loopback) / sizeof(loopback[0]),
		loopback };

	if (settings->clients.n > 0)
		return &settings->clients;
	return service == SERVICE_METRICS ? NULL : &this_host;
}

bool
client_access_permits(const struct cidr_list *networks, const struct ipaddr *client)
{
	return networks == NULL || settings_list_contains(networks, client);
}

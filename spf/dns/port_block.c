/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <netinet/in.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "spf/dns/port_block.h"

/*
 * The ports above those that Linux gives to other programs (net.ipv4.ip_local_port_range). No
 * service is registered for them.
 */
#define FIRST_PORT 61000
#define BLOCK_SIZE (1 + PORT_BLOCK_PORTS)
#define BLOCKS ((65536 - FIRST_PORT) / BLOCK_SIZE)

static bool
hold_port(int fd, unsigned port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
}

bool
port_block_reserve(struct port_block *block)
{
	unsigned first = arc4random_uniform(BLOCKS), i, port;

	block->port = 0;
	block->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (block->fd == -1)
		return false;
	for (i = 0; i < BLOCKS; i++) {
		port = FIRST_PORT + (first + i) % BLOCKS * BLOCK_SIZE;
		if (hold_port(block->fd, port)) {
			block->port = port + 1;
			return true;
		}
		if (errno != EADDRINUSE)
			break;
	}
	close(block->fd);
	return false;
}

void
port_block_release(struct port_block *block)
{
	if (block->port == 0)
		return;
	close(block->fd);
	block->port = 0;
}

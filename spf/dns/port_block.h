/* SPDX-License-Identifier: ISC */
/*
 * port_block - a few consecutive UDP ports on loopback that belong to one owner.
 *
 * libunbound fails when all ports that it may use are in use. So a context that needs some of its
 * own, in this process or in another instance of srsd, reserves a block: a socket that holds its
 * first port keeps other owners away. That socket is bound to 127.0.0.1, and is never read.
 */
#ifndef SPF_DNS_PORT_BLOCK_H
#define SPF_DNS_PORT_BLOCK_H

#include <stdbool.h>

/* The ports of a block that are free for use. */
#define PORT_BLOCK_PORTS 8

struct port_block {
	unsigned port; /* the first one that is free for use; 0: no block */
	int fd;
};

/* Reserves a block. False, with port 0 and nothing to release, if all are in use or on an error. */
bool port_block_reserve(struct port_block *block);

/* Gives it back, if there is one. */
void port_block_release(struct port_block *block);

#endif

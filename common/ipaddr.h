/* SPDX-License-Identifier: ISC */
/*
 * ipaddr - an IPv4 or IPv6 address and a network. An IPv4-mapped IPv6 address is the IPv4
 * address that it maps, everywhere (RFC 7208, 5).
 */
#ifndef COMMON_IPADDR_H
#define COMMON_IPADDR_H

#include <sys/socket.h>
#include <netinet/in.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPADDR_TEXT_SIZE INET6_ADDRSTRLEN

struct ipaddr {
	int family;        /* AF_INET or AF_INET6; 0 is no address */
	uint8_t bytes[16]; /* network order; AF_INET uses the first four */
};

struct cidr {
	struct ipaddr addr;
	unsigned prefix; /* 0..32 or 0..128 */
};

/* The text need not be NUL-terminated. False for anything inet_pton(3) refuses. */
bool ipaddr_parse(struct ipaddr *, const char *, size_t len);
void ipaddr_from_bytes(struct ipaddr *, int family, const void *bytes);
void ipaddr_format(const struct ipaddr *, char text[IPADDR_TEXT_SIZE]);

/* Bytes of an address of that family: 4 or 16. */
size_t ipaddr_size(const struct ipaddr *);

/* True when both are of one family and agree in their first prefix bits. */
bool ipaddr_agree(const struct ipaddr *, const struct ipaddr *, unsigned prefix);

/*
 * Addresses that no stranger's mail comes from, so that the client seen is a NAT or a proxy of
 * our own: RFC 1918, loopback, link-local, shared (RFC 6598), unique local.
 */
bool ipaddr_is_private(const struct ipaddr *);

/*
 * ADDRESS or ADDRESS/PREFIX. Bits set behind the prefix are accepted and ignored; policyd-spf
 * drops the whole list for one such entry. An IPv4-mapped network of /96 and longer becomes the
 * IPv4 network.
 */
bool cidr_parse(struct cidr *, const char *, size_t len);

/* A prefix length: one to three digits without a leading zero, at most max. */
bool cidr_parse_prefix(unsigned *prefix, const char *, size_t len, unsigned max);

bool cidr_contains(const struct cidr *, const struct ipaddr *);

#endif

/* SPDX-License-Identifier: ISC */
/*
 * ipaddr - IPv4 and IPv6 addresses and networks. Pure.
 *
 * An IPv4-mapped IPv6 address is always converted to the IPv4 address (RFC 7208, 5).
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
	int family;        /* AF_INET or AF_INET6; 0: no address */
	uint8_t bytes[16]; /* in network order; AF_INET uses the first four */
};

struct cidr {
	struct ipaddr addr;
	unsigned prefix; /* 0 to 32, or 0 to 128 */
};

/*
 * Parses an address of len bytes, which needs no NUL. False for a text that inet_pton(3) does not
 * accept; *ip is then unchanged.
 */
bool ipaddr_parse(struct ipaddr *ip, const char *s, size_t len);

/* An address from 4 bytes (AF_INET) or 16 bytes (AF_INET6) in network order. */
void ipaddr_from_bytes(struct ipaddr *ip, int family, const void *bytes);

/* Writes an address as inet_ntop(3) does, and a NUL; "" if there is no address. */
void ipaddr_format(const struct ipaddr *ip, char text[IPADDR_TEXT_SIZE]);

/* The number of bytes of an address: 4 for AF_INET, otherwise 16. */
size_t ipaddr_size(const struct ipaddr *ip);

/* True if both addresses have the same family and the same first prefix bits. */
bool ipaddr_agree(const struct ipaddr *a, const struct ipaddr *b, unsigned prefix);

/*
 * True for a private address: RFC 1918, loopback, link-local, shared (RFC 6598), unique local. Mail
 * from the Internet cannot come from one, so such a client is a NAT or a proxy of this site.
 */
bool ipaddr_is_private(const struct ipaddr *ip);

/* True for 127.0.0.0/8 and ::1. */
bool ipaddr_is_loopback(const struct ipaddr *ip);

/*
 * The network that counts as one client: an IPv4 address by itself (prefix 32), and of an IPv6
 * address the first v6_bits bits (0 to 128), the others cleared. A client of NAT64 (64:ff9b::/96,
 * RFC 6052) is the IPv4 address in its last four bytes: all IPv4 clients of a NAT64 gateway share
 * its /96. Without an address the network has none either: family 0, prefix 0.
 */
struct cidr ipaddr_client_network(const struct ipaddr *ip, unsigned v6_bits);

/*
 * Parses ADDRESS or ADDRESS/PREFIX. Bits after the prefix are ignored; policyd-spf drops the whole
 * list for an entry that has some. An IPv4-mapped network of /96 or longer becomes the IPv4
 * network; a shorter one is refused. False for any other text; *net is then undefined.
 */
bool cidr_parse(struct cidr *net, const char *s, size_t len);

/* Parses a prefix length: one to three digits without a leading zero, and at most max. */
bool cidr_parse_prefix(unsigned *prefix, const char *s, size_t len, unsigned max);

/*
 * An order of networks, for qsort(3): by family, prefix and the bits within the prefix. Returns 0
 * if both are the same network, whatever their bits after the prefix.
 */
int cidr_compare(const struct cidr *a, const struct cidr *b);

/* True if the network contains the address. */
bool cidr_contains(const struct cidr *net, const struct ipaddr *ip);

#endif

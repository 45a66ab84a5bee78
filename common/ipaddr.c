/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>

#include <string.h>

#include "common/ascii.h"
#include "common/ipaddr.h"

#define MAPPED_BITS 96

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

void
ipaddr_from_bytes(struct ipaddr *ip, int family, const void *bytes)
{
	memset(ip, 0, sizeof(*ip));
	if (family == AF_INET6 && memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		ip->family = AF_INET;
		memcpy(ip->bytes, (const uint8_t *)bytes + sizeof(mapped_prefix), 4);
		return;
	}
	ip->family = family;
	memcpy(ip->bytes, bytes, ipaddr_size(ip));
}

bool
ipaddr_parse(struct ipaddr *ip, const char *s, size_t len)
{
	char text[IPADDR_TEXT_SIZE];
	uint8_t bytes[16];
	int family;

	if (len == 0 || len >= sizeof(text) || memchr(s, '\0', len) != NULL)
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	family = memchr(s, ':', len) != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(family, text, bytes) != 1)
		return false;
	ipaddr_from_bytes(ip, family, bytes);
	return true;
}

/* put_octet - write a number up to 255 in decimal; returns the position after it */
static char *
put_octet(char *text, uint8_t octet)
{
	if (octet >= 100)
		*text++ = (char)('0' + octet / 100);
	if (octet >= 10)
		*text++ = (char)('0' + octet / 10 % 10);
	*text++ = (char)('0' + octet % 10);
	return text;
}

/* format_ipv4 - inet_ntop(3) without its sprintf(3), because it runs for every request */
static void
format_ipv4(const uint8_t bytes[4], char *text)
{
	int i;

	for (i = 0; i < 4; i++) {
		text = put_octet(text, bytes[i]);
		*text++ = i < 3 ? '.' : '\0';
	}
}

void
ipaddr_format(const struct ipaddr *ip, char text[IPADDR_TEXT_SIZE])
{
	if (ip->family == AF_INET)
		format_ipv4(ip->bytes, text);
	else if (ip->family == 0 ||
		 inet_ntop(ip->family, ip->bytes, text, IPADDR_TEXT_SIZE) == NULL)
		text[0] = '\0';
}

size_t
ipaddr_size(const struct ipaddr *ip)
{
	return ip->family == AF_INET ? 4 : 16;
}

bool
ipaddr_agree(const struct ipaddr *a, const struct ipaddr *b, unsigned prefix)
{
	unsigned whole = prefix / 8, rest = prefix % 8;

	if (a->family != b->family || a->family == 0 || whole > ipaddr_size(a))
		return false;
	if (memcmp(a->bytes, b->bytes, whole) != 0)
		return false;
	return rest == 0 || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0;
}

bool
ipaddr_is_private(const struct ipaddr *ip)
{
	static const struct cidr private[] = {
		{ { AF_INET, { 10 } }, 8 },
		{ { AF_INET, { 172, 16 } }, 12 },
		{ { AF_INET, { 192, 168 } }, 16 },
		{ { AF_INET, { 127 } }, 8 },
		{ { AF_INET, { 169, 254 } }, 16 },
		{ { AF_INET, { 100, 64 } }, 10 },
		{ { AF_INET6, { 0xfc } }, 7 },
		{ { AF_INET6, { 0xfe, 0x80 } }, 10 },
		{ { AF_INET6, { [15] = 1 } }, 128 },
	};
	size_t i;

	for (i = 0; i < sizeof(private) / sizeof(private[0]); i++)
		if (cidr_contains(&private[i], ip))
			return true;
	return false;
}

bool
ipaddr_is_loopback(const struct ipaddr *ip)
{
	static const struct ipaddr loopback6 = { AF_INET6, { [15] = 1 } };

	return ip->family == AF_INET ? ip->bytes[0] == 127 : ipaddr_agree(ip, &loopback6, 128);
}

static bool
is_nat64_address(const struct ipaddr *ip)
{
	static const uint8_t nat64_prefix[12] = { 0x00, 0x64, 0xff, 0x9b };

	return ip->family == AF_INET6 && memcmp(ip->bytes, nat64_prefix, sizeof(nat64_prefix)) == 0;
}

/* clear_host_bits - all bits after the first prefix ones */
static void
clear_host_bits(uint8_t bytes[16], unsigned prefix)
{
	unsigned whole = prefix / 8;

	if (whole >= 16)
		return;
	bytes[whole] &= (uint8_t)(0xff << (8 - prefix % 8));
	memset(bytes + whole + 1, 0, 16 - whole - 1);
}

struct cidr
ipaddr_client_network(const struct ipaddr *ip, unsigned v6_bits)
{
	struct cidr network = { .addr = *ip };

	if (is_nat64_address(ip))
		ipaddr_from_bytes(&network.addr, AF_INET, ip->bytes + 12);
	switch (network.addr.family) {
	case AF_INET:
		network.prefix = 32;
		break;
	case AF_INET6:
		network.prefix = v6_bits;
		clear_host_bits(network.addr.bytes, v6_bits);
		break;
	}
	return network;
}

bool
cidr_parse_prefix(unsigned *prefix, const char *s, size_t len, unsigned max)
{
	unsigned value = 0;
	size_t i;

	if (len == 0 || len > 3 || (len > 1 && s[0] == '0'))
		return false;
	for (i = 0; i < len; i++) {
		if (!ascii_isdigit(s[i]))
			return false;
		value = value * 10 + (unsigned)(s[i] - '0');
	}
	*prefix = value;
	return value <= max;
}

bool
cidr_parse(struct cidr *net, const char *s, size_t len)
{
	const char *slash = memchr(s, '/', len);
	size_t addr_len = slash == NULL ? len : (size_t)(slash - s);
	bool v6 = memchr(s, ':', addr_len) != NULL;
	unsigned max = v6 ? 128 : 32;

	if (!ipaddr_parse(&net->addr, s, addr_len))
		return false;
	net->prefix = max;
	if (slash != NULL && !cidr_parse_prefix(&net->prefix, slash + 1, len - addr_len - 1, max))
		return false;
	if (v6 && net->addr.family == AF_INET) {
		if (net->prefix < MAPPED_BITS)
			return false;
		net->prefix -= MAPPED_BITS;
	}
	return true;
}

int
cidr_compare(const struct cidr *a, const struct cidr *b)
{
	unsigned whole = a->prefix / 8, rest = a->prefix % 8;
	int order;

	if (a->addr.family != b->addr.family)
		return a->addr.family < b->addr.family ? -1 : 1;
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	order = memcmp(a->addr.bytes, b->addr.bytes, whole);
	if (order != 0 || rest == 0)
		return order;
	return (a->addr.bytes[whole] >> (8 - rest)) - (b->addr.bytes[whole] >> (8 - rest));
}

bool
cidr_contains(const struct cidr *net, const struct ipaddr *ip)
{
	return ipaddr_agree(&net->addr, ip, net->prefix);
}

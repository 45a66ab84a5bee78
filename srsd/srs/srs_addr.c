/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "common/hostname.h"
#include "srsd/srs/srs_addr.h"

/*@ assigns \nothing; */
static bool
is_srs_separator(char c)
{
	return c == '=' || c == '+' || c == '-';
}

int
srs_addr_tag(const char *local, size_t len)
{
	if (len <= SRS_TAG_LEN || !is_srs_separator(local[SRS_TAG_LEN]))
		return -1;
	if (strncasecmp(local, "SRS0", SRS_TAG_LEN) == 0)
		return 0;
	return strncasecmp(local, "SRS1", SRS_TAG_LEN) == 0 ? 1 : -1;
}

/* split_srs_part - cut the part up to the next '=' off rest; false when there is no '=' */
/*@ requires \valid(part) && \valid(rest) && \separated(part, rest);
    requires \valid_read(rest->s + (0 .. rest->len - 1));
    requires \separated(part, rest->s + (0 .. rest->len - 1));
    requires \separated(rest, rest->s + (0 .. rest->len - 1));
    assigns *part, *rest;
    ensures \result == \true ==> part->s == \old(rest->s) && rest->s == part->s + part->len + 1 &&
        rest->len == \old(rest->len) - part->len - 1 && part->len < \old(rest->len);
    ensures \result == \false ==> rest->s == \old(rest->s) && rest->len == \old(rest->len); */
static bool
split_srs_part(struct text *part, struct text *rest)
{
	const char *eq = memchr(rest->s, '=', rest->len);

	if (eq == NULL)
		return false;
	part->s = rest->s;
	part->len = (size_t)(eq - rest->s);
	rest->s = eq + 1;
	rest->len -= part->len + 1;
	return true;
}

/*@ requires \valid(addr) && 0 <= tag <= 1;
    requires \valid_read(rest.s + (0 .. rest.len - 1));
    requires \separated(addr, rest.s + (0 .. rest.len - 1));
    assigns addr->hash, addr->stamp, addr->host, addr->user;
    ensures \result == \true ==> addr->host.len > 0 && addr->user.len > 0 &&
        addr->user.s + addr->user.len == rest.s + rest.len; */
static bool
parse_srs_parts(struct srs_addr *addr, int tag, struct text rest)
{
	if (!split_srs_part(&addr->hash, &rest))
		return false;
	if (tag == 0 && !split_srs_part(&addr->stamp, &rest))
		return false;
	if (!split_srs_part(&addr->host, &rest))
		return false;
	addr->user = rest;
	if (rest.len == 0 || !hostname_is_mail_domain(addr->host.s, addr->host.len))
		return false;
	return tag == 0 || is_srs_separator(rest.s[0]);
}

enum srs_addr_kind
srs_addr_parse(struct srs_addr *addr, const char *local, size_t len)
{
	int tag = srs_addr_tag(local, len);
	struct text rest;

	*addr = (struct srs_addr){ .kind = SRS_ADDR_NONE };
	if (tag == -1)
		return addr->kind;
	rest.s = local + SRS_TAG_LEN + 1;
	rest.len = len - SRS_TAG_LEN - 1;
	if (!parse_srs_parts(addr, tag, rest))
		addr->kind = SRS_ADDR_MALFORMED;
	else
		addr->kind = tag == 0 ? SRS_ADDR_SRS0 : SRS_ADDR_SRS1;
	return addr->kind;
}

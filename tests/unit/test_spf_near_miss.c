/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "spf/spf_near_miss.h"

#define LOOKS "looks like an SPF record, but "
#define FOLLOW "; a blank has to follow v=spf1"
#define BEGIN "; it has to begin with v=spf1"

struct near_miss_row {
	const char *text;
	size_t len;
	const char *want;
};

/* After the version, where a blank is required. */
static const struct near_miss_row behind[] = {
	{ BYTES("v=spf1; ip4:192.0.2.1 -all"), LOOKS "byte 7 is 0x3B (semicolon)" FOLLOW },
	{ BYTES("v=spf1;"), LOOKS "byte 7 is 0x3B (semicolon)" FOLLOW },
	{ BYTES("V=SPF1, -all"), LOOKS "byte 7 is 0x2C (comma)" FOLLOW },
	{ BYTES("v=spf1\t-all"), LOOKS "byte 7 is 0x09 (tab)" FOLLOW },
	{ BYTES("v=spf1\r\n-all"), LOOKS "byte 7 is 0x0D (carriage return)" FOLLOW },
	{ BYTES("v=spf1\302\240-all"), LOOKS "byte 7 is 0xC2 0xA0 (no-break space)" FOLLOW },
	{ BYTES("v=spf1\240-all"), LOOKS "byte 7 is 0xA0 (no-break space of ISO 8859-1)" FOLLOW },
	{ BYTES("v=spf1\342\200\213 -all"),
	    LOOKS "byte 7 is 0xE2 0x80 0x8B (zero width space)" FOLLOW },
	{ BYTES("v=spf1\343\200\200-all"),
	    LOOKS "byte 7 is 0xE3 0x80 0x80 (ideographic space)" FOLLOW },
	{ BYTES("v=spf1\357\273\277"), LOOKS "byte 7 is 0xEF 0xBB 0xBF (byte order mark)" FOLLOW },
	{ BYTES("v=spf1\" \"-all"), LOOKS "byte 7 is 0x22 (quotation mark)" FOLLOW },
	{ BYTES("v=spf1\342\200\235"),
	    LOOKS "byte 7 is 0xE2 0x80 0x9D (right double quotation mark)" FOLLOW },
	{ BYTES("v=spf1ip4:192.0.2.1 -all"), LOOKS "byte 7 is 0x69 ('i')" FOLLOW },
	{ BYTES("v=spf10 -all"), LOOKS "byte 7 is 0x30 ('0')" FOLLOW },
	{ BYTES("v=spf1.1 -all"), LOOKS "byte 7 is 0x2E ('.')" FOLLOW },
	{ BYTES("v=spf1-all"), LOOKS "byte 7 is 0x2D ('-')" FOLLOW },
	{ BYTES("v=spf1\0-all"), LOOKS "byte 7 is 0x00" FOLLOW },
	{ BYTES("v=spf1\033[2J"), LOOKS "byte 7 is 0x1B" FOLLOW },
	{ BYTES("v=spf1\303\274"), LOOKS "byte 7 is 0xC3 0xBC" FOLLOW },
	{ BYTES("v=spf1\360\237\230\200"), LOOKS "byte 7 is 0xF0 0x9F 0x98 0x80" FOLLOW },
	{ BYTES("v=spf1\360\237\230"), LOOKS "byte 7 is 0xF0" FOLLOW },
	{ BYTES("v=spf1\303"), LOOKS "byte 7 is 0xC3" FOLLOW },
	{ BYTES("v=spf1\303 "), LOOKS "byte 7 is 0xC3" FOLLOW },
	{ BYTES("v=spf1\377"), LOOKS "byte 7 is 0xFF" FOLLOW },
	{ BYTES("v=spf1\340\202\233"), LOOKS "byte 7 is 0xE0" FOLLOW },
};

/* Before it, and inside of it. */
static const struct near_miss_row before[] = {
	{ BYTES(" v=spf1 -all"), LOOKS "byte 1 is 0x20 (blank)" BEGIN },
	{ BYTES("\tv=spf1 -all"), LOOKS "byte 1 is 0x09 (tab)" BEGIN },
	{ BYTES("\nv=spf1 -all"), LOOKS "byte 1 is 0x0A (line feed)" BEGIN },
	{ BYTES("\"v=spf1 -all\""), LOOKS "byte 1 is 0x22 (quotation mark)" BEGIN },
	{ BYTES("\"v=spf1ip4:192.0.2.1 -all"), LOOKS "byte 1 is 0x22 (quotation mark)" BEGIN },
	{ BYTES("\\\"v=spf1 -all\\\""), LOOKS "byte 1 is 0x5C (backslash)" BEGIN },
	{ BYTES("'v=spf1 -all'"), LOOKS "byte 1 is 0x27 (apostrophe)" BEGIN },
	{ BYTES("\342\200\234v=spf1 -all\342\200\235"),
	    LOOKS "byte 1 is 0xE2 0x80 0x9C (left double quotation mark)" BEGIN },
	{ BYTES("\342\200\236v=spf1 -all\342\200\234"),
	    LOOKS "byte 1 is 0xE2 0x80 0x9E (low double quotation mark)" BEGIN },
	{ BYTES("\223v=spf1 -all\224"),
	    LOOKS "byte 1 is 0x93 (quotation mark of Windows-1252)" BEGIN },
	{ BYTES("\357\273\277v=spf1 -all"),
	    LOOKS "byte 1 is 0xEF 0xBB 0xBF (byte order mark)" BEGIN },
	{ BYTES("\302\240v=spf1 -all"), LOOKS "byte 1 is 0xC2 0xA0 (no-break space)" BEGIN },
	{ BYTES("v =spf1 -all"), LOOKS "byte 2 is 0x20 (blank)" BEGIN },
	{ BYTES("v= spf1 -all"), LOOKS "byte 3 is 0x20 (blank)" BEGIN },
	{ BYTES("v=spf 1 -all"), LOOKS "byte 6 is 0x20 (blank)" BEGIN },
	{ BYTES("v=spf\302\2551 -all"), LOOKS "byte 6 is 0xC2 0xAD (soft hyphen)" BEGIN },
	{ BYTES("v\357\274\235spf1 -all"),
	    LOOKS "byte 2 is 0xEF 0xBC 0x9D (fullwidth equals sign)" BEGIN },
	{ BYTES("v:spf1 -all"), LOOKS "byte 2 is 0x3A (colon)" BEGIN },
	{ BYTES("v=spfl -all"), LOOKS "byte 6 is 0x6C (letter l)" BEGIN },
	{ BYTES("v=spf2 -all"), LOOKS "byte 6 is 0x32 ('2')" BEGIN },
	{ BYTES("v=sfp1 -all"), LOOKS "byte 4 is 0x66 ('f')" BEGIN },
	{ BYTES("v-spf1 -all"), LOOKS "byte 2 is 0x2D ('-')" BEGIN },
	{ BYTES("vspf1 -all"), LOOKS "byte 2 is 0x73 ('s')" BEGIN },
	{ BYTES("v=sp1 -all"), LOOKS "byte 5 is 0x31 ('1')" BEGIN },
	{ BYTES("spf1 -all"), LOOKS "byte 1 is 0x73 ('s')" BEGIN },
	{ BYTES("spf1"), LOOKS "byte 1 is 0x73 ('s')" BEGIN },
	{ BYTES("v=spf -all"), LOOKS "byte 6 is 0x20 (blank)" BEGIN },
	{ BYTES("v=spf\0 -all"), LOOKS "byte 6 is 0x00" BEGIN },
	{ BYTES("v=spf"), LOOKS "ends after byte 5" BEGIN },
};

/* Records, and texts that have nothing to do with SPF. */
static const struct near_miss_row others[] = {
	{ BYTES("v=spf1"), NULL },
	{ BYTES("v=spf1 "), NULL },
	{ BYTES("V=SPF1 -ALL"), NULL },
	{ BYTES("v=spf1 foo:bar\t"), NULL },
	{ BYTES(""), NULL },
	{ BYTES("v"), NULL },
	{ BYTES("\""), NULL },
	{ BYTES("v=DMARC1; p=none"), NULL },
	{ BYTES("v=DKIM1; k=rsa; p="), NULL },
	{ BYTES("v=BIMI1; l="), NULL },
	{ BYTES("v=STSv1; id=1"), NULL },
	{ BYTES("v=TLSRPTv1; rua="), NULL },
	{ BYTES("v=verifydomain MS=1"), NULL },
	{ BYTES("spf2.0/pra -all"), NULL },
	{ BYTES("google-site-verification=v=spf1 -all"), NULL },
	{ BYTES("this is v=spf1"), NULL },
	{ BYTES("spf"), NULL },
};

static void
check_rows(const struct near_miss_row *rows, size_t n)
{
	char hint[SPF_NEAR_MISS_SIZE], *copy;
	bool got;
	size_t i;

	for (i = 0; i < n; i++) {
		copy = unit_copy(rows[i].text, rows[i].len);
		got = spf_near_miss(hint, copy, rows[i].len);
		unit_text(rows[i].text, "hint", got ? hint : NULL, rows[i].want);
		free(copy);
	}
	unit_end();
}

static void
test_behind_the_version(void **state)
{
	(void)state;
	check_rows(behind, COUNT(behind));
}

static void
test_before_and_inside(void **state)
{
	(void)state;
	check_rows(before, COUNT(before));
}

static void
test_others(void **state)
{
	(void)state;
	check_rows(others, COUNT(others));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_behind_the_version),
		cmocka_unit_test(test_before_and_inside),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests_name("spf_near_miss", tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/srs/srs_addr.h"

struct parts_row {
	const char *local;
	enum srs_addr_kind kind;
	const char *hash, *stamp, *host, *user;
};

static void
check_part(const char *row, const char *what, struct text got, const char *want)
{
	unit_bytes(row, what, got.s, got.len, want, strlen(want));
}

static void
check_parts(const struct parts_row *rows, size_t n)
{
	struct srs_addr addr;
	size_t i, len;
	char *copy;

	for (i = 0; i < n; i++) {
		len = strlen(rows[i].local);
		copy = unit_copy(rows[i].local, len);
		memset(&addr, 0xaa, sizeof(addr));
		unit_int(rows[i].local, "kind", srs_addr_parse(&addr, copy, len), rows[i].kind);
		unit_int(rows[i].local, "kind", addr.kind, rows[i].kind);
		check_part(rows[i].local, "hash", addr.hash, rows[i].hash);
		check_part(rows[i].local, "stamp", addr.stamp, rows[i].stamp);
		check_part(rows[i].local, "host", addr.host, rows[i].host);
		check_part(rows[i].local, "user", addr.user, rows[i].user);
		free(copy);
	}
	unit_end();
}

static void
test_srs0(void **state)
{
	static const struct parts_row rows[] = {
		{ "SRS0=mqiS=G3=example.test=jane", SRS_ADDR_SRS0, "mqiS", "G3", "example.test",
		    "jane" },
		{ "SRS0+mqiS=G3=example.test=jane", SRS_ADDR_SRS0, "mqiS", "G3", "example.test",
		    "jane" },
		{ "SRS0-mqiS=G3=example.test=jane", SRS_ADDR_SRS0, "mqiS", "G3", "example.test",
		    "jane" },
		{ "srs0=mqis=g3=EXAMPLE.test=Jane", SRS_ADDR_SRS0, "mqis", "g3", "EXAMPLE.test",
		    "Jane" },
		{ "sRs0=mqiS=G3=example.test=a=b=c", SRS_ADDR_SRS0, "mqiS", "G3", "example.test",
		    "a=b=c" },
		{ "SRS0=mqiS=G3=example.test==", SRS_ADDR_SRS0, "mqiS", "G3", "example.test", "=" },
		{ "SRS0=+/-_=G3=example.test=jane", SRS_ADDR_SRS0, "+/-_", "G3", "example.test",
		    "jane" },
		{ "SRS0=mqiS=G3=localhost=jane roe", SRS_ADDR_SRS0, "mqiS", "G3", "localhost",
		    "jane roe" },
		{ "SRS0=mqiS=G3=example.test=a@b\"c", SRS_ADDR_SRS0, "mqiS", "G3", "example.test",
		    "a@b\"c" },
		{ "SRS0=mqiS=G3=b\303\274cher.test=j\303\266", SRS_ADDR_SRS0, "mqiS", "G3",
		    "b\303\274cher.test", "j\303\266" },
		/* Hash and stamp are not judged here. */
		{ "SRS0===example.test=jane", SRS_ADDR_SRS0, "", "", "example.test", "jane" },
		{ "SRS0=x=toolong=example.test=jane", SRS_ADDR_SRS0, "x", "toolong", "example.test",
		    "jane" },
	};

	(void)state;
	check_parts(rows, COUNT(rows));
}

static void
test_srs1(void **state)
{
	static const struct parts_row rows[] = {
		{ "SRS1=abcd=relay.test==x=y", SRS_ADDR_SRS1, "abcd", "", "relay.test", "=x=y" },
		{ "SRS1+abcd=relay.test=+x", SRS_ADDR_SRS1, "abcd", "", "relay.test", "+x" },
		{ "srs1-abcd=relay.test=-x", SRS_ADDR_SRS1, "abcd", "", "relay.test", "-x" },
		{ "SRS1=abcd=relay.test==", SRS_ADDR_SRS1, "abcd", "", "relay.test", "=" },
		{ "SRS1=abcd=relay.test==mqiS=G3=example.test=jane", SRS_ADDR_SRS1, "abcd", "",
		    "relay.test", "=mqiS=G3=example.test=jane" },
	};

	(void)state;
	check_parts(rows, COUNT(rows));
}

static void
test_malformed(void **state)
{
	static const char *const rows[] = { "SRS0=", "SRS0+", "SRS0-", "SRS0=mqiS",
		"SRS0=mqiS=", "SRS0=mqiS=G3", "SRS0=mqiS=G3=", "SRS0=mqiS=G3=example.test",
		"SRS0=mqiS=G3=example.test=", "SRS0=mqiS=G3==jane", "SRS0=mqiS=G3=.test=jane",
		"SRS0=mqiS=G3=example.test.=jane", "SRS0=mqiS=G3=exam ple.test=jane",
		"SRS0=mqiS=G3=[192.0.2.1]=jane", "SRS0=mqiS=G3=a@b=jane",
		"SRS0====", "SRS0=====", "SRS1=", "SRS1=abcd", "SRS1=abcd=", "SRS1=abcd=relay.test",
		"SRS1=abcd=relay.test=", "SRS1=abcd=relay.test=x", "SRS1=abcd==x",
		"SRS1=abcd=re lay.test==x", "SRS1=abcd=relay.test=_x",
		"SRS1=abcd=G3=example.test=jane" };
	struct srs_addr addr;
	size_t i, len;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		len = strlen(rows[i]);
		copy = unit_copy(rows[i], len);
		unit_int(rows[i], "kind", srs_addr_parse(&addr, copy, len), SRS_ADDR_MALFORMED);
		free(copy);
	}
	unit_end();
}

static void
test_no_srs(void **state)
{
	static const char *const rows[] = { "", "S", "SRS0", "SRS1", "SRS", "SRS2=x", "SRSx=y",
		"SRS0x", "SRS0_mqiS=G3=example.test=jane", "SRS0/mqiS=G3=example.test=jane",
		"SRS0 =x", "xSRS0=mqiS=G3=example.test=jane", " SRS0=x", "srs=0", "SRS01=x", "jane",
		"jane+SRS0=x", "SRS10=x" };
	struct srs_addr addr;
	size_t i, len;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		len = strlen(rows[i]);
		copy = unit_copy(rows[i], len);
		unit_int(rows[i], "kind", srs_addr_parse(&addr, copy, len), SRS_ADDR_NONE);
		unit_int(rows[i], "tag", srs_addr_tag(copy, len), -1);
		free(copy);
	}
	unit_end();
}

static void
test_tags(void **state)
{
	static const struct {
		const char *local;
		int want;
	} rows[] = { { "SRS0=", 0 }, { "SRS0+x", 0 }, { "srs0-x", 0 }, { "SrS0=x=y", 0 },
		{ "SRS1=", 1 }, { "SRS1+x", 1 }, { "srs1-x", 1 } };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(rows[i].local, "tag", srs_addr_tag(rows[i].local, strlen(rows[i].local)),
		    rows[i].want);
	unit_end();
}

static void
test_every_separator(void **state)
{
	char local[] = "SRS0?mqiS=G3=example.test=jane";
	struct srs_addr addr;
	int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		local[4] = (char)c;
		unit_int(unit_row("\\x%02x", c), "kind",
		    srs_addr_parse(&addr, local, sizeof(local) - 1),
		    c == '=' || c == '+' || c == '-' ? SRS_ADDR_SRS0 : SRS_ADDR_NONE);
	}
	unit_end();
}

/* A pointer beyond the end of a text overflows at the last address, which UBSan reports. */
static void
test_no_pointer_beyond_the_end(void **state)
{
	const char *last = (const char *)UINTPTR_MAX;
	struct srs_addr addr;

	(void)state;
	unit_int("last", "kind", srs_addr_parse(&addr, last, 0), SRS_ADDR_NONE);
	unit_int("null", "kind", srs_addr_parse(&addr, NULL, 0), SRS_ADDR_NONE);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_srs0),
		cmocka_unit_test(test_srs1),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_no_srs),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_every_separator),
		cmocka_unit_test(test_no_pointer_beyond_the_end),
	};

	return cmocka_run_group_tests_name("srs_addr", tests, NULL, NULL);
}

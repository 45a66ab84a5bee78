/* SPDX-License-Identifier: ISC */
/*
 * What an SRS address says about itself.
 */
#include "tests/unit/srs_case.h"

#include "common/day.h"
#include "srsd/srs/srs_decode.h"

static struct settings *settings;
static struct srs_keys *keys;

static int
begin(void **state)
{
	(void)state;
	settings = srs_settings();
	keys = srs_keys_of("another secret\n" SECRET "\n");
	return 0;
}

static int
end(void **state)
{
	(void)state;
	srs_keys_free(&keys);
	settings_free(&settings);
	return 0;
}

#define DECODE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

/* decode - as one line: "KIND HASH <SENDER> <ORIGINAL> ALIAS MADE EXPIRED" */
static const char *
decode(const char *address, int days)
{
	const struct srs_context context = { .settings = settings,
		.keys = keys,
		.now = NOW + (time_t)days * DAY,
		.uncounted = true };
	static const char *const kinds[] = { "none", "malformed", "srs0", "srs1" };
	char made[DAY_TEXT_SIZE] = "-";
	static char line[2000];
	struct srs_decoded d;
	struct srs_result result;

	srs_rewrite_reverse(&result, &context, address, strlen(address));
	srs_decode(&d, &context, address, strlen(address), &result);
	if (d.has_day)
		day_format(made, d.day);
	snprintf(line, sizeof(line), "%s %s <%s> <%s> %s %s %d", kinds[d.kind],
	    srs_decoded_hash_name(d.hash), d.sender, d.original, d.alias[0] == '\0' ? "-" : d.alias,
	    made, d.expired);
	return line;
}

#define ALIAS "0123456789abcdefghijklmnopqrstuv"

static void
test_addresses(void **state)
{
	static const struct {
		const char *address;
		int days;
		const char *want;
	} rows[] = {
		{ "SRS0=mqiS=G3=example.test=jane@srs.test", 0,
		    "srs0 right <jane@example.test> <> - 2023-11-14 0" },
		{ "SRS0=mqiS=G3=example.test=jane@srs.test", 21,
		    "srs0 right <jane@example.test> <> - 2023-11-14 0" },
		{ "SRS0=mqiS=G3=example.test=jane@srs.test", 22,
		    "srs0 right <jane@example.test> <> - 2023-11-14 1" },
		{ "srs0=MQIS=g3=example.test=jane@SRS.test", 40,
		    "srs0 right <jane@example.test> <> - 2023-11-14 19" },
		{ "SRS0=xxxx=G3=example.test=jane@srs.test", 40,
		    "srs0 wrong <jane@example.test> <> - 2023-11-14 19" },
		{ "SRS0=xxxx=G4=example.test=jane@srs.test", 0,
		    "srs0 wrong <jane@example.test> <> - 2023-11-15 0" }, /* tomorrow */
		{ "SRS0=mqi=G3=example.test=jane@srs.test", 0,
		    "srs0 too short <jane@example.test> <> - 2023-11-14 0" },
		{ "SRS0=mqiSmqiSmqiSmqiSmqiSmqiSmqiSmqiSmqiSmqiSmqiSmqiS=G3=example.test=j@srs.test",
		    0, "srs0 too long <j@example.test> <> - 2023-11-14 0" },
		{ "SRS0=mqiS=G3=example.test=jane@other.test", 0,
		    "srs0 unknown <jane@example.test> <> - 2023-11-14 0" },
		{ "SRS0=xxxx=G18=example.test=jane@srs.test", 0,
		    "srs0 unknown <jane@example.test> <> - - 0" },
		{ "\"SRS0=xxxx=G3=example.test=jane doe\"@srs.test", 0,
		    "srs0 wrong <\"jane doe\"@example.test> <> - 2023-11-14 0" },
		{ "SRS0=xxxx=G3=1=" ALIAS "@srs.test", 0,
		    "srs0 wrong <> <> 0123456789ABCDEFGHIJKLMNOPQRSTUV@1 2023-11-14 0" },
		{ "SRS0=xxxx=G3=1=short@srs.test", 0, "srs0 wrong <> <> - 2023-11-14 0" },
		{ "SRS0=xxxx=G3=1=0123456789ABCDEFGHIJKLMNOPQRSTUW@srs.test", 0,
		    "srs0 wrong <> <> - 2023-11-14 0" },
		{ "SRS1=xxxx=relay.test==abcd=G3=example.test=jane@srs.test", 40,
		    "srs1 wrong <SRS0=abcd=G3=example.test=jane@relay.test> <jane@example.test> - "
		    "2023-11-14 0" },
		{ "SRS1=QT3y=relay.test=-@srs.test", 0, "srs1 right <SRS0-@relay.test> <> - - 0" },
		{ "SRS0=nothing@srs.test", 0, "malformed unknown <> <> - - 0" },
		{ "SRS0@srs.test", 0, "none unknown <> <> - - 0" },
		{ "jane@srs.test", 0, "none unknown <> <> - - 0" },
		{ "", 0, "none unknown <> <> - - 0" },
		{ "SRS0=", 0, "none unknown <> <> - - 0" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_text(rows[i].address, "decoded", decode(rows[i].address, rows[i].days),
		    rows[i].want);
	unit_int("all", "verified", (long long)srs_keys_verified(keys, 1), 0);
	unit_end();
}

/* A sender that is too long once its local part is quoted. */
static void
test_long(void **state)
{
	char address[2 * MAILADDR_SIZE] = "\"SRS0=xxxx=G3=x.test=";
	int i;

	(void)state;
	for (i = 0; i < 130; i++)
		strcat(address, "\\\"");
	strcat(address, "\"@srs.test");
	unit_text("quotes", "decoded", decode(address, 0), "srs0 wrong <> <> - 2023-11-14 0");
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DECODE_TEST(test_addresses),
		DECODE_TEST(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

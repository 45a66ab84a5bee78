/* SPDX-License-Identifier: ISC */
/*
 * Addresses as they are typed, or pasted from a log.
 */
#include "tests/unit/unit.h"

#include <unistd.h>

#include "srsd/ctl/address_argument.h"

/* What the function under test wrote to standard error. */
static char errors[2000];
static int saved_stderr, pipe_fds[2];

static void
capture_errors(void)
{
	assert_int_equal(pipe(pipe_fds), 0);
	saved_stderr = dup(STDERR_FILENO);
	assert_int_not_equal(dup2(pipe_fds[1], STDERR_FILENO), -1);
}

static void
end_capture(void)
{
	ssize_t n;

	fflush(stderr);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(pipe_fds[1]);
	n = read(pipe_fds[0], errors, sizeof(errors) - 1);
	close(pipe_fds[0]);
	errors[n < 0 ? 0 : n] = '\0';
}

static const char *
read_address(const char *value, enum address_argument_form form)
{
	static char text[2000];
	char *read;

	capture_errors();
	read = address_argument_read("sender", value, form);
	end_capture();
	snprintf(text, sizeof(text), "%s", read == NULL ? UNIT_NULL : read);
	free(read);
	return text;
}

static void
test_addresses(void **state)
{
	static const struct {
		const char *value;
		const char *sender, *recipient, *domain; /* UNIT_NULL: refused in this form */
	} rows[] = {
		{ "a@x.test", "a@x.test", "a@x.test", "a@x.test" },
		{ "<a@x.test>", "a@x.test", "a@x.test", "a@x.test" },
		{ "<\"john doe\"@x.test>", "\"john doe\"@x.test", "\"john doe\"@x.test",
		    "\"john doe\"@x.test" },
		{ "john doe@x.test", "john doe@x.test", "john doe@x.test", "john doe@x.test" },
		{ "a@b@x.test", "a@b@x.test", "a@b@x.test", "a@b@x.test" },
		{ "a@x.test.", "a@x.test.", "a@x.test.", "a@x.test." },
		{ "a@b\303\274cher.test", "a@b\303\274cher.test", "a@b\303\274cher.test",
		    "a@b\303\274cher.test" },
		{ "a@[192.0.2.1]", "a@[192.0.2.1]", "a@[192.0.2.1]", "a@[192.0.2.1]" },
		{ "a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]",
		    "a@[IPv6:2001:db8::1]" },
		{ "SRS0=abcd=AA=x.test=a@srs.test", "SRS0=abcd=AA=x.test=a@srs.test",
		    "SRS0=abcd=AA=x.test=a@srs.test", "SRS0=abcd=AA=x.test=a@srs.test" },
		{ "", "", UNIT_NULL, "" },
		{ "<>", "", UNIT_NULL, "" },
		{ "x.test", UNIT_NULL, UNIT_NULL, "x.test" },
		{ "<x.test>", UNIT_NULL, UNIT_NULL, "x.test" },
		{ "alice@", UNIT_NULL, UNIT_NULL, UNIT_NULL },
		{ "@x.test", UNIT_NULL, UNIT_NULL, "@x.test" },
		{ "<a@x.test", UNIT_NULL, UNIT_NULL, UNIT_NULL },
		{ "a@x.test>", UNIT_NULL, UNIT_NULL, UNIT_NULL },
		{ "<<a@x.test>>", UNIT_NULL, UNIT_NULL, UNIT_NULL },
		{ "a@x..test", UNIT_NULL, UNIT_NULL, "a@x..test" },
		{ "a@x test", UNIT_NULL, UNIT_NULL, UNIT_NULL },
		{ "a@[x.test]", UNIT_NULL, UNIT_NULL, "a@[x.test]" },
		{ "a\nb@x.test", UNIT_NULL, UNIT_NULL, UNIT_NULL },
		{ "from=<a@x.test>,", UNIT_NULL, UNIT_NULL, UNIT_NULL },
		{ "two words", UNIT_NULL, UNIT_NULL, UNIT_NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_text(rows[i].value, "sender",
		    read_address(rows[i].value, ADDRESS_ARGUMENT_SENDER), rows[i].sender);
		unit_text(rows[i].value, "recipient",
		    read_address(rows[i].value, ADDRESS_ARGUMENT_RECIPIENT), rows[i].recipient);
		unit_text(rows[i].value, "spf", read_address(rows[i].value, ADDRESS_ARGUMENT_SPF),
		    rows[i].domain);
		unit_int(rows[i].value, "an error is printed", errors[0] != '\0',
		    strcmp(rows[i].domain, UNIT_NULL) == 0);
	}
	unit_end();
}

static void
test_errors(void **state)
{
	(void)state;
	read_address("alice@", ADDRESS_ARGUMENT_SENDER);
	unit_text("sender", "error", errors,
	    "srsctl: sender: 'alice@' is neither an address (user@domain) nor the null sender "
	    "(<>)\n");
	read_address("<>", ADDRESS_ARGUMENT_RECIPIENT);
	unit_text(
	    "recipient", "error", errors, "srsctl: sender: '<>' is not an address (user@domain)\n");
	read_address("two words", ADDRESS_ARGUMENT_SPF);
	unit_text("domain", "error", errors,
	    "srsctl: sender: 'two words' is neither an address (user@domain) nor a domain nor the "
	    "null sender (<>)\n");
	read_address("\033[2Ja\n@x", ADDRESS_ARGUMENT_SENDER);
	unit_holds("hostile", "error", errors, "srsctl: sender: '?[2Ja?@x' is neither");
	unit_end();
}

static void
test_clients(void **state)
{
	static const struct {
		const char *value, *want;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "[192.0.2.1]", "192.0.2.1" },
		{ "mx.x.test[192.0.2.1]", "192.0.2.1" },
		{ "unknown[2001:DB8::1]", "2001:db8::1" },
		{ "[IPv6:2001:db8::1]", "2001:db8::1" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "", UNIT_NULL },
		{ "[]", UNIT_NULL },
		{ "[", UNIT_NULL },
		{ "[192.0.2.1", UNIT_NULL },
		{ "192.0.2.1]", UNIT_NULL },
		{ "[192.0.2.1]:25", UNIT_NULL },
		{ "mx.x.test", UNIT_NULL },
		{ "192.0.2.300", UNIT_NULL },
	};
	char text[IPADDR_TEXT_SIZE];
	struct ipaddr client;
	bool ok;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		capture_errors();
		ok = address_argument_client(&client, "client", rows[i].value, NULL);
		end_capture();
		if (ok)
			ipaddr_format(&client, text);
		unit_text(rows[i].value, "client", ok ? text : UNIT_NULL, rows[i].want);
		unit_int(rows[i].value, "an error is printed", errors[0] != '\0', !ok);
	}
	unit_end();
}

static void
test_swapped(void **state)
{
	struct ipaddr client;

	(void)state;
	capture_errors();
	assert_false(address_argument_client(&client, "client", "a@x.test", "[192.0.2.1]"));
	end_capture();
	unit_text("swapped", "error", errors,
	    "srsctl: client: 'a@x.test' is not an IP address; did you swap the client and the "
	    "sender?\n");
	capture_errors();
	assert_false(address_argument_client(&client, "client", "mx.test", "a@x.test"));
	end_capture();
	unit_text("wrong", "error", errors, "srsctl: client: 'mx.test' is not an IP address\n");
	unit_end();
}

static const char *
read_helo(const char *value)
{
	static char text[200];
	char *read;

	capture_errors();
	read = address_argument_helo("helo", value);
	end_capture();
	snprintf(text, sizeof(text), "%s", read == NULL ? UNIT_NULL : read);
	free(read);
	return text;
}

static void
test_hosts(void **state)
{
	(void)state;
	unit_text("name", "name", read_helo("mx.x.test"), "mx.x.test");
	unit_text("pasted", "name", read_helo("<mx.x.test>"), "mx.x.test");
	unit_text("literal", "name", read_helo("[192.0.2.1]"), "[192.0.2.1]");
	unit_text("address", "name", read_helo("a@x.test"), UNIT_NULL);
	unit_text("address", "error", errors, "srsctl: helo: 'a@x.test' is not a host name\n");
	unit_text("empty", "name", read_helo(""), UNIT_NULL);
	unit_text("odd", "name", read_helo("JUMPIN' JUPITER"), "JUMPIN' JUPITER");
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_swapped),
		cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

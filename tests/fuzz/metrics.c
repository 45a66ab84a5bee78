/* SPDX-License-Identifier: ISC */
/*
 * A client of the metrics page. However its bytes are divided, there is one HTTP reply, or no reply
 * yet.
 */
#include "tests/fuzz/session_case.h"

#include "srsd/service/metrics.h"

static void
read_status(void *arg, struct status *status)
{
	(void)arg;
	memset(status, 0, sizeof(*status));
}

/* Replaces srsd/service/status_metrics.c, which shows the time. */
void
status_metrics(const struct status *status, bool openmetrics, struct buffer *out)
{
	(void)status;
	buffer_printf(out, "%s\n", openmetrics ? "# EOF" : "# old");
}

static struct metrics_service service = { .read_status = read_status };
static struct session_case whole = { .open = metrics_session_open, .service = &service };
static struct session_case cut = { .open = metrics_session_open, .service = &service };

static void
check_reply(const struct session_case *c)
{
	if (c->len == 0)
		return;
	fuzz_must(c->state == SESSION_CLOSE);
	fuzz_must(c->len > 15 && memcmp(c->output, "HTTP/1.", 7) == 0);
	fuzz_must(memmem(c->output, c->len, "\r\n\r\n", 4) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	session_case_run(&whole, data, size, size + 1);
	check_reply(&whole);
	session_case_run(&cut, data, size, 1 + fuzz_cut(data, size, 1));
	fuzz_must(session_case_same(&whole, &cut));
	session_case_run(&cut, data, size, 1 + size / 512);
	fuzz_must(session_case_same(&whole, &cut));
	fuzz_say("%d ", (int)whole.state);
	fuzz_say_bytes(whole.output, whole.len);
	return 0;
}

/* SPDX-License-Identifier: ISC */
/* eva_tcptable - any bytes in any division into calls, and a reply to whatever was got */
#include "__fc_builtin.h"
#include "srsd/postfix/tcptable.h"

#define CALL_MAX (TCPTABLE_LINE_MAX + 10)

static char data[CALL_MAX];

int
main(void)
{
	static char reply[TCPTABLE_REPLY_SIZE];
	static struct tcptable_parser parser;
	struct tcptable_request request;
	const char *error;
	size_t used, len;

	tcptable_init(&parser);
	/*@ loop invariant tcptable_ready(&parser); */
	while (Frama_C_nondet(0, 1)) {
		Frama_C_make_unknown(data, sizeof(data));
		len = Frama_C_size_t_interval(0, CALL_MAX);
		if (tcptable_parse(&parser, data, len, &used, &request, &error) == 1)
			tcptable_found(reply, request.key, request.len);
		else
			tcptable_refusal(reply, 400, data);
	}
	return 0;
}

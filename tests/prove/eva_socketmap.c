/* SPDX-License-Identifier: ISC */
/* eva_socketmap - any bytes up to the limit, and a reply to what was got */
#include "__fc_builtin.h"
#include "srsd/postfix/socketmap.h"

static char data[SOCKETMAP_REQUEST_MAX];

int
main(void)
{
	static char reply[SOCKETMAP_REPLY_SIZE];
	struct socketmap_request request;
	struct text payload;
	const char *error;
	size_t used, rest, len;

	Frama_C_make_unknown(data, sizeof(data));
	len = Frama_C_size_t_interval(0, sizeof(data));
	if (socketmap_parse(data, len, &used, &payload, &error) == 1 ||
	    socketmap_parse_long(data, len, &used, &payload, &rest)) {
		if (!socketmap_split(payload, &request, &error))
			socketmap_reply(reply, SOCKETMAP_PERM, "no key", 6);
	}
	len = Frama_C_size_t_interval(0, sizeof(data));
	socketmap_reply(reply, Frama_C_interval(SOCKETMAP_OK, SOCKETMAP_PERM), data, len);
	return 0;
}

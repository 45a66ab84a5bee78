/* SPDX-License-Identifier: ISC */
#include "srsd/forwarding/forwarding.h"

const char *
forwarding_kind_name(enum forwarding_kind kind)
{
	static const char *const names[FORWARDING_KINDS] = {
		[FORWARDING_BOUNCE] = "bounce",
		[FORWARDING_OWN_SRS] = "own-srs",
		[FORWARDING_OWN] = "own",
		[FORWARDING_RELAYED] = "relayed",
		[FORWARDING_FORWARD] = "forward",
		[FORWARDING_REDIRECTED] = "redirected",
	};

	return names[kind];
}

const char *
forwarding_auth_name(enum forwarding_auth auth)
{
	static const char *const names[] = {
		[FORWARDING_UNCHECKED] = "unchecked",
		[FORWARDING_PASS] = "pass",
		[FORWARDING_FAIL] = "fail",
	};

	return names[auth];
}

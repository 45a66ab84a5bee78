/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "srsd/service/service_kind.h"

static const char *const service_names[SERVICE_KINDS] = { "forward", "reverse", "policy",
	"socketmap", "milter", "control", "metrics" };

const char *
service_kind_name(enum service_kind kind)
{
	return service_names[kind];
}

const char *
map_kind_name(enum map_kind kind)
{
	return service_names[kind];
}

bool
service_kind_find(const char *name, enum service_kind *kind)
{
	int i;

	for (i = 0; i < SERVICE_KINDS; i++)
		if (strcmp(service_names[i], name) == 0) {
			*kind = (enum service_kind)i;
			return true;
		}
	return false;
}

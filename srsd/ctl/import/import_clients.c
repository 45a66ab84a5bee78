/* SPDX-License-Identifier: ISC */
#include "common/endpoint.h"
#include "srsd/ctl/import/import_clients.h"

/* has_clients - any list is better than the imported one */
static bool
has_clients(
    const struct conf_option *o, const struct settings *imported, const struct settings *in_effect)
{
	(void)o;
	(void)imported;
	return in_effect->clients.n > 0;
}

void
import_clients_admit(
    struct import *import, const struct import_origin *origin, const char *endpoint)
{
	static const char *const all[] = { "0.0.0.0/0", "::/0" };
	const struct conf_option *o = import_option(NULL, "clients");

	if (endpoint_is_local(endpoint))
		return;
	import_set(import, origin, o, all, 2);
	import_allow(import, o, has_clients);
	import_warn(import, o,
	    "postsrsd answers every host that can connect to its address, %s. List only the "
	    "addresses of your mail servers: any other client could have addresses signed.",
	    endpoint);
}

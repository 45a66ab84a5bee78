/* SPDX-License-Identifier: ISC */
/* eva_srs_addr - any local part that fits into a key of tcptable, and no text at all */
#include "__fc_builtin.h"
#include "srsd/srs/srs_addr.h"

int
main(void)
{
	static char local[1024];
	struct srs_addr addr;

	Frama_C_make_unknown(local, sizeof(local));
	srs_addr_parse(&addr, local, Frama_C_size_t_interval(0, sizeof(local)));
	srs_addr_parse(&addr, NULL, 0);
	return 0;
}

/* SPDX-License-Identifier: ISC */
#include <sys/tree.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/xmalloc.h"
#include "spf/spf_inflight.h"

struct domain {
	RB_ENTRY(domain) node;
	unsigned n;
	const char *name; /* of the caller while it is searched for, else stored behind */
	char stored[];
};

RB_HEAD(tree, domain);

struct spf_inflight {
	struct tree tree;
	size_t n;
};

static int
compare(const struct domain *a, const struct domain *b)
{
	return strcasecmp(a->name, b->name);
}

RB_GENERATE_INTERNAL(tree, domain, node, compare, static __attribute__((__unused__)))

struct spf_inflight *
spf_inflight_new(void)
{
	struct spf_inflight *inflight = xcalloc(1, sizeof(*inflight));

	RB_INIT(&inflight->tree);
	return inflight;
}

static void
forget(struct spf_inflight *inflight, struct domain *domain)
{
	RB_REMOVE(tree, &inflight->tree, domain);
	free(domain);
}

void
spf_inflight_free(struct spf_inflight **inflight)
{
	struct domain *domain;

	if (*inflight == NULL)
		return;
	while ((domain = RB_ROOT(&(*inflight)->tree)) != NULL)
		forget(*inflight, domain);
	free(*inflight);
	*inflight = NULL;
}

static struct domain *
find(struct spf_inflight *inflight, const char *name)
{
	struct domain wanted = { .name = name };

	return RB_FIND(tree, &inflight->tree, &wanted);
}

bool
spf_inflight_enter(struct spf_inflight *inflight, const char *name)
{
	struct domain *domain = find(inflight, name);

	if (domain == NULL) {
		domain = xcalloc(1, sizeof(*domain) + strlen(name) + 1);
		memcpy(domain->stored, name, strlen(name) + 1);
		domain->name = domain->stored;
		RB_INSERT(tree, &inflight->tree, domain);
	}
	if (domain->n >= SPF_INFLIGHT_MAX)
		return false;
	domain->n++;
	inflight->n++;
	return true;
}

void
spf_inflight_leave(struct spf_inflight *inflight, const char *name)
{
	struct domain *domain = find(inflight, name);

	if (domain == NULL)
		return;
	inflight->n--;
	if (--domain->n == 0)
		forget(inflight, domain);
}

size_t
spf_inflight_count(const struct spf_inflight *inflight)
{
	return inflight->n;
}

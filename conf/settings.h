/* SPDX-License-Identifier: ISC */
/*
 * settings - everything an operator can say, as one immutable value: made whole by config_load,
 * read by everybody, changed by nobody, replaced by a reload. The options' names, defaults and
 * texts are in conf/option.c.
 */
#ifndef CONF_SETTINGS_H
#define CONF_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/domainset.h"
#include "common/ipaddr.h"

struct text_list {
	size_t n;
	char **text;
};

struct cidr_list {
	size_t n;
	struct cidr *net;
};

/* Which SPF results refuse a message. */
enum spf_reject {
	SPF_REJECT_NOT_PASS, /* fail, softfail, neutral */
	SPF_REJECT_SOFTFAIL, /* fail, softfail */
	SPF_REJECT_FAIL,
	SPF_REJECT_NULL,    /* fail, when the sender is null (HELO alone) */
	SPF_REJECT_NEVER,   /* "false": header only */
	SPF_REJECT_NOCHECK, /* no evaluation, no header */
	SPF_REJECT_AS_HELO, /* null-sender-reject alone: whatever helo-reject says */
};

enum spf_header_kind {
	SPF_HEADER_RECEIVED,
	SPF_HEADER_AUTHRES,
	SPF_HEADER_BOTH,
	SPF_HEADER_NONE,
};

/* What becomes of a recipient that is an SRS address of ours with a bad hash or no structure. */
enum srs_forged {
	SRS_FORGED_REJECT,
	SRS_FORGED_CHECK, /* ordinary SPF */
};

/* What becomes of mail to a valid SRS address from a sender that is not null. */
enum srs_nonnull {
	SRS_NONNULL_CHECK,
	SRS_NONNULL_REJECT,
	SRS_NONNULL_DEFER,
};

/* What a verified SRS sender of ours spares. */
enum srs_sender {
	SRS_SENDER_SKIP,      /* the evaluation */
	SRS_SENDER_NO_REJECT, /* the refusal */
	SRS_SENDER_CHECK,     /* nothing */
};

/* Whose verdict counts. */
enum spf_evaluator {
	SPF_EVALUATOR_NATIVE,
	SPF_EVALUATOR_LIBSPF2,
	SPF_EVALUATOR_BOTH, /* no setting; srsctl asks: the native verdict, and what libspf2 says */
};

/* What the hash of an SRS address is made of. */
enum hash_format {
	HASH_COMPATIBLE, /* that of postsrsd and Mail::SRS */
	HASH_SEPARATED,  /* each part with its length */
};

struct spf_settings {
	enum spf_reject helo_reject;
	enum spf_reject mail_from_reject;
	enum spf_reject null_sender_reject;
	bool permerror_reject;
	bool temperror_defer;
	bool test_only;
	enum spf_header_kind header;
	char *authserv_id;
	bool hide_receiver;
	struct cidr_list skip_addresses;
	struct cidr_list whitelist;
	struct text_list helo_whitelist;
	struct text_list domain_whitelist;
	struct text_list domain_whitelist_ptr;
	struct text_list reject_not_pass_domains;
	bool no_mail;
	char *prospective; /* "" or an address */
	char *reason_message;
	bool use_exp;
	int void_limit;
	int lookup_limit;
	int lookup_time; /* seconds */
	enum spf_evaluator evaluator;
	bool nat_guard;
	enum srs_forged srs_forged;
	enum srs_nonnull srs_nonnull;
	enum srs_sender srs_sender;
	int srs_guess_limit; /* bad hashes of a client in an hour; 0: no limit */
	int srs_daily_limit; /* uses of an SRS address in a day; 0: no limit */
};

struct settings {
	unsigned references; /* besides the first one */
	char *srs_domain;
	struct text_list reverse_domains;
	struct text_list domains;
	char *domains_file;
	char *secrets_file;
	struct text_list forward;
	struct text_list reverse;
	struct text_list policy;
	char *control;
	int separator; /* one of = + - */
	int hash_length;
	int hash_minimum;
	bool hash_avoid_slash;
	enum hash_format hash_format;
	int hash_accept_compatible; /* the last day, see common/day.h; 0: none */
	int hash_accept_separated;  /* the same */
	int max_age;                /* days */
	bool always_rewrite;
	char *metrics;
	bool metrics_remote;
	bool domains_file_watch;
	int stop_timeout;     /* seconds */
	int idle_timeout;     /* seconds */
	int connection_limit; /* for each of the three services */
	char *unprivileged_user;
	char *chroot_dir;
	char *pid_file;
	bool syslog;
	struct text_list nameservers;
	bool dnssec;
	char *trust_anchor; /* file */
	struct spf_settings spf;

	/* Made of the above. */
	struct domainset *own_domains; /* srs-domain, domains and domains-file */
	struct domainset *srs_domains; /* srs-domain and reverse-domains; see srs_domains.h */
	struct ipaddr prospective;     /* family 0: none */
};

/* One more who reads them. */
struct settings *settings_ref(struct settings *);

/* Gives a reference back; the last one frees. Sets the pointer to NULL. */
void settings_free(struct settings **);

#endif

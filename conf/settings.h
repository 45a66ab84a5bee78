/* SPDX-License-Identifier: ISC */
/*
 * settings - the values of all options, as one structure.
 *
 * config_load creates it. It is never changed; a reload replaces it. conf/option.c has the names,
 * the defaults and the meaning of the options, and srsd.conf(5) explains them. No char pointer is
 * NULL; an option that is not set is "".
 */
#ifndef CONF_SETTINGS_H
#define CONF_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/domainset.h"
#include "common/ipaddr.h"

struct spf_sections; /* conf/spf_sections.h */

struct text_list {
	size_t n;
	char **text;
};

struct cidr_list {
	size_t n;
	struct cidr *net;
};

/* The SPF results that refuse a message. */
enum spf_reject {
	SPF_REJECT_NOT_PASS, /* fail, softfail, neutral */
	SPF_REJECT_SOFTFAIL, /* fail, softfail */
	SPF_REJECT_FAIL,     /* fail */
	SPF_REJECT_NULL,     /* fail if the sender is null; not in mail-from-reject */
	SPF_REJECT_NEVER,    /* no result; a header only ("false") */
	SPF_REJECT_NOCHECK,  /* no result; no evaluation and no header */
	SPF_REJECT_AS_HELO,  /* those of helo-reject; in null-sender-reject only */
};

/* The header that shows the result. */
enum spf_header_kind {
	SPF_HEADER_RECEIVED, /* Received-SPF */
	SPF_HEADER_AUTHRES,  /* Authentication-Results */
	SPF_HEADER_BOTH,
	SPF_HEADER_NONE,
};

/* The action for a recipient that is an SRS address of this host, but is forged or expired. */
enum srs_forged {
	SRS_FORGED_REJECT,
	SRS_FORGED_CHECK, /* SPF of the sender, as for other recipients */
};

/* The action for mail to a valid SRS address from a sender that is not null. */
enum srs_nonnull {
	SRS_NONNULL_CHECK, /* SPF of the sender, as for other recipients */
	SRS_NONNULL_REJECT,
	SRS_NONNULL_DEFER,
};

/* The part of SPF that is omitted for a sender that is a valid SRS address of this host. */
enum srs_sender {
	SRS_SENDER_SKIP,      /* the evaluation */
	SRS_SENDER_NO_REJECT, /* the refusal */
	SRS_SENDER_CHECK,     /* nothing */
};

/* The SPF engine whose verdict counts. */
enum spf_evaluator {
	SPF_EVALUATOR_NATIVE,
	SPF_EVALUATOR_LIBSPF2,
	SPF_EVALUATOR_BOTH, /* not a setting: srsctl requests the verdicts of both */
};

/* The format of the hash of an SRS address. */
enum hash_format {
	HASH_COMPATIBLE, /* of postsrsd and Mail::SRS: the parts are signed without delimiters */
	HASH_SEPARATED,  /* each part is signed with its length */
};

/* The senders that are kept in the envelope store instead of in their SRS address. */
enum original_envelope {
	ENVELOPE_EMBEDDED, /* none */
	ENVELOPE_LONG,     /* those with an embedded form that is too long for an address */
	ENVELOPE_DATABASE, /* all */
};

/* The treatment of a forward with an unauthenticated sender. */
enum unauthenticated {
	UNAUTHENTICATED_REWRITE, /* none: as any other forward */
	UNAUTHENTICATED_DOMAIN,  /* an SRS address in unauthenticated-domain */
	UNAUTHENTICATED_KEEP,    /* the sender is not rewritten */
	UNAUTHENTICATED_HOLD,    /* Postfix's hold queue */
};

/* The treatment of bounces to SRS addresses in unauthenticated-domain. */
enum unauthenticated_bounces {
	UNAUTHENTICATED_BOUNCES_RETURN,  /* to the sender, as other bounces */
	UNAUTHENTICATED_BOUNCES_DISCARD, /* they are dropped */
};

/* The options of the section spf. */
struct spf_settings {
	enum spf_reject helo_reject;
	enum spf_reject mail_from_reject;
	enum spf_reject null_sender_reject;
	bool permerror_reject;
	bool temperror_defer;
	bool test_only;
	enum spf_header_kind header;
	char *authserv_id; /* the default is the host name, not "" */
	bool hide_receiver;
	struct cidr_list skip_addresses;
	struct cidr_list whitelist;
	struct text_list helo_whitelist;
	struct text_list domain_whitelist;
	struct text_list domain_whitelist_ptr;
	struct text_list reject_not_pass_domains;
	bool no_mail;
	char *prospective;    /* "" or an address */
	char *reason_message; /* "": the default text */
	bool use_exp;
	int void_limit;
	int lookup_limit;
	int lookup_time; /* in seconds */
	enum spf_evaluator evaluator;
	bool nat_guard;
	char *helo_pass_restriction;      /* a restriction class of main.cf, or "" */
	char *mail_from_pass_restriction; /* the same */
	enum srs_forged srs_forged;
	enum srs_nonnull srs_nonnull;
	enum srs_sender srs_sender;
	int srs_guess_limit; /* bad hashes per client and hour; 0: no limit */
	int srs_daily_limit; /* messages per SRS address and day; 0: no limit */
};

struct settings {
	unsigned references; /* in addition to the first one */
	char *srs_domain;
	struct text_list reverse_domains;
	struct text_list domains;
	char *domains_file; /* path, or "" */
	char *secrets_file; /* path */
	struct text_list forward;
	struct text_list reverse;
	struct text_list policy;
	struct text_list socketmap;
	struct text_list milter;
	struct cidr_list clients; /* that may connect to inet endpoints */
	char *control;            /* endpoint, or "none" */
	int separator;            /* '=', '+' or '-' */
	int hash_length;
	int hash_minimum;
	bool hash_avoid_slash;
	enum hash_format hash_format;
	int hash_accept_compatible; /* the last day (common/day.h); 0: never */
	int hash_accept_separated;  /* the last day; 0: never */
	int max_age;                /* in days */
	bool always_rewrite;
	enum original_envelope original_envelope;
	char *envelope_database;               /* "sqlite:PATH", "redis:..." or "none" */
	char *envelope_database_user;          /* "": the default user */
	char *envelope_database_password_file; /* path; "": none */
	bool envelope_database_tls;
	int envelope_accept_sha1; /* the last day for rows of postsrsd 2; 0: never */
	int envelope_limit;       /* rows */
	int store_timeout;        /* in seconds */
	struct text_list siblings;
	int milter_timeout; /* in seconds */
	bool milter_test_only;
	int hold_limit;   /* messages per hour */
	char *per_domain; /* "off", "same", or a label and a dot */
	struct text_list per_domain_accept;
	struct text_list per_domain_except;
	struct text_list outbound_addresses;
	struct text_list inbound_hosts;
	bool rewrite_relayed;
	struct text_list relay_domains;
	struct text_list no_rewrite_recipients;
	enum unauthenticated unauthenticated;
	char *unauthenticated_domain; /* or "" */
	enum unauthenticated_bounces unauthenticated_bounces;
	struct text_list trusted_authserv_ids;
	int bounce_warning; /* in per cent; 0: no warning */
	char *metrics;      /* endpoint, or "none" */
	bool metrics_remote;
	bool domains_file_watch;
	int stop_timeout;        /* in seconds */
	int recent_decisions;    /* kept for srsctl recent; 0: none */
	int idle_timeout;        /* in seconds */
	int connection_limit;    /* for each service for Postfix */
	char *unprivileged_user; /* "": stay root */
	char *chroot_dir;        /* path, or "" */
	char *pid_file;          /* path, or "" */
	bool syslog;
	struct text_list nameservers;
	bool dnssec;
	char *trust_anchor; /* path */
	struct spf_settings spf;
	struct spf_sections *sections; /* spf "NAME" { }; NULL: none */

	/* Computed from the options. */
	struct domainset *own_domains; /* srs-domain, domains and domains-file */
	/* srs-domain, reverse-domains and unauthenticated-domain (srsd/srs/srs_domains.h) */
	struct domainset *srs_domains;
	struct domainset *srs_excepted; /* per-domain-except */
	struct domainset *relays;       /* relay-domains */
	struct domainset *no_rewrite;   /* no-rewrite-recipients */
	struct ipaddr prospective;      /* family 0: not set */
};

/* True if one of the networks of a list contains the address. */
bool settings_list_contains(const struct cidr_list *list, const struct ipaddr *ip);

/* True if no result of SPF is a reason to refuse a message, although SPF is checked. */
bool settings_refuse_no_result(const struct spf_settings *spf);

/* Adds a reference, and returns s. The caller ends with settings_free. */
struct settings *settings_ref(struct settings *s);

/* Removes a reference; the last one frees. Sets *settings to NULL; it may be NULL. */
void settings_free(struct settings **settings);

#endif

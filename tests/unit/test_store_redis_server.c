/* SPDX-License-Identifier: ISC */
/*
 * The store in a real server: redis-server or valkey-server, a private one for each case, which is
 * killed and started again. Skipped where neither is installed.
 */
#include "tests/unit/unit.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <event2/event.h>

#include "srsd/store/store.h"
#include "srsd/store/store_redis.h"
#include "srsd/store/store_redis_durability.h"
#include "srsd/store/store_redis_url.h"
#include "srsd/store/store_resp.h"
#ifdef HAVE_HIREDIS_SSL
#include "srsd/store/store_tls.h"
#endif
#include "tests/unit/unit_dir.h"

#define ADDRESS "bounces+0100018f-%u@mail.example"
#define DURABLE "appendonly yes\nappendfsync always\n"

static struct event_base *base;
static struct store *store;
static struct store_redis_settings settings;
static pid_t server;
#ifdef HAVE_HIREDIS_SSL
static struct store_tls *tls;
#endif

/* One question, and its answer. */
struct question {
	unsigned *n_answered;
	bool is_answered;
	enum store_outcome outcome;
	char address[100], problem[STORE_PROBLEM_SIZE];
};

static const char *
alias_of(unsigned number)
{
	static char aliases[2][STORE_ALIAS_LEN + 1];
	static unsigned turn;
	char *alias = aliases[turn++ % 2];

	snprintf(alias, STORE_ALIAS_LEN + 1, "%032u@1", number);
	return alias;
}

static struct text
address_of(unsigned number)
{
	static char address[100];
	int len = snprintf(address, sizeof(address), ADDRESS, number);

	return (struct text){ address, (size_t)len };
}

/* find_server - the program, or NULL */
static const char *
find_server(void)
{
	static const char *const paths[] = { "/usr/bin/redis-server", "/usr/local/bin/redis-server",
		"/usr/bin/valkey-server", "/usr/local/bin/valkey-server" };
	size_t i;

	for (i = 0; i < COUNT(paths); i++)
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	return NULL;
}

/* run_server - with the configuration in the folder; it ends together with this process */
static void
run_server(void)
{
	const char *config = unit_path("redis.conf");
	int null;

	server = fork();
	assert_int_not_equal(server, -1);
	if (server != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execl(find_server(), "redis-server", config, (char *)NULL);
	_exit(1);
}

static void
kill_server(void)
{
	if (server == 0)
		return;
	assert_int_equal(kill(server, SIGKILL), 0);
	assert_int_equal(waitpid(server, NULL, 0), server);
	server = 0;
}

/* free_port - of loopback; it is free again when this returns */
static unsigned
free_port(void)
{
	struct endpoint_addr addr = { .len = sizeof(addr.u.in) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	addr.u.in.sin_family = AF_INET;
	addr.u.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, &addr.u.sa, addr.len), 0);
	assert_true(endpoint_address(fd, &addr));
	close(fd);
	return ntohs(addr.u.in.sin_port);
}

static void
set_url(const char *text)
{
	struct store_redis_url url;
	const char *error;

	assert_true(store_redis_url_parse(&url, text, &error));
	assert_true(store_redis_url_resolve(&url, &settings.endpoint, &error));
	settings.name = "redis";
}

/* start_server - with more lines of configuration; over_tcp: not by its unix socket */
static void
start_server(const char *lines, bool over_tcp)
{
	char config[2000], url[300];
	unsigned port = over_tcp ? free_port() : 0;
	int len;

	len = snprintf(config, sizeof(config),
	    "bind 127.0.0.1\nport %u\nunixsocket %s\ndir %s\nsave \"\"\ndaemonize no\n%s", port,
	    unit_path("socket"), unit_dir, lines);
	unit_write("redis.conf", config, (size_t)len, 0600);
	run_server();
	if (over_tcp)
		snprintf(url, sizeof(url), "redis:127.0.0.1:%u", port);
	else
		snprintf(url, sizeof(url), "redis:unix:%s", unit_path("socket"));
	set_url(url);
}

static void
open_store(unsigned timeout_ms)
{
	store = store_new(base, &clock_system, timeout_ms);
	store_redis_new(store, base, &clock_system, &settings);
}

static int
set_up(void **state)
{
	memset(&settings, 0, sizeof(settings));
	settings.patience_ms = 5000;
	server = 0;
	base = event_base_new();
	return unit_dir_make(state);
}

/* empty_folder - one that the server made */
static void
empty_folder(const char *name)
{
	DIR *dir = opendir(unit_path(name));
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

static int
tear_down(void **state)
{
	store_free(&store);
#ifdef HAVE_HIREDIS_SSL
	store_tls_free(&tls);
#endif
	event_base_free(base);
	kill_server();
	empty_folder("appendonlydir");
	return unit_dir_remove(state);
}

static void
note_answer(void *arg, const struct store_reply *reply)
{
	struct question *question = arg;

	assert_false(question->is_answered);
	question->is_answered = true;
	question->outcome = reply->outcome;
	snprintf(question->address, sizeof(question->address), "%.*s", (int)reply->address.len,
	    reply->address.s);
	strlcpy(question->problem, reply->problem == NULL ? "" : reply->problem,
	    sizeof(question->problem));
	++*question->n_answered;
}

static void
end_wait(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	*(bool *)arg = true;
}

/* run_until - so many are answered; the test fails when that takes more than 30 s */
static void
run_until(const unsigned *n_answered, unsigned n)
{
	const struct timeval patience = { 30, 0 };
	bool is_late = false;
	struct event *timer = evtimer_new(base, end_wait, &is_late);

	evtimer_add(timer, &patience);
	while (*n_answered < n && !is_late)
		event_base_loop(base, EVLOOP_ONCE);
	event_free(timer);
	assert_false(is_late);
}

static void
put_one(struct question *question, unsigned *n_answered, unsigned number)
{
	memset(question, 0, sizeof(*question));
	question->n_answered = n_answered;
	store_put(
	    store, alias_of(number), address_of(number), time(NULL) + 1000, note_answer, question);
}

static void
get_one(struct question *question, unsigned *n_answered, unsigned number)
{
	memset(question, 0, sizeof(*question));
	question->n_answered = n_answered;
	store_get(store, alias_of(number), note_answer, question);
}

/* ask_and_wait - a put or a get of an alias */
static struct question
ask_and_wait(bool is_put, unsigned number)
{
	struct question question;
	unsigned n = 0;

	if (is_put)
		put_one(&question, &n, number);
	else
		get_one(&question, &n, number);
	run_until(&n, 1);
	question.n_answered = NULL;
	return question;
}

static void
expect_outcome(const char *row, const struct question *question, enum store_outcome outcome,
    const char *problem)
{
	unit_int(row, "outcome", question->outcome, outcome);
	unit_holds(row, "problem", question->problem, problem);
}

/* ask_server - a command of our own over another connection; the reply in one line */
static void
ask_server(const char *const *words, char *got, size_t size)
{
	struct text texts[STORE_RESP_WORDS_MAX];
	struct pollfd pfd = { store_resp_connect(&settings.endpoint.addr[0]), POLLIN, 0 };
	struct store_resp *resp = store_resp_new(pfd.fd);
	struct store_resp_reply reply;
	const char *error;
	size_t n;

	for (n = 0; words[n] != NULL; n++)
		texts[n] = (struct text){ words[n], strlen(words[n]) };
	assert_true(store_resp_add(resp, texts, n));
	assert_true(store_resp_write(resp, &error));
	do {
		assert_int_equal(poll(&pfd, 1, 10000), 1);
		assert_int_equal(store_resp_read(resp, &error), 1);
	} while (store_resp_next(resp, &reply, &error) == 0);
	if (reply.kind == STORE_RESP_NUMBER)
		snprintf(got, size, "%lld", reply.number);
	else
		snprintf(got, size, "%.*s", (int)reply.text.len, reply.text.s);
	store_resp_free(&resp);
}

static void
test_rows(void **state)
{
	static const char key[] = "PostSRSd/00000000000000000000000000000001@1";
	const char *const get[] = { "GET", key, NULL }, *const ttl[] = { "TTL", key, NULL };
	const char *const push[] = { "LPUSH", "PostSRSd/00000000000000000000000000000003@1", "x",
		NULL };
	struct question question;
	char got[100];

	(void)state;
	start_server("", false);
	open_store(20000);
	question = ask_and_wait(true, 1);
	expect_outcome("put", &question, STORE_DONE, "");
	question = ask_and_wait(false, 1);
	expect_outcome("get", &question, STORE_DONE, "");
	unit_text("get", "address", question.address, "bounces+0100018f-1@mail.example");
	question = ask_and_wait(false, 2);
	expect_outcome("missing", &question, STORE_MISSING, "");
	ask_server(get, got, sizeof(got));
	unit_text("key", "value", got, "bounces+0100018f-1@mail.example");
	ask_server(ttl, got, sizeof(got));
	assert_in_range(atoi(got), 900, 1000);
	ask_server(push, got, sizeof(got));
	question = ask_and_wait(false, 3);
	expect_outcome("another type", &question, STORE_FAILED, "WRONGTYPE");
	assert_true(store_knows(store, alias_of(1), time(NULL)));
	unit_end();
}

static void
test_password(void **state)
{
	struct question question;

	(void)state;
	start_server("requirepass sesame\n", true);
	settings.password = "sesame";
	open_store(20000);
	question = ask_and_wait(true, 1);
	expect_outcome("right", &question, STORE_DONE, "");
	store_free(&store);

	settings.password = "sesam";
	open_store(300);
	question = ask_and_wait(true, 1);
	expect_outcome("wrong", &question, STORE_FAILED, "WRONGPASS");
	store_free(&store);

	settings.password = NULL;
	open_store(300);
	question = ask_and_wait(false, 1);
	expect_outcome("none", &question, STORE_FAILED, "NOAUTH");
	store_free(&store);

	settings.password = "sesame";
	open_store(20000);
	question = ask_and_wait(false, 1);
	expect_outcome("right", &question, STORE_DONE, "");
	unit_end();
}

static void
expect_durability(const char *row, const char *const want[STORE_REDIS_PARAMETERS])
{
	struct store_redis_durability durability;
	char problem[STORE_PROBLEM_SIZE];
	size_t i;

	assert_true(store_redis_durability_ask(&settings, &durability, problem));
	for (i = 0; i < STORE_REDIS_PARAMETERS; i++)
		unit_text(row, store_redis_parameter_name((enum store_redis_parameter)i),
		    durability.value[i], want[i]);
}

/* test_user - the ACL of the recipe; CONFIG is forbidden then */
static void
test_user(void **state)
{
	static const char *const unknown[] = { "unknown", "unknown", "unknown" };
	struct question question;

	(void)state;
	start_server("user default off\n"
		     "user srsd on >sesame ~PostSRSd/* +get +set +ping\n"
		     "user reader on >sesame ~PostSRSd/* +get\n",
	    true);
	settings.user = "srsd";
	settings.password = "sesame";
	open_store(20000);
	question = ask_and_wait(true, 1);
	expect_outcome("srsd", &question, STORE_DONE, "");
	question = ask_and_wait(false, 1);
	expect_outcome("srsd", &question, STORE_DONE, "");
	expect_durability("srsd", unknown);
	store_free(&store);

	settings.user = "reader";
	open_store(20000);
	question = ask_and_wait(false, 1);
	expect_outcome("reader", &question, STORE_DONE, "");
	question = ask_and_wait(true, 1);
	expect_outcome("reader", &question, STORE_FAILED, "NOPERM");
	unit_end();
}

static void
test_durability(void **state)
{
	static const char *const durable[] = { "allkeys-lru", "yes", "always" };
	static const char *const plain[] = { "noeviction", "no", "everysec" };
	struct store_redis_durability durability;
	char problem[STORE_PROBLEM_SIZE];
	struct question question;

	(void)state;
	start_server(DURABLE "maxmemory-policy allkeys-lru\n", false);
	open_store(20000);
	question = ask_and_wait(true, 1);
	expect_outcome("durable", &question, STORE_DONE, "");
	expect_durability("durable", durable);
	settings.password = "sesame";
	assert_false(store_redis_durability_ask(&settings, &durability, problem));
	unit_holds("no password is set", "problem", problem, "AUTH is refused: ERR");
	settings.password = NULL;
	store_free(&store);
	kill_server();
	assert_false(store_redis_durability_ask(&settings, &durability, problem));
	unit_text("no server", "problem", problem, "Connection refused");
	empty_folder("appendonlydir");

	start_server("", false);
	open_store(20000);
	question = ask_and_wait(true, 1);
	expect_outcome("plain", &question, STORE_DONE, "");
	expect_durability("plain", plain);
	unit_end();
}

static void
test_no_memory(void **state)
{
	struct question question;

	(void)state;
	start_server("maxmemory 1\nmaxmemory-policy noeviction\n", false);
	open_store(20000);
	question = ask_and_wait(true, 1);
	expect_outcome("put", &question, STORE_FAILED, "OOM");
	question = ask_and_wait(false, 1);
	expect_outcome("get", &question, STORE_MISSING, "");
	unit_end();
}

#define MANY 3000

static unsigned
count_outcomes(const struct question *questions, enum store_outcome outcome)
{
	unsigned i, n = 0;

	for (i = 0; i < MANY; i++)
		n += questions[i].is_answered && questions[i].outcome == outcome;
	return n;
}

/* expect_rows - each put that was acknowledged can be read */
static void
expect_rows(const struct question *puts)
{
	static struct question gets[MANY];
	unsigned i, n = 0;

	for (i = 0; i < MANY; i++)
		get_one(&gets[i], &n, i);
	run_until(&n, MANY);
	for (i = 0; i < MANY; i++) {
		if (puts[i].outcome != STORE_DONE)
			continue;
		unit_int(unit_row("row %u", i), "outcome", gets[i].outcome, STORE_DONE);
		unit_text(unit_row("row %u", i), "address", gets[i].address, address_of(i).s);
	}
}

/* put_and_kill - the server is killed when some are answered */
static void
put_and_kill(struct question *puts, unsigned *n)
{
	unsigned i;

	for (i = 0; i < MANY; i++)
		put_one(&puts[i], n, i);
	run_until(n, 100);
	kill_server();
}

/* test_killed - the open questions are asked again when the server is back */
static void
test_killed(void **state)
{
	static struct question puts[MANY];
	unsigned n = 0, before;

	(void)state;
	start_server(DURABLE, false);
	open_store(25000);
	put_and_kill(puts, &n);
	before = n;
	assert_in_range(before, 100, MANY);
	run_server();
	run_until(&n, MANY);
	assert_int_equal(count_outcomes(puts, STORE_DONE), MANY);
	expect_rows(puts);
	unit_end();
}

/* test_gone - the server comes back too late: failed at the deadline, and nothing is lost */
static void
test_gone(void **state)
{
	static struct question puts[MANY];
	struct question question;
	unsigned n = 0;

	(void)state;
	start_server(DURABLE, false);
	open_store(20000);
	question = ask_and_wait(true, MANY);
	expect_outcome("put", &question, STORE_DONE, "");
	store_set_timeout(store, 700);
	put_and_kill(puts, &n);
	run_until(&n, MANY);
	assert_int_equal(
	    count_outcomes(puts, STORE_DONE) + count_outcomes(puts, STORE_FAILED), MANY);
	question = ask_and_wait(false, 1);
	expect_outcome("gone", &question, STORE_FAILED, "");
	assert_false(store_knows(store, alias_of(MANY), 0));
	run_server();
	store_set_timeout(store, 25000);
	expect_rows(puts);
	unit_end();
}

/* test_stopped - a server that does not answer: failed; the connection is given up, and made again */
static void
test_stopped(void **state)
{
	struct question question;

	(void)state;
	start_server("", true);
	settings.patience_ms = 300;
	open_store(20000);
	question = ask_and_wait(true, 1);
	expect_outcome("put", &question, STORE_DONE, "");
	store_set_timeout(store, 1000);
	assert_int_equal(kill(server, SIGSTOP), 0);
	question = ask_and_wait(false, 1);
	expect_outcome("stopped", &question, STORE_FAILED, "");
	assert_true(store_counts(store)->lost >= 1);
	store_set_timeout(store, 20000);
	assert_int_equal(kill(server, SIGCONT), 0);
	question = ask_and_wait(false, 1);
	expect_outcome("again", &question, STORE_DONE, "");
	unit_end();
}

#ifdef HAVE_HIREDIS_SSL
/* make_certificate - one of its own authority, and its key, for an address and a name */
static void
make_certificate(const char *name)
{
	char certificate[200], key[200];
	pid_t pid;
	int status;

	strlcpy(certificate, unit_path(unit_row("%s.crt", name)), sizeof(certificate));
	strlcpy(key, unit_path(unit_row("%s.key", name)), sizeof(key));
	pid = fork();
	if (pid == 0) {
		dup2(open("/dev/null", O_RDWR), 2);
		execlp("openssl", "openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt",
		    "ec_paramgen_curve:P-256", "-subj", "/CN=test", "-addext",
		    "subjectAltName=IP:127.0.0.1,DNS:store.example", "-days", "2", "-keyout", key,
		    "-out", certificate, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		skip();
	assert_int_equal(status, 0);
}

/* trust - the certificate of a file, for a server of this name */
static void
trust(const char *name, const char *host)
{
	char pem[4096];
	FILE *in = fopen(unit_path(unit_row("%s.crt", name)), "r");
	size_t len = fread(pem, 1, sizeof(pem), in);
	const char *error = NULL;

	fclose(in);
	store_tls_free(&tls);
	tls = store_tls_new(pem, len, host, &error);
	assert_non_null(tls);
	settings.tls = tls;
}

/* start_tls_server - on a port of loopback */
static void
start_tls_server(void)
{
	char lines[600], url[100];
	unsigned port = free_port();

	snprintf(lines, sizeof(lines),
	    "tls-port %u\ntls-cert-file %s\ntls-key-file %s\ntls-auth-clients no\n", port,
	    unit_path("good.crt"), unit_path("good.key"));
	start_server(lines, false);
	snprintf(url, sizeof(url), "redis:127.0.0.1:%u", port);
	set_url(url);
}

static void
test_tls(void **state)
{
	static const char *const plain[] = { "noeviction", "no", "everysec" };
	static struct question puts[MANY];
	struct question question;
	unsigned i, n = 0;

	(void)state;
	make_certificate("good");
	make_certificate("other");
	start_tls_server();
	trust("good", "127.0.0.1");
	open_store(20000);
	for (i = 0; i < MANY; i++)
		put_one(&puts[i], &n, i);
	run_until(&n, MANY);
	assert_int_equal(count_outcomes(puts, STORE_DONE), MANY);
	expect_rows(puts);
	expect_durability("TLS", plain);
	store_free(&store);

	trust("good", "store.example");
	open_store(20000);
	question = ask_and_wait(false, 1);
	expect_outcome("name", &question, STORE_DONE, "");
	store_free(&store);
	unit_end();
}

static void
test_refused_certificates(void **state)
{
	static const struct {
		const char *authority, *host, *problem;
	} rows[] = {
		{ "other", "127.0.0.1", "certificate" },
		{ "good", "127.0.0.2", "IP address mismatch" },
		{ "good", "::1", "IP address mismatch" },
		{ "good", "other.example", "ostname mismatch" },
		{ "good", "example", "ostname mismatch" },
	};
	struct store_redis_durability durability;
	char problem[STORE_PROBLEM_SIZE];
	struct question question;
	size_t i;

	(void)state;
	make_certificate("good");
	make_certificate("other");
	start_tls_server();
	trust("good", "127.0.0.1");
	open_store(20000);
	question = ask_and_wait(true, 1);
	expect_outcome("good", &question, STORE_DONE, "");
	store_free(&store);
	for (i = 0; i < COUNT(rows); i++) {
		trust(rows[i].authority, rows[i].host);
		assert_false(store_redis_durability_ask(&settings, &durability, problem));
		unit_holds(rows[i].host, "problem", problem, rows[i].problem);
		open_store(300);
		question = ask_and_wait(false, 1);
		expect_outcome(rows[i].host, &question, STORE_FAILED, rows[i].problem);
		store_free(&store);
	}
	unit_end();
}

/* test_plain_server - TLS to a server without it */
static void
test_plain_server(void **state)
{
	struct store_redis_durability durability;
	char problem[STORE_PROBLEM_SIZE];
	struct question question;

	(void)state;
	make_certificate("good");
	start_server("", true);
	open_store(20000);
	question = ask_and_wait(true, 1);
	expect_outcome("plain", &question, STORE_DONE, "");
	store_free(&store);
	trust("good", "127.0.0.1");
	settings.patience_ms = 500;
	assert_false(store_redis_durability_ask(&settings, &durability, problem));
	open_store(700);
	question = ask_and_wait(false, 1);
	expect_outcome("TLS", &question, STORE_FAILED, "");
	unit_end();
}

/* test_silent_server - one that never answers costs no time of the processor */
static void
test_silent_server(void **state)
{
	struct store_redis_durability durability;
	char problem[STORE_PROBLEM_SIZE];
	struct question question;
	struct endpoint_addr *addr = &settings.endpoint.addr[0];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	clock_t start;

	(void)state;
	make_certificate("good");
	set_url("redis:127.0.0.1:1");
	addr->u.in.sin_port = 0;
	assert_int_equal(bind(fd, &addr->u.sa, addr->len), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_true(endpoint_address(fd, addr));
	trust("good", "127.0.0.1");
	settings.patience_ms = 600;
	start = clock();
	assert_false(store_redis_durability_ask(&settings, &durability, problem));
	unit_text("silent", "problem", problem, "no answer in time");
	open_store(600);
	question = ask_and_wait(false, 1);
	expect_outcome("silent", &question, STORE_FAILED, "");
	assert_true(clock() - start < CLOCKS_PER_SEC / 4);
	close(fd);
	unit_end();
}

static void
test_certificates(void **state)
{
	static const struct {
		const char *pem;
		size_t len;
	} rows[] = {
		{ BYTES("") },
		{ BYTES("x\0y") },
		{ BYTES("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") },
		{ BYTES("-----BEGIN CERTIFICATE-----\n") },
	};
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_null(store_tls_new(rows[i].pem, rows[i].len, "store.example", &error));
		unit_text(
		    unit_row("row %zu", i), "error", error, "not a list of certificates in PEM");
	}
	unit_end();
}
#endif

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_rows),
		CASE(test_password),
		CASE(test_user),
		CASE(test_durability),
		CASE(test_no_memory),
		CASE(test_killed),
		CASE(test_gone),
		CASE(test_stopped),
#ifdef HAVE_HIREDIS_SSL
		CASE(test_certificates),
		CASE(test_tls),
		CASE(test_refused_certificates),
		CASE(test_plain_server),
		CASE(test_silent_server),
#endif
	};

	/* cmocka reports skip() as a failure. */
	if (find_server() == NULL) {
		puts("1..0 # SKIP redis-server is not installed");
		return 0;
	}
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("store_redis_server", tests, NULL, NULL);
}

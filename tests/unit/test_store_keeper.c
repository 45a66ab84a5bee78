/* SPDX-License-Identifier: ISC */
/* The monitor's side of envelope-database, with the process that it starts. */
#include "tests/unit/srs_case.h"
#include "tests/unit/log_capture.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include "srsd/restart_pause.h"
#include "srsd/store/store_wire.h"
#include "srsd/store_keeper.h"

#define NOBODY 65534

static struct identity id;
static struct settings *settings;
static struct store_keeper *keeper;

static int
make_keeper(void **state)
{
	if (unit_dir_make(state) != 0)
		return -1;
	id = (struct identity){ geteuid(), getegid() };
	if (id.uid == 0) {
		id = (struct identity){ NOBODY, NOBODY };
		if (chmod(unit_dir, 0755) == -1)
			return -1;
	}
	log_capture_begin();
	settings = srs_settings();
	keeper = store_keeper_new(&id);
	return 0;
}

static int
free_keeper(void **state)
{
	store_keeper_free(&keeper);
	settings_free(&settings);
	log_capture_end();
	return unit_dir_remove(state);
}

/* use_database - as the monitor does with new settings; form is "sqlite:" or "redis:unix:" */
static void
use_database(const char *form, const char *name)
{
	char *database;

	xasprintf(&database, "%s%s", form, unit_path(name));
	srs_set(settings, "envelope-database", database);
	store_keeper_use(keeper, settings);
	free(database);
}

#ifdef HAVE_SQLITE
static void
leave_nothing(void *arg)
{
	(void)arg;
}

static int
start_process(void)
{
	int fd;

	assert_true(store_keeper_lacks_process(keeper));
	fd = store_keeper_start(keeper, leave_nothing, NULL);
	assert_int_not_equal(fd, -1);
	assert_false(store_keeper_lacks_process(keeper));
	return fd;
}

/* read_problem - what the process says after it has tried to open the database; "": it has it */
static const char *
read_problem(int fd)
{
	static char text[STORE_PROBLEM_SIZE];
	struct store_wire_report report;
	char buf[STORE_WIRE_MAX];
	const char *error = NULL;
	size_t used, len = 0;
	ssize_t n;
	int result;

	while ((result = store_wire_parse_report(buf, len, &report, &used, &error)) == 0) {
		n = read(fd, buf + len, 1);
		assert_int_equal(n, 1);
		len += (size_t)n;
	}
	assert_int_equal(result, 1);
	assert_true(report.is_state);
	snprintf(text, sizeof(text), "%.*s", (int)report.text.len, report.text.s);
	return text;
}

/* reap_process - waits for its end; returns the pause before the next start */
static unsigned
reap_process(void)
{
	unsigned pause = 12345;
	siginfo_t info;

	assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
	assert_true(store_keeper_reap(keeper, &pause));
	assert_int_equal(store_keeper_end_late(keeper), 0);
	return pause;
}

static void
unlink_database(const char *name)
{
	char wal[40], shm[40];

	snprintf(wal, sizeof(wal), "%s-wal", name);
	snprintf(shm, sizeof(shm), "%s-shm", name);
	unlink(unit_path(name));
	unlink(unit_path(wal));
	unlink(unit_path(shm));
}

/* A process ends when its database or one of its limits changes, and this end is not logged. */
static void
test_changes(void **state)
{
	static const struct {
		const char *option, *value;
		bool ends, lacks;
	} rows[] = {
		{ "hash-avoid-slash", "true", false, false },
		{ "envelope-limit", "1000", true, true },
		{ "store-timeout", "7", true, true },
		{ "envelope-database", "sqlite:/proc/else.sqlite", true, true },
		{ "envelope-database", "none", true, false },
		{ "envelope-database", "redis:127.0.0.1:1", true, false },
	};
	unsigned pause;
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		use_database("sqlite:", "store/envelopes");
		assert_false(store_keeper_reap(keeper, &pause));
		fd = start_process();
		unit_text(rows[i].value, "problem", read_problem(fd), "");
		srs_set(settings, rows[i].option, rows[i].value);
		store_keeper_use(keeper, settings);
		unit_int(rows[i].value, "ends", store_keeper_end_late(keeper) != 0, rows[i].ends);
		if (!rows[i].ends)
			store_keeper_end(keeper);
		unit_int(rows[i].value, "pause", reap_process(), 0);
		if (rows[i].ends)
			unit_int(rows[i].value, "lacks", store_keeper_lacks_process(keeper),
			    rows[i].lacks);
		close(fd);
	}
	log_flush();
	assert_null(strstr(log_capture_read(), "store process"));
	unlink_database("store/envelopes");
	unit_end();
}

/* A database that was open once is not created again when it has disappeared; another one is. */
static void
test_missing_database(void **state)
{
	static const struct {
		const char *name, *limit;
		bool created;
	} rows[] = {
		{ "store/one", "1000", true },
		{ "store/one", "1000", false },
		{ "store/one", "2000", false },
		{ "store/two", "2000", true },
		{ "store/two", "2000", false },
		{ "store/one", "2000", true },
	};
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		srs_set(settings, "envelope-limit", rows[i].limit);
		use_database("sqlite:", rows[i].name);
		fd = start_process();
		unit_int(
		    unit_row("%zu", i), "created", read_problem(fd)[0] == '\0', rows[i].created);
		close(fd); /* as the engine does when it ends */
		reap_process();
		unlink_database(rows[i].name);
	}
	unit_end();
}

/* count_shared_pages - mappings of anonymous memory that processes can share */
static size_t
count_shared_pages(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[1000];
	size_t n = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL)
		n += strstr(line, "/dev/zero (deleted)") != NULL;
	fclose(maps);
	return n;
}

/* The page that is shared with a process is released when another database is used. */
static void
test_shared_pages(void **state)
{
	size_t before = count_shared_pages();

	(void)state;
	use_database("sqlite:", "store/one");
	assert_int_equal(count_shared_pages(), before + 1);
	use_database("sqlite:", "store/two");
	assert_int_equal(count_shared_pages(), before + 1);
	store_keeper_free(&keeper);
	assert_int_equal(count_shared_pages(), before);
}

/* die_early - the part of the child before it serves: a status, or minus a signal */
static void
die_early(void *arg)
{
	int how = *(int *)arg;

	prctl(PR_SET_DUMPABLE, 0);
	if (how < 0) {
		signal(-how, SIG_DFL);
		kill(getpid(), -how);
	}
	_exit(how);
}

/* A process that ends by itself: the reason is in the log, and the next one waits. */
static void
test_deaths(void **state)
{
	static const struct {
		int how;
		const char *want;
	} rows[] = {
		{ 3, "ended with status 3" },
		{ -SIGKILL, "killed by signal 9 (Killed)" },
		{ -SIGSYS, "sandbox violation" },
		{ 0, "" },
	};
	const char *log, *line;
	size_t i, seen = 0;
	int fd, how;

	(void)state;
	use_database("sqlite:", "envelopes");
	for (i = 0; i < COUNT(rows); i++) {
		how = rows[i].how;
		fd = store_keeper_start(keeper, die_early, &how);
		assert_int_not_equal(fd, -1);
		assert_in_range(reap_process(), 0, RESTART_PAUSE_LONGEST_MS);
		assert_true(store_keeper_lacks_process(keeper));
		close(fd);
		log_flush();
		log = log_capture_read() + seen;
		seen += strlen(log);
		line = strstr(log, ": store process ");
		unit_true(unit_row("%d", how), "is logged", (line != NULL) == (i < 3));
		unit_holds(unit_row("%d", how), "log", log, rows[i].want);
	}
	unit_end();
}

static bool
has_child(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) == 0;
}

/* The daemon does not end before its process has ended. */
static void
test_end_of_the_daemon(void **state)
{
	int fd;

	(void)state;
	use_database("sqlite:", "store/envelopes");
	fd = start_process();
	assert_string_equal(read_problem(fd), "");
	assert_true(has_child());
	store_keeper_free(&keeper);
	assert_false(has_child());
	assert_null(keeper);
	close(fd);
	unlink_database("store/envelopes");
}

/* start_limited - returns 0 if the failure is reported, and a process is still needed */
static int
start_limited(int resource)
{
	const struct rlimit none = { 0, 0 };

	if (!privdrop_become(&id) || setrlimit(resource, &none) == -1)
		return 2;
	if (store_keeper_start(keeper, leave_nothing, NULL) != -1)
		return 3;
	log_flush();
	return store_keeper_lacks_process(keeper) ? 0 : 4;
}

static void
test_start_fails(void **state)
{
	static const struct {
		int resource;
		const char *want;
	} rows[] = {
		{ RLIMIT_NOFILE, "socket pair of the store process: Too many open files" },
		{ RLIMIT_NPROC, "store process: fork: Resource temporarily unavailable" },
	};
	pid_t child;
	int status;
	size_t i;

	(void)state;
	use_database("sqlite:", "store/envelopes");
	for (i = 0; i < COUNT(rows); i++) {
		child = fork();
		if (child == 0)
			_exit(start_limited(rows[i].resource));
		assert_int_equal(waitpid(child, &status, 0), child);
		unit_int(rows[i].want, "status", status, 0);
		unit_holds(rows[i].want, "log", log_capture_read(), rows[i].want);
	}
	unit_end();
}

/* The directory of the file is created for the daemon's user. */
static void
test_directory(void **state)
{
	struct stat st;

	(void)state;
	use_database("sqlite:", "new/envelopes");
	assert_int_equal(stat(unit_path("new"), &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0750U, 0);
	assert_int_equal(st.st_uid, id.uid);
	assert_int_equal(st.st_gid, id.gid);
	log_flush();
	assert_string_equal(log_capture_read(), "");
}
#endif

#ifdef HAVE_HIREDIS
static int
listen_at(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strlcpy(un.sun_path, path, sizeof(un.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* The server sees the daemon's user, not root. */
static void
test_connect(void **state)
{
	int listener = listen_at(unit_path("redis")), fd, peer;
	struct ucred user;
	socklen_t len = sizeof(user);
	const char *problem = NULL;

	(void)state;
	use_database("redis:unix:", "missing");
	use_database("redis:unix:", "redis");
	assert_false(store_keeper_lacks_process(keeper));
	fd = store_keeper_connect(keeper, &problem);
	assert_int_not_equal(fd, -1);
	peer = accept(listener, NULL, NULL);
	assert_int_not_equal(peer, -1);
	assert_int_equal(getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &user, &len), 0);
	assert_int_equal(user.uid, id.uid);
	assert_int_equal(user.gid, id.gid);
	close(peer);
	close(fd);
	close(listener);
}
#endif

/* Without a server there is no connection. */
static void
test_no_server(void **state)
{
	const char *problem = NULL;

	(void)state;
	store_keeper_use(keeper, settings);
	assert_false(store_keeper_lacks_process(keeper));
	assert_int_equal(store_keeper_connect(keeper, &problem), -1);
#ifdef HAVE_HIREDIS
	use_database("redis:unix:", "missing");
	assert_int_equal(store_keeper_connect(keeper, &problem), -1);
	assert_string_equal(problem, "No such file or directory");
#endif
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef HAVE_SQLITE
		cmocka_unit_test_setup_teardown(test_changes, make_keeper, free_keeper),
		cmocka_unit_test_setup_teardown(test_missing_database, make_keeper, free_keeper),
		cmocka_unit_test_setup_teardown(test_shared_pages, make_keeper, free_keeper),
		cmocka_unit_test_setup_teardown(test_deaths, make_keeper, free_keeper),
		cmocka_unit_test_setup_teardown(test_end_of_the_daemon, make_keeper, free_keeper),
		cmocka_unit_test_setup_teardown(test_start_fails, make_keeper, free_keeper),
		cmocka_unit_test_setup_teardown(test_directory, make_keeper, free_keeper),
#endif
#ifdef HAVE_HIREDIS
		cmocka_unit_test_setup_teardown(test_connect, make_keeper, free_keeper),
#endif
		cmocka_unit_test_setup_teardown(test_no_server, make_keeper, free_keeper),
	};

	return cmocka_run_group_tests_name("store_keeper", tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/*
 * If root runs the test, privileges are dropped in a child. For another user, the same tests verify
 * that nothing is dropped and that no process gains privileges.
 */
#include "tests/unit/unit_dir.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "common/privdrop.h"

/* A user that every system has. */
#define USER "nobody"

static bool
is_root(void)
{
	return geteuid() == 0;
}

static void
check_is_ours(const struct identity *id)
{
	assert_int_equal(id->uid, geteuid());
	assert_int_equal(id->gid, getegid());
}

static void
test_identity_without_a_user(void **state)
{
	struct identity id = { 12345, 12345 };
	const char *error;

	(void)state;
	assert_true(privdrop_identity(&id, "", &error));
	check_is_ours(&id);
}

static void
test_identity_of_a_user(void **state)
{
	struct passwd *pw = getpwnam(USER);
	struct identity id = { 12345, 12345 };
	const char *error;

	(void)state;
	assert_non_null(pw);
	assert_true(privdrop_identity(&id, USER, &error));
	if (is_root()) {
		assert_int_equal(id.uid, pw->pw_uid);
		assert_int_equal(id.gid, pw->pw_gid);
	} else {
		check_is_ours(&id);
	}
}

/* check_refused - root must not become that user; any other user stays the same */
static void
check_refused(const char *user, const char *reason)
{
	struct identity id = { 12345, 12345 };
	const char *error = NULL;

	if (is_root()) {
		assert_false(privdrop_identity(&id, user, &error));
		assert_non_null(strstr(error, reason));
	} else {
		assert_true(privdrop_identity(&id, user, &error));
		check_is_ours(&id);
	}
}

static void
test_identity_of_nobody_known(void **state)
{
	(void)state;
	check_refused("no-such-user-here", "no such user");
}

static void
test_identity_of_root(void **state)
{
	(void)state;
	check_refused("root", "is root");
}

/*
 * in_child - run a check in a child, which may drop any privileges; its exit status is the number
 * of the step that failed, or 0
 */
static void
in_child(int (*check)(const char *chroot_dir), const char *chroot_dir)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0)
		_exit(check(chroot_dir));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* become_other - root becomes the user; any other user tries to become root, and cannot */
static bool
become_other(struct identity *id, const char *chroot_dir)
{
	struct passwd *pw = getpwnam(is_root() ? USER : "root");

	id->uid = pw->pw_uid;
	id->gid = pw->pw_gid;
	return privdrop_chroot(chroot_dir) && privdrop_become(id);
}

static int
check_drop(const char *chroot_dir)
{
	uid_t real, effective, saved;
	gid_t group, other_group, saved_group;
	struct identity id;
	bool root = is_root();

	if (become_other(&id, chroot_dir) != root)
		return 1;
	if (!root)
		return 0;
	if (getresuid(&real, &effective, &saved) == -1 || real != id.uid || effective != id.uid ||
	    saved != id.uid)
		return 2;
	if (getresgid(&group, &other_group, &saved_group) == -1 || group != id.gid ||
	    other_group != id.gid || saved_group != id.gid)
		return 3;
	if (getgroups(1, &group) != 1 || group != id.gid)
		return 4;
	if (setuid(0) != -1 || seteuid(0) != -1 || setgid(0) != -1 || setgroups(0, NULL) != -1)
		return 5;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 6;
}

static void
test_drop(void **state)
{
	(void)state;
	in_child(check_drop, "");
}

static int
check_chroot(const char *chroot_dir)
{
	bool root = is_root();

	if (check_drop(chroot_dir) != 0)
		return 1;
	if (!root)
		return 0;
	if (access("/inside", F_OK) == -1 || access("inside", F_OK) == -1)
		return 2;
	return access("/etc/passwd", F_OK) == -1 ? 0 : 3;
}

static void
test_drop_in_another_root(void **state)
{
	(void)state;
	unit_write("inside", BYTES(""), 0644);
	assert_int_equal(chmod(unit_dir, 0755), 0);
	in_child(check_chroot, unit_dir);
}

static int
check_bad_chroot(const char *chroot_dir)
{
	struct identity id;

	return become_other(&id, chroot_dir) ? 1 : 0;
}

static void
test_missing_root_folder(void **state)
{
	(void)state;
	in_child(check_bad_chroot, unit_path("none"));
}

/* read_mask - a line of /proc/self/status */
static unsigned long long
read_mask(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long mask = ~0ULL;
	char line[256];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			sscanf(line + strlen(name), ":%llx", &mask);
	if (file != NULL)
		fclose(file);
	return mask;
}

/* Bits of chown, dac_read_search, kill, setgid, setuid, net_bind_service and sys_chroot. */
#define KEPT (1ULL << 0 | 1ULL << 2 | 1ULL << 5 | 1ULL << 6 | 1ULL << 7 | 1ULL << 10 | 1ULL << 18)

/* The privileges that root keeps, and that it can still become the user afterwards. */
static int
check_limit(const char *chroot_dir)
{
	unsigned long long had = read_mask("CapPrm"), bound = read_mask("CapBnd");
	struct identity id;
	bool root = is_root();

	if (!privdrop_limit())
		return 1;
	if (read_mask("CapPrm") != (had & KEPT) || read_mask("CapEff") != (had & KEPT))
		return 2;
	if (read_mask("CapInh") != 0)
		return 3;
	if (root && read_mask("CapBnd") != (bound & KEPT))
		return 4;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 5;
	if (become_other(&id, root ? chroot_dir : "") != root)
		return 6;
	return root && access("/inside", F_OK) == -1 ? 7 : 0;
}

static void
test_limit(void **state)
{
	(void)state;
	unit_write("inside", BYTES(""), 0644);
	assert_int_equal(chmod(unit_dir, 0755), 0);
	in_child(check_limit, unit_dir);
}

static int
check_no_capabilities(const char *chroot_dir)
{
	struct identity id = { geteuid(), getegid() };

	(void)chroot_dir;
	if (!privdrop_become(&id))
		return 1;
	return read_mask("CapPrm") == 0 && read_mask("CapEff") == 0 ? 0 : 2;
}

static void
test_no_capabilities(void **state)
{
	(void)state;
	in_child(check_no_capabilities, "");
}

static int
check_same_user(const char *chroot_dir)
{
	struct identity id = { geteuid(), getegid() };

	if (!privdrop_chroot(chroot_dir) || !privdrop_become(&id))
		return 1;
	if (geteuid() != id.uid || getegid() != id.gid)
		return 2;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 3;
}

static void
test_same_user(void **state)
{
	(void)state;
	in_child(check_same_user, "");
}

static int
is_user(const char *name)
{
	const struct passwd *pw = getpwnam(name);

	return pw != NULL && geteuid() == pw->pw_uid ? 0 : EACCES;
}

/* The question is asked as the user, and this process stays what it is. */
static void
test_try(void **state)
{
	const struct passwd *pw = getpwnam(is_root() ? USER : "root");
	const struct identity id = { pw->pw_uid, pw->pw_gid };
	uid_t before = geteuid();

	(void)state;
	fflush(NULL);
	assert_int_equal(privdrop_try(&id, is_user, USER), is_root() ? 0 : EPERM);
	if (is_root())
		assert_int_equal(privdrop_try(&id, is_user, "root"), EACCES);
	assert_int_equal(geteuid(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity_without_a_user),
		cmocka_unit_test(test_identity_of_a_user),
		cmocka_unit_test(test_identity_of_nobody_known),
		cmocka_unit_test(test_identity_of_root),
		cmocka_unit_test(test_drop),
		UNIT_DIR_TEST(test_drop_in_another_root),
		UNIT_DIR_TEST(test_missing_root_folder),
		cmocka_unit_test(test_same_user),
		cmocka_unit_test(test_try),
		UNIT_DIR_TEST(test_limit),
		cmocka_unit_test(test_no_capabilities),
	};

	return cmocka_run_group_tests_name("privdrop", tests, NULL, NULL);
}

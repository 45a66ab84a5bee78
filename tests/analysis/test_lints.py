#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Each lint of this directory, on small trees: it reports the fault of the tree, and no other."""

import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir))

import names
from harness import tap


class LintCase(unittest.TestCase):
    """Runs one lint on trees that the test describes."""

    LINT = ''

    def run_lint(self, files, *arguments, environment=None):
        """The exit status and the output for a tree, {path: text}."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                path = os.path.join(root, path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, 'w', encoding='utf-8') as file:
                    file.write(text)
            result = subprocess.run(
                [sys.executable, os.path.join(HERE, self.LINT), *arguments, root],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8', check=False,
                env=environment)
        return result.returncode, result.stdout

    def assert_quiet(self, files):
        self.assertEqual(self.run_lint(files), (0, ''))

    def assert_found(self, files, place, text):
        """The lint fails with one line, for this file:line and with this text."""
        status, output = self.run_lint(files)
        self.assertEqual(status, 1, output)
        self.assertEqual(output.count('\n'), 1, output)
        self.assertTrue(output.startswith(place + ': '), output)
        self.assertIn(text, output)

    def assert_usable(self):
        """An empty tree is an error, and --report prints figures."""
        status, output = self.run_lint({'README.md': 'Text.\n'})
        self.assertEqual(status, 1)
        self.assertIn('name the source directory', output)
        status, output = self.run_lint({'common/a.h': '/* Text. */\n'}, '--report')
        self.assertEqual(status, 0)
        self.assertRegex(output, r'\d')


@unittest.skipUnless(names.has_ctags(), 'universal-ctags with JSON is not installed')
class Names(LintCase):
    LINT = 'names.py'

    GOOD = {
        'srsd/ctl/queue_rows.c': (
            '#include "srsd/ctl/queue_rows.h"\n'
            'RB_HEAD(row_tree, row);\n'
            'struct row {\n\tRB_ENTRY(row) node;\n};\n'
            'static int\ncompare_rows(const struct row *a, const struct row *b)\n'
            '{\n\treturn a < b;\n}\n'
            'RB_GENERATE_STATIC(row_tree, row, node, compare_rows)\n'
            'void\nqueue_rows_put(struct row *row)\n{\n}\n'
            'void\nrow_kind_drop(struct row_kind *kind)\n{\n}\n'
            'static void NORETURN\nprint_usage(int status)\n{\n}\n'
            'int\nmain(void)\n{\n}\n'
        ),
        'srsd/ctl/queue_rows.h': (
            'struct row;\nstruct row_kind {\n\tint x;\n};\n'
            'typedef int queue_rows_fn(int a, char *b);\n'
            '/* Puts a row, find(it). */\n'
            'void queue_rows_put(struct row *row);\n'
            'void row_kind_drop(struct row_kind *kind) __attribute__((nonnull));\n'
            'void queue_rows_log(const char *format, ...) PRINTF_LIKE(1, 2);\n'
            'void queue_rows_nothing(void);\n'
            'static inline int\nqueue_rows_twice(unsigned int n)\n{\n\treturn 2 * (int)n;\n}\n'
        ),
    }

    def with_header(self, text):
        return {'conf/box.h': text}

    def test_usable(self):
        self.assert_usable()

    def test_good(self):
        self.assert_quiet(self.GOOD)

    def test_missing_ctags(self):
        status, output = self.run_lint(self.GOOD, environment={'PATH': '/nonexistent'})
        self.assertEqual(status, 1)
        self.assertEqual(output, 'names: ctags is missing: install universal-ctags\n')

    def test_one_word(self):
        for source in ('static int\nfind(int a)\n{\n\treturn a;\n}\n',
                       'static int NORETURN\nfind_(int a)\n{\n\treturn a;\n}\n'):
            with self.subTest(source):
                self.assert_found({'conf/box.c': source}, 'conf/box.c:2', 'has one word')

    def test_one_word_after_macro(self):
        self.assert_found({'spf/x.c': (
            'RB_HEAD(row_tree, row);\nRB_GENERATE_STATIC(row_tree, row, node, compare_rows)\n\n'
            'static struct x *\nfind(const struct x *x)\n{\n\treturn x;\n}\n')},
            'spf/x.c:5', '"find" has one word')

    def test_shared_name(self):
        text = 'static void\nfind_row(void)\n{\n}\n'
        status, output = self.run_lint({'conf/a.c': text, 'spf/dns/b.c': text})
        self.assertEqual(status, 1)
        self.assertEqual(
            [line.split(': ')[0] for line in output.splitlines()], ['conf/a.c:2', 'spf/dns/b.c:2'])

    def test_shared_with_exported(self):
        self.assert_found({
            'conf/find.c': 'void\nfind_row(void)\n{\n}\n',
            'spf/b.c': 'static void\nfind_row(void)\n{\n}\n',
        }, 'spf/b.c:2', 'conf/find.c:2')

    def test_one_function_of_a_condition(self):
        self.assert_quiet({'conf/a.c': (
            '#ifdef X\nstatic void\nfind_row(void)\n{\n}\n'
            '#else\nstatic void\nfind_row(void)\n{\n}\n#endif\n')})

    def test_tags(self):
        for kind in ('struct row {\n\tint x;\n};\n', 'enum row { ROW_A };\n',
                     'union row {\n\tint x;\n};\n', 'TAILQ_HEAD(row, entry);\n'):
            with self.subTest(kind):
                self.assert_found({
                    'common/a.h': 'struct row {\n\tint x;\n};\n', 'spf/b.c': '\n' + kind,
                }, 'spf/b.c:2', 'common/a.h:1')

    def test_anonymous_tags(self):
        text = 'static const struct {\n\tint x;\n} rows[] = { { 1 } };\n'
        self.assert_quiet({'common/a.c': text, 'common/b.c': text})

    def test_declared_tags(self):
        self.assert_quiet({'common/a.h': 'struct row;\n', 'common/b.h': 'struct row;\n'})

    def test_stem(self):
        self.assert_found({'conf/box.c': 'int\nopen_box(void)\n{\n\treturn 1;\n}\n'},
                          'conf/box.c:2', 'does not begin with "box_"')

    def test_stem_is_a_word(self):
        self.assert_found({'conf/box.c': 'int\nboxes_open(void)\n{\n\treturn 1;\n}\n'},
                          'conf/box.c:2', 'does not begin with "box_"')

    def test_stem_of_header(self):
        source = 'int\nbox_open(void)\n{\n\treturn 1;\n}\n'
        self.assert_quiet({'conf/box_open_one.c': source, 'conf/box.h': 'int box_open(void);\n'})
        self.assert_quiet({'conf/box_one.c': source, 'conf/box.h': 'box_fn box_open;\n'})
        self.assert_found({'conf/box_one.c': source, 'conf/box.c': 'int box_open(void);\n'},
                          'conf/box_one.c:2', 'does not begin')
        self.assert_found({'conf/box_one.c': source, 'conf/other.h': 'int box_open(void);\n'},
                          'conf/box_one.c:2', 'does not begin')

    def test_stem_of_inline(self):
        self.assert_found(
            self.with_header('static inline int\nopen_it(void)\n{\n\treturn 1;\n}\n'),
            'conf/box.h:2', 'does not begin with "box_"')

    def test_listed_prefix(self):
        self.assert_quiet({'common/xmalloc.c': 'void\nxdup(void)\n{\n}\n'})
        self.assert_found({'common/xmalloc.c': 'void\nxmalloc(void)\n{\n}\n'},
                          'common/xmalloc.c:1', 'remove the row')

    def test_named_parameters(self):
        for text in ('int a', 'const char *s', 'char *const argv[]', 'unsigned n', 'size_t n',
                     'struct x **x', 'enum x x', 'void (*fn)(void *, int)', 'char b[MAX + 1]',
                     'const char *const lists[], size_t n', 'void', 'int a, ...',
                     'FILE *restrict f', 'int (*rows)[3]', 'unsigned long long n',
                     'int (*const fn)(int)'):
            with self.subTest(text):
                self.assert_quiet(self.with_header('int box_open(%s);\n' % text))

    def test_unnamed_parameters(self):
        for text in ('int', 'const char *', 'char *const []', 'unsigned', 'size_t', 'struct x **',
                     'enum x', 'const struct x *const', 'void (*)(void *arg, int n)', 'char [MAX]',
                     'unsigned long', 'FILE *restrict', 'int (*)[3]', 'const size_t', '_Bool',
                     'int (*const)(int n)', 'const char *, ...'):
            with self.subTest(text):
                self.assert_found(self.with_header('int box_open(%s);\n' % text),
                                  'conf/box.h:1', 'parameter 1 of "box_open"')

    def test_number_of_parameter(self):
        self.assert_found(
            self.with_header('int\nbox_open(void (*fn)(int, int), int n,\n    struct x *);\n'),
            'conf/box.h:2', 'parameter 3 ')

    def test_prototype_in_source(self):
        self.assert_quiet({'conf/box.c': 'static int open_box(int);\n'})

    def test_report(self):
        status, output = self.run_lint(self.GOOD, '--report')
        self.assertEqual(status, 0)
        for line in ('functions: 6', 'static functions: 3', 'one-word statics: 0.0 % (0 of 3)',
                     'exported functions: 3', 'exported with stem: 66.7 % (2 of 3)',
                     'parameters without a name: 0.0 % (0 of 4)'):
            self.assertIn(line + '\n', output)


class Words(LintCase):
    LINT = 'words.py'
    C = {'common/a.h': '/* Text. */\n'}

    BAD = (
        'that nobody sees', 'whoever asks', 'who cannot wait cancels', 'a reply to who asked',
        'What does not fit is lost', 'as often as he likes', 'a folder of files', 'the Folders',
        'mend it', 'an errand', 'a fifth dearer', 'addresses we mint', 'minted today',
        'it is locked in', 'locks itself in', 'one look-up', 'bounces come home', 'died over it',
        'the operator is told', 'the log tells why', 'what was said before',
        'it stands in the file', 'lies in the table', 'there is none', 'lines that are none',
        'the text behind it', 'reads it anew', 'belongs into the list', 'in the place of another',
        'in place of it',
        'else than Postfix', 'one of both', 'many a spelling', 'runs already', 'handed on to it',
        'wait till then', 'stop-timeout is over', 'one line a decision',
        'the server stopped to answer', 'replaces the file by a new one',
    )
    GOOD = (
        'users who have an account', 'anyone who has read it', 'whose name',
        'its directory controls who may connect', 'a client behind NAT', 'behind a proxy',
        'behind the control socket', 'it stands for a name', 'a stand-alone server',
        'a macro stands in for it', 'that stands out', 'the result is none', 'none of ours',
        'tells right hashes from wrong ones', 'once a minute', 'a file at a time', 'What is logged',
        'the default falls back to nobody', 'takes the place of', 'mention', 'minute',
        'unprivileged-user = "nobody"', 'hand over', 'many a time',
        'stops to wait', 'replaces the file with a new one', 'the file is replaced by a new one',
    )

    def test_usable(self):
        self.assert_usable()

    def test_bad(self):
        for text in self.BAD:
            with self.subTest(text):
                self.assert_found({'common/a.h': '/* Text, %s. */\n' % text},
                                  'common/a.h:1', ': write: ')

    def test_good(self):
        for text in self.GOOD:
            with self.subTest(text):
                self.assert_quiet({'common/a.h': '/* Text, %s. */\n' % text})

    def test_rows_have_a_case(self):
        """Every row of the table finds one of the bad texts."""
        sys.path.insert(0, HERE)
        import words
        for pattern, _ in words.ROWS:
            with self.subTest(pattern):
                self.assertTrue(any(
                    words.to_pattern(pattern).search(text) for text in self.BAD + (
                        'Who asks', 'turn by turn')))

    def test_code_is_no_prose(self):
        self.assert_quiet({'common/a.c': (
            '#include "folder/told.h"\nstruct folder *nobody; int told = \'"\'; char folder;\n')})

    def test_strings(self):
        for text in ('f("no \\" folder");\n', 'f("a\\nfolder");\n', 'f("in the place "\n"of");\n',
                     'f("in the"\n    " place of");\n', 'f(\'"\', "folder");\n'):
            with self.subTest(text):
                self.assert_found({'spf/a.c': '\n' + text}, 'spf/a.c:2', ': write: ')

    def test_texts_are_separate(self):
        self.assert_quiet({'spf/a.c': 'f("in the", "place of");\n/* is */ /* none */\n'})

    def test_comments(self):
        for text in ('// a folder\n', '/* "a" folder */\n', '/**folder*/\n',
                     'f("/*"); /* folder */\n'):
            with self.subTest(text):
                self.assert_found({'conf/dns/a.c': text}, 'conf/dns/a.c:1', 'directory')

    def test_phrase_over_lines(self):
        self.assert_found({'spf/a.c': 'int x;\n/*\n * It is in the\n * place of y.\n */\n'},
                          'spf/a.c:3', '"in the place of"')
        self.assert_found({**self.C, 'contrib/x': '#!/bin/sh\n# It is in the\n# place of y.\n'},
                          'contrib/x:2', '"in the place of"')
        self.assert_found({**self.C, 'README.md': '# A\n\nIt is in the\nplace of y.\n'},
                          'README.md:3', '"in the place of"')

    def test_places(self):
        for path in ('README.md', 'HACKING.md', 'SECURITY.md', 'CHANGES.md', 'contrib/MIGRATION.md',
                     'contrib/postfix/x/README.md', 'srsd/srsd.8', 'srsd/ctl/x.8',
                     'conf/srsd.conf.5', 'conf/srsd.conf', 'contrib/run',
                     'contrib/debian/srsd.postinst'):
            with self.subTest(path):
                first = 'Who may send what: Monitor, Folders' if path == 'SECURITY.md' else 'A'
                self.assert_found({**self.C, path: first + '\nfolder.\n'}, path + ':2',
                                  'directory')

    def test_other_places(self):
        for path in ('LICENSE', 'tests/unit/test_a.c', 'contrib/debian/copyright'):
            with self.subTest(path):
                self.assert_quiet({**self.C, path: 'A folder.\n'})

    def test_literal_words(self):
        self.assert_quiet({**self.C, 'README.md': 'The user `nobody`, `told`, `in the\nfolder`.\n'})
        self.assert_quiet({**self.C, 'srsd/srsd.8': '.Cm folder\n.It Cm told\nis\n.Cm none\n'})
        self.assert_found({**self.C, 'README.md': 'A `b` folder `c`.\n'},
                          'README.md:1', 'directory')

    def test_exception(self):
        text = '## Who may send what\n\nMonitor, Folders\n'
        self.assert_quiet({**self.C, 'SECURITY.md': text})
        self.assert_found({**self.C, 'README.md': 'Monitor, Folders\n'}, 'README.md:1', 'directory')
        self.assert_found({**self.C, 'SECURITY.md': text[:-9] + '\n'},
                          'SECURITY.md:1', 'remove the row')

    def test_stray_end(self):
        self.assert_found({'spf/a.c': 'int x;\n/* find - text\n */\n'}, 'spf/a.c:3', 'stray "*/"')
        self.assert_found({'spf/a.c': 'int x; /* text\n\t* more\n */\n'}, 'spf/a.c:3', 'stray "*/"')

    def test_star(self):
        self.assert_found({'spf/a.c': '/*\n * a\n *unprintables reply\n */\n'},
                          'spf/a.c:3', 'no blank after the star')

    def test_block_form(self):
        self.assert_quiet({'spf/a.c': (
            '/* one line */\n/*\n * two\n * *lines\n */\n/*\n\n */\nint x = 2 *y;\n'
            '/* text\n * that ends here */\n')})

    def test_report(self):
        status, output = self.run_lint({'spf/a.c': '/* folder, told */\n', **self.C}, '--report')
        self.assertEqual(status, 0)
        self.assertRegex(output, r'(?m)^ +2 spf/a\.c$')
        self.assertRegex(output, r'(?m)^ +1 directory$')


class Direction(LintCase):
    LINT = 'direction.py'

    def includes(self, path, *headers):
        return {path: ''.join('#include %s\n' % header for header in headers)}

    def test_usable(self):
        self.assert_usable()

    def test_allowed(self):
        for path, header in (
                ('common/a.c', 'common/b.h'), ('conf/a.h', 'common/b.h'),
                ('spf/a.c', 'spf/dns/b.h'), ('spf/dns/a.c', 'conf/b.h'),
                ('srsd/srs/a.c', 'conf/b.h'), ('srsd/postfix/a.c', 'common/b.h'),
                ('srsd/service/a.c', 'srsd/srs/b.h'), ('srsd/service/a.c', 'spf/dns/b.h'),
                ('srsd/a.c', 'srsd/service/b.h'), ('srsd/a.c', 'srsd/srs/b.h'),
                ('srsd/ctl/a.c', 'srsd/postfix/b.h'), ('srsd/ctl/check/a.c', 'srsd/ctl/b.h'),
                ('srsd/ctl/import/a.c', 'conf/b.h')):
            with self.subTest('%s %s' % (path, header)):
                self.assert_quiet(self.includes(path, '"config.h"', '<stdio.h>', '"%s"' % header))

    def test_against(self):
        for path, header in (
                ('common/a.c', 'conf/b.h'), ('common/a.h', 'srsd/srs/b.h'), ('conf/a.c', 'spf/b.h'),
                ('spf/dns/a.c', 'spf/b.h'), ('spf/a.c', 'srsd/srs/b.h'),
                ('srsd/srs/a.c', 'spf/b.h'), ('srsd/postfix/a.c', 'conf/b.h'),
                ('srsd/store/a.c', 'srsd/srs/b.h'), ('srsd/service/a.c', 'srsd/b.h'),
                ('srsd/service/a.c', 'srsd/ctl/b.h'), ('srsd/a.c', 'srsd/ctl/b.h'),
                ('srsd/ctl/a.c', 'srsd/service/b.h'), ('srsd/ctl/a.c', 'srsd/b.h'),
                ('srsd/ctl/check/a.c', 'srsd/service/b.h'),
                ('srsd/ctl/check/a.c', 'srsd/ctl/import/b.h')):
            with self.subTest('%s %s' % (path, header)):
                self.assert_found(self.includes(path, '<stdio.h>', '"%s"' % header),
                                  path + ':2', 'against the direction')

    def test_no_directory(self):
        self.assert_found(self.includes('conf/a.c', '"b.h"'), 'conf/a.c:1', 'write "conf/b.h"')

    def test_unknown_directories(self):
        self.assert_found(self.includes('srsd/new/a.c', '"common/b.h"'), 'srsd/new/a.c:1',
                          'not in MAY_INCLUDE')
        self.assert_found(self.includes('srsd/a.c', '"tests/b.h"'), 'srsd/a.c:1', 'does not know')

    def test_comments(self):
        self.assert_quiet({'common/a.c': '/*\n#include "srsd/b.h"\n*/\n// "srsd/b.h"\n'})

    def test_form(self):
        self.assert_found({'common/a.c': '  # include"srsd/b.h" /* x */\n'}, 'common/a.c:1',
                          'against the direction')

    def test_libraries(self):
        for module, header in (
                ('srs_mac', 'openssl/evp.h'), ('unbound_context', 'unbound.h'),
                ('unbound_context', 'unbound-event.h'), ('spf_libspf2', 'spf2/spf.h'),
                ('confuse', 'confuse.h'), ('idna', 'idn2.h'), ('orgdomain', 'libpsl.h'),
                ('domainset', 'uthash.h'), ('sandbox', 'seccomp.h'),
                ('connections', 'event2/event.h'), ('ctl', 'jansson.h')):
            with self.subTest(header):
                self.assert_found(self.includes('srsd/ctl/other.c', '<%s>' % header),
                                  'srsd/ctl/other.c:1', 'belongs in')
                status, output = self.run_lint(
                    self.includes('srsd/ctl/%s.h' % module, '<%s>' % header))
                self.assertNotIn('belongs in', output)
                self.assertEqual(status, 0)

    def test_unused_library(self):
        self.assert_found({'common/idna.c': '\n'}, 'common/idna.c:1', 'does not include libidn2')

    def test_unknown_library(self):
        self.assert_found(self.includes('common/a.c', '<sys/queue.h>', '<zlib.h>'),
                          'common/a.c:2', 'of no library')

    def test_main(self):
        files = self.includes('srsd/ctl/main.c', '"srsd/ctl/check/check.h"')
        self.assert_quiet(files)
        files = self.includes('srsd/ctl/other.c', '"srsd/ctl/check/check.h"')
        self.assert_found(files, 'srsd/ctl/other.c:1', 'against the direction')


class Tested(LintCase):
    LINT = 'tested.py'

    HACKING = (
        '# HACKING\n\n| `c` | not in this section |\n\n## Where a module is tested\n\n'
        '| module | tests |\n|---|---|\n| `b` | `test_maps.py` |\n\n## Next\n\n| `d` | x |\n'
    )

    def tree(self, *modules, tests=()):
        return {'HACKING.md': self.HACKING} | {
            'common/%s.c' % module: '/* Text. */\n' for module in modules} | {
            'tests/unit/test_%s.c' % module: '/* Text. */\n' for module in tests}

    def test_good(self):
        self.assert_quiet(self.tree('a', 'b', tests=('a',)))

    def test_untested(self):
        for module in ('a', 'c', 'd'):
            with self.subTest(module):
                self.assert_found(
                    self.tree(module, 'b'), 'common/%s.c:1' % module, 'add it, or a row')

    def test_old_row(self):
        self.assert_found(self.tree('a', tests=('a',)), 'HACKING.md:9', 'no module b')

    def test_no_section(self):
        status, output = self.run_lint({'HACKING.md': 'Text.\n', 'common/a.c': '\n'})
        self.assertEqual(status, 1)
        self.assertIn('is missing', output)


class Versions(LintCase):
    LINT = 'versions.py'

    GOOD = {
        'configure.ac': 'AC_PREREQ([2.69])\nAC_INIT([srsd], [1.2.3], [], [srsd])\n',
        'CHANGES.md': '# Changes\n\n## 1.2.3 (2030-01-31)\n\n- Text.\n\n## 1.2.2 (2029-01-31)\n',
        'contrib/arch/PKGBUILD': 'pkgname=srsd\npkgver=1.2.3\npkgrel=1\n',
        'contrib/debian/changelog': (
            'srsd (1.2.3) unstable; urgency=medium\n\n  * Text.\n\n'
            ' -- A B <a@b.test>  Thu, 31 Jan 2030 12:00:00 +0000\n'),
    }

    def tree(self, path, old, new):
        self.assertIn(old, self.GOOD[path])
        return {**self.GOOD, path: self.GOOD[path].replace(old, new)}

    def test_good(self):
        self.assert_quiet(self.GOOD)

    def test_not_released(self):
        """Without a date in CHANGES.md, any date in the changelog is right."""
        self.assert_quiet(self.tree('CHANGES.md', '2030-01-31', 'not released'))

    def test_other_version(self):
        for path, place, old, new in (
                ('CHANGES.md', 'CHANGES.md:3', '## 1.2.3', '## 1.2.4'),
                ('CHANGES.md', 'CHANGES.md:3', '## 1.2.3 (2030-01-31)', '## Not released'),
                ('contrib/arch/PKGBUILD', 'contrib/arch/PKGBUILD:2', '=1.2.3', '=1.2.30'),
                ('contrib/debian/changelog', 'contrib/debian/changelog:1', '1.2.3', '1.2.3-1')):
            with self.subTest(new=new):
                self.assert_found(self.tree(path, old, new), place, 'configure.ac says 1.2.3')

    def test_no_version(self):
        self.assert_found(self.tree('contrib/arch/PKGBUILD', 'pkgver', 'ver'),
                          'contrib/arch/PKGBUILD:1', 'names no version')

    def test_dates(self):
        self.assert_found(self.tree('CHANGES.md', '2030-01-31', '31 January 2030'), 'CHANGES.md:3',
                          'write YYYY-MM-DD')
        self.assert_found(
            self.tree('contrib/debian/changelog', 'Thu, 31 Jan', 'Wed, 30 Jan'),
            'contrib/debian/changelog:5', 'has another date than CHANGES.md')

    def test_usable(self):
        status, output = self.run_lint({'README.md': 'Text.\n'})
        self.assertEqual(status, 1)
        self.assertIn('name the source directory', output)
        self.assertEqual(self.run_lint(self.GOOD, '--report'),
                         (0, 'version: 1.2.3 (2030-01-31)\n'))


class Links(unittest.TestCase):
    """Archives of one function each."""

    def link(self, **bodies):
        """The exit status and the output for common/libcommon.a and conf/libconf.a."""
        with tempfile.TemporaryDirectory() as build:
            for name, body in bodies.items():
                source = os.path.join(build, name + '.c')
                with open(source, 'w', encoding='utf-8') as file:
                    file.write('int in_common(void); int in_conf(void);\n'
                               'int in_%s(void) { %s }\n' % (name, body))
                os.mkdir(os.path.join(build, name))
                subprocess.run(['cc', '-c', '-o', source + '.o', source], check=True)
                subprocess.run(['ar', 'cr', '%s/%s/lib%s.a' % (build, name, name), source + '.o'],
                               check=True)
            result = subprocess.run(
                [os.path.join(HERE, 'links.py'), build, 'cc'], stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, encoding='utf-8', check=False)
        return result.returncode, result.stdout

    def test_direction(self):
        self.assertEqual(self.link(common='return 1;', conf='return in_common();'), (0, ''))

    def test_against(self):
        status, output = self.link(common='return in_conf();', conf='return 1;')
        self.assertEqual(status, 1)
        self.assertIn('common: its archive needs more than itself', output)
        self.assertIn('in_conf', output)


if __name__ == '__main__':
    tap.main()

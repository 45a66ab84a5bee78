#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""contrib/release refuses, or cuts a release: with steps of the test's own, in a checkout of its own.

contrib/sbom describes a small tarball.
"""

import contextlib
import hashlib
import importlib.machinery
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from harness import tap
from harness.daemon import TOP, Folder

SOURCE = os.environ.get('abs_top_srcdir', str(TOP))
SBOM = os.path.join(SOURCE, 'contrib', 'sbom')
CONFIGURE = 'AC_INIT([srsd], [1.2.3], [], [srsd])\n'
FILES = {
    'configure.ac': CONFIGURE,
    'CHANGES.md': '# Changes\n\n## 1.2.3 (2030-01-31)\n\n- New.\n\n## 1.2.2 (2029-01-31)\n\n- Old.\n',
    'contrib/arch/PKGBUILD': 'pkgver=1.2.3\n',
    'contrib/debian/changelog': ('srsd (1.2.3) unstable; urgency=medium\n\n  * New.\n\n'
                                 ' -- A B <a@b.test>  Thu, 31 Jan 2030 12:00:00 +0000\n'),
    '.gitignore': '/build*/\n',
}


def load(name):
    """A command of contrib as a module."""
    path = os.path.join(SOURCE, 'contrib', name)
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def make_tarball(path, files):
    with tarfile.open(path, 'w:xz') as archive:
        for name, text in files.items():
            data = text.encode()
            member = tarfile.TarInfo('srsd-1.2.3/' + name)
            member.size, member.mtime = len(data), 1577836800
            archive.addfile(member, io.BytesIO(data))


@unittest.skipUnless(shutil.which('git'), 'git is not installed')
class ReleaseCase(unittest.TestCase):
    def setUp(self):
        self.release = load('release')
        folder = Folder()
        self.addCleanup(folder.remove)
        self.top = folder.path
        for name, text in FILES.items():
            self.write(name, text)
        self.git('init', '-q')
        self.commit()
        made = Folder()
        self.addCleanup(made.remove)
        self.tarball = os.path.join(made.path, 'made.tar.xz')
        with open(os.path.join(SOURCE, 'configure.ac'), encoding='utf-8') as file:
            make_tarball(self.tarball, {'configure.ac': file.read()})
        self.steps = [self.step('build', 'mkdir -p "$build"'),
                      self.step('tarball', 'cp %s "$out/srsd-1.2.3.tar.xz"' % self.tarball),
                      self.step('tests', 'echo once >>"$out/ran"; test -e configure.ac')]

    def step(self, name, command):
        return self.release.Step(name, 'it proves ' + name, command)

    def write(self, name, text):
        path = os.path.join(self.top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)

    def git(self, *words):
        return subprocess.run(['git', '-c', 'user.name=x', '-c', 'user.email=x@b.test',
                               '-c', 'commit.gpgsign=false', *words], cwd=self.top, check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def commit(self):
        self.git('add', '.')
        self.git('commit', '-q', '-m', 'x')

    def run_release(self, *words):
        """-> (exit status, standard output, standard error)"""
        out, error = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            status = self.release.main(words, self.top, self.steps)
        return status, out.getvalue(), error.getvalue()

    def assert_refused(self, *texts, words=()):
        """One line for each of these texts, and no results."""
        status, _, error = self.run_release(*words)
        self.assertEqual(status, 1)
        lines = error.splitlines()
        self.assertEqual(len(lines), len(texts), error)
        for line, text in zip(lines, texts):
            self.assertTrue(line.startswith('release: refused: '), line)
            self.assertIn(text, line)
        self.assertFalse(os.path.exists(self.results()))

    def results(self, *names):
        return os.path.join(self.top, 'build-release', 'srsd-1.2.3', *names)

    def read_results(self, name):
        with open(self.results(name), encoding='utf-8') as file:
            return file.read()


class Refuse(ReleaseCase):
    def test_changed_tree(self):
        self.write('new', 'x\n')
        self.assert_refused('the tree is not clean')

    def test_other_version(self):
        self.write('contrib/arch/PKGBUILD', 'pkgver=1.2.2\n')
        self.commit()
        self.assert_refused('contrib/arch/PKGBUILD:1: names the version 1.2.2')

    def test_without_date(self):
        self.write('CHANGES.md', FILES['CHANGES.md'].replace('2030-01-31', 'not released'))
        self.commit()
        self.assert_refused('CHANGES.md has no date for 1.2.3')

    def test_tag(self):
        self.git('tag', 'v1.2.3')
        self.assert_refused('the tag v1.2.3 exists')

    def test_all_obstacles_at_once(self):
        self.git('tag', 'v1.2.3')
        self.write('CHANGES.md', FILES['CHANGES.md'].replace('2030-01-31', 'not released'))
        self.assert_refused('not clean', 'no date', 'the tag')

    def test_failed_steps(self):
        """Each of them is named, with the last line of its output; the others have run."""
        self.steps[2:2] = [self.step('first', 'echo this is wrong; exit 3'), self.step('second', 'false')]
        self.assert_refused('first failed: this is wrong; see', 'second failed: no output; see')
        self.assertTrue(os.path.exists(self.state('tests.passed')))

    def test_step_that_cannot_run(self):
        self.steps.append(self.step('system-x', 'echo there is no mirror >&2; exit 77'))
        self.assert_refused('system-x could not run: there is no mirror')

    def test_skip(self):
        for words, text in ((('--skip', 'tests'), 'give the reason'),
                            (('--skip', 'tests= '), 'give the reason'),
                            (('--skip', 'nothing=x'), 'there is no step nothing'),
                            (('--skip', 'tarball=x'), 'cannot be skipped'),
                            (('--only', 'nothing'), 'there is no step nothing')):
            with self.subTest(words):
                self.assert_refused(text, words=words)

    def state(self, name):
        commit = self.git('rev-parse', 'HEAD')[:12]
        return os.path.join(self.top, 'build-release', '1.2.3-' + commit, name)


class Cut(ReleaseCase):
    def test_results(self):
        status, out, error = self.run_release()
        self.assertEqual((status, error), (0, ''))
        self.assertIn('git tag -s v1.2.3 ' + self.git('rev-parse', 'HEAD').strip(), out)
        names = ['NOTES.md', 'srsd-1.2.3.spdx.json', 'srsd-1.2.3.tar.xz']
        self.assertEqual(sorted(os.listdir(self.results())), sorted(names + ['SHA256SUMS']))
        subprocess.run(['sha256sum', '--check', '--strict', '--quiet', 'SHA256SUMS'],
                       cwd=self.results(), check=True)
        self.assertEqual(self.read_results('SHA256SUMS').count('\n'), len(names))

    def test_notes(self):
        """The section of this version, and no other; each step with its result."""
        self.assertEqual(self.run_release('--skip', 'tests=the house burned')[0], 0)
        notes = self.read_results('NOTES.md')
        self.assertIn('- New.', notes)
        self.assertNotIn('- Old.', notes)
        self.assertIn('| tarball | it proves tarball | passed |', notes)
        self.assertIn('| tests | it proves tests | skipped: the house burned |', notes)

    def test_only_what_has_not_passed(self):
        """A step that passed is not repeated for this commit, and is for the next one."""
        self.assertEqual(self.run_release('--only', 'tests')[0], 0)
        self.assertFalse(os.path.exists(self.results()))
        self.assertEqual(self.run_release()[0], 0)
        ran = [os.path.join(base, 'ran') for base, _, names in os.walk(self.top) if 'ran' in names]
        self.assertEqual(len(ran), 1)
        with open(ran[0], encoding='utf-8') as file:
            self.assertEqual(file.read(), 'once\n')
        self.write('another', 'x\n')
        self.commit()
        self.assertIn('tests: it proves tests ...', self.run_release()[1])

    def test_build_comes_first(self):
        self.steps.append(self.step('lint', 'test -d "$build"'))
        self.assertEqual(self.run_release('--only', 'lint')[0], 0)

    def test_system(self):
        self.steps.append(self.step('system-noble', 'echo noble'))
        self.assertEqual(self.run_release('--system', 'noble')[1].splitlines()[-1],
                         'passed: system-noble')

    def test_dry_run(self):
        self.git('tag', 'v1.2.3')
        status, out, _ = self.run_release('--dry-run', '--skip', 'tests=x')
        self.assertEqual(status, 0)
        self.assertIn('refused: the tag v1.2.3 exists', out)
        self.assertRegex(out, r'(?m)^build +to do +it proves build$')
        self.assertRegex(out, r'(?m)^tests +skipped: x +it proves tests$')
        self.assertFalse(os.path.exists(os.path.join(self.top, 'build-release')))

    def test_real_steps(self):
        """Their names are unique, and each supported system is one of them."""
        names = [step.name for step in self.release.STEPS]
        self.assertEqual(len(names), len(set(names)))
        check_on = load('check-on')
        for system in check_on.DEBIAN + check_on.UBUNTU:
            self.assertIn('system-' + system, names)
        for step in self.release.STEPS:
            with self.subTest(step.name):
                subprocess.run(['sh', '-n', '-c', step.command], check=True)


class Sbom(unittest.TestCase):
    def setUp(self):
        folder = Folder()
        self.addCleanup(folder.remove)
        self.path = os.path.join(folder.path, 'srsd-1.2.3.tar.xz')
        with open(os.path.join(SOURCE, 'configure.ac'), encoding='utf-8') as file:
            self.files = {'configure.ac': file.read(), 'Makefile.in': '', 'README.md': 'Text.\n',
                          'build-aux/compile': '', 'common/a.c': '/* SPDX-License-Identifier: ISC */\n'}

    def run_sbom(self):
        make_tarball(self.path, self.files)
        return subprocess.run([SBOM, self.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False)

    def test_document(self):
        done = self.run_sbom()
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        document = json.loads(done.stdout)
        self.assertEqual(document['spdxVersion'], 'SPDX-2.3')
        self.assertEqual(document['creationInfo']['created'], '2020-01-01T00:00:00Z')
        licences = {each['fileName'][2:]: each['licenseConcluded'] for each in document['files']}
        self.assertEqual(licences, {
            'configure.ac': 'ISC', 'README.md': 'ISC', 'common/a.c': 'ISC',
            'Makefile.in': 'FSFULLRWD AND ISC',
            'build-aux/compile': 'GPL-2.0-or-later WITH Autoconf-exception-generic'})
        product, *libraries = document['packages']
        self.assertEqual(product['versionInfo'], '1.2.3')
        sums = sorted(hashlib.sha1(text.encode()).hexdigest() for text in self.files.values())
        self.assertEqual(product['packageVerificationCode']['packageVerificationCodeValue'],
                         hashlib.sha1(''.join(sums).encode()).hexdigest())
        with open(self.path, 'rb') as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        self.assertIn({'algorithm': 'SHA256', 'checksumValue': digest}, product['checksums'])
        self.assertTrue(document['documentNamespace'].endswith(digest))
        self.assertIn(('unbound', 'version 1.9 or later'),
                      [(each['name'], each.get('comment')) for each in libraries])
        self.assert_whole(document)

    def assert_whole(self, document):
        """Every element is related to the others, and every relationship is one of elements."""
        known = [each['SPDXID'] for each in document['packages'] + document['files']]
        self.assertEqual(len(known), len(set(known)))
        related = {each[end] for each in document['relationships']
                   for end in ('spdxElementId', 'relatedSpdxElement')}
        self.assertEqual(related, {'SPDXRef-DOCUMENT', *known})

    def test_reproducible(self):
        self.assertEqual(self.run_sbom().stdout, self.run_sbom().stdout)

    def test_new_library(self):
        """A library without a licence in the table is an error, and so is one that has gone."""
        self.files['configure.ac'] += 'PKG_CHECK_MODULES([NEW], [libnew >= 1.0], [])\n'
        done = self.run_sbom()
        self.assertEqual(done.returncode, 1)
        self.assertIn('add libnew, remove nothing', done.stderr)
        self.files['configure.ac'] = CONFIGURE
        self.assertRegex(self.run_sbom().stderr, r'add nothing, remove cmocka hiredis .* uthash')

    def test_other_file(self):
        for text, message in ((b'text', 'srsd-1.2.3.tar.xz: '), (None, 'No such file')):
            with self.subTest(text=text):
                if text is None:
                    os.unlink(self.path)
                else:
                    with open(self.path, 'wb') as file:
                        file.write(text)
                done = subprocess.run([SBOM, self.path], stderr=subprocess.PIPE, text=True,
                                      stdout=subprocess.DEVNULL, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(message, done.stderr)


if __name__ == '__main__':
    tap.main()

# SPDX-License-Identifier: ISC
# Units and init script. The init script is installed manually on systems without systemd.
sockets = contrib/systemd/srsd-forward.socket contrib/systemd/srsd-reverse.socket \
	contrib/systemd/srsd-policy.socket contrib/systemd/srsd-socketmap.socket \
	contrib/systemd/srsd-milter.socket
generated = contrib/systemd/srsd.service $(sockets) contrib/systemd/tmpfiles.d/srsd.conf \
	contrib/systemd/credential.conf \
	contrib/init/srsd
noinst_DATA = $(generated)
if HAVE_SYSTEMDSYSTEMUNITDIR
systemdsystemunit_DATA = contrib/systemd/srsd.service $(sockets)
endif
if HAVE_SYSUSERSDIR
sysusers_DATA = contrib/systemd/sysusers.d/srsd.conf
endif
if HAVE_TMPFILESDIR
tmpfiles_DATA = contrib/systemd/tmpfiles.d/srsd.conf
endif

$(generated): Makefile
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
	    -e 's|@runstatedir[@]|$(runstatedir)|g' \
	    -e 's|@localstatedir[@]|$(localstatedir)|g' \
	    -e 's|@systemd254[@]|$(systemd254)|g' $(srcdir)/$@.in >$@.tmp
	@mv $@.tmp $@
contrib/systemd/srsd.service: contrib/systemd/srsd.service.in
contrib/systemd/credential.conf: contrib/systemd/credential.conf.in
contrib/systemd/srsd-forward.socket: contrib/systemd/srsd-forward.socket.in
contrib/systemd/srsd-reverse.socket: contrib/systemd/srsd-reverse.socket.in
contrib/systemd/srsd-policy.socket: contrib/systemd/srsd-policy.socket.in
contrib/systemd/srsd-socketmap.socket: contrib/systemd/srsd-socketmap.socket.in
contrib/systemd/srsd-milter.socket: contrib/systemd/srsd-milter.socket.in
contrib/systemd/tmpfiles.d/srsd.conf: contrib/systemd/tmpfiles.d/srsd.conf.in
contrib/init/srsd: contrib/init/srsd.in

CLEANFILES += $(generated)

# Completion for shells. The files have the path of a usual installation; what is installed has the
# path of this one. A shell finds them below the prefix of its own packages.
completions = contrib/completion/installed/srsctl contrib/completion/installed/_srsctl \
	contrib/completion/installed/srsctl.fish
noinst_DATA += $(completions)
if HAVE_BASHCOMPLETIONDIR
bashcompletion_DATA = contrib/completion/installed/srsctl
endif
if HAVE_ZSHCOMPLETIONDIR
zshcompletion_DATA = contrib/completion/installed/_srsctl
endif
if HAVE_FISHCOMPLETIONDIR
fishcompletion_DATA = contrib/completion/installed/srsctl.fish
endif

$(completions): Makefile
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)case $(@F) in srsctl) from=srsctl.bash ;; *) from=$(@F) ;; esac && \
	    sed -e 's|/usr/sbin/srs|$(sbindir)/srs|g' $(srcdir)/contrib/completion/$$from >$@.tmp
	@mv $@.tmp $@
contrib/completion/installed/srsctl: contrib/completion/srsctl.bash
contrib/completion/installed/_srsctl: contrib/completion/_srsctl
contrib/completion/installed/srsctl.fish: contrib/completion/srsctl.fish

CLEANFILES += $(completions)

# Examples for operation, to be copied and adapted.
contrib_examples = contrib/prometheus/scrape.yml contrib/prometheus/srsd.rules.yml \
	contrib/prometheus/srsd.rules.test.yml contrib/prometheus/srsd.secrets.test.yml \
	contrib/grafana/README.md contrib/grafana/srsd.json \
	contrib/fail2ban/filter.d/srsd.conf contrib/fail2ban/jail.d/srsd.conf \
	contrib/fail2ban/testcases/srsd \
	contrib/apparmor/usr.sbin.srsd \
	contrib/nftables/srsd.nft \
	contrib/instances/README.md contrib/instances/instance.conf \
	contrib/instances/srsd-forward@.socket contrib/instances/srsd-policy@.socket \
	contrib/instances/srsd-reverse@.socket

EXTRA_DIST += $(sockets:=.in) contrib/systemd/sysusers.d/srsd.conf contrib/systemd/srsd.service.in \
	contrib/systemd/tmpfiles.d/srsd.conf.in contrib/systemd/credential.conf.in contrib/init/srsd.in $(contrib_examples) \
	contrib/completion/srsctl.bash contrib/completion/_srsctl contrib/completion/srsctl.fish \
	contrib/arch contrib/check contrib/demo contrib/fuzz contrib/postfix contrib/run \
	contrib/package contrib/debian contrib/oci .containerignore

# For maintainers.
EXTRA_DIST += contrib/check-on contrib/release contrib/sbom

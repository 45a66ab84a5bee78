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

# Examples for operation, to be copied and adapted.
contrib_examples = contrib/prometheus/scrape.yml contrib/prometheus/srsd.rules.yml \
	contrib/prometheus/srsd.rules.test.yml contrib/prometheus/srsd.secrets.test.yml \
	contrib/grafana/README.md contrib/grafana/srsd.json \
	contrib/fail2ban/filter.d/srsd.conf contrib/fail2ban/jail.d/srsd.conf \
	contrib/fail2ban/testcases/srsd \
	contrib/apparmor/usr.sbin.srsd \
	contrib/nftables/srsd.nft

EXTRA_DIST += $(sockets:=.in) contrib/systemd/sysusers.d/srsd.conf contrib/systemd/srsd.service.in \
	contrib/systemd/tmpfiles.d/srsd.conf.in contrib/systemd/credential.conf.in contrib/init/srsd.in $(contrib_examples) \
	contrib/arch contrib/check contrib/demo contrib/fuzz contrib/postfix contrib/run \
	contrib/package contrib/debian contrib/oci .containerignore

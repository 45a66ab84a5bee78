# SPDX-License-Identifier: ISC
# The options, the configuration file, and the settings made from it.

conf_files =
conf_files += conf/config.c conf/config.h
unit_tests += tests/unit/test_config
fuzzers += tests/fuzz/config
conf_files += conf/confuse.c conf/confuse.h
conf_files += conf/envelope_database.h
conf_files += conf/option.c conf/option.h
unit_tests += tests/unit/test_option
conf_files += conf/option_value.c conf/option_value.h
conf_files += conf/paths.h
conf_files += conf/restriction_class.c conf/restriction_class.h
unit_tests += tests/unit/test_restriction_class
conf_files += conf/settings.c conf/settings.h
conf_files += conf/settings_report.c conf/settings_report.h
unit_tests += tests/unit/test_settings_report
conf_files += conf/spf_sections.c conf/spf_sections.h
unit_tests += tests/unit/test_spf_sections

noinst_LIBRARIES += conf/libconf.a
conf_libconf_a_SOURCES = $(conf_files)

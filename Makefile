# hooks: named lifecycle callbacks for PostgreSQL
#
#   make                 build
#   make install         install into the server that pg_config belongs to
#   make installcheck    run the tests against a running server
#   make indent          lay out the code as pgindent does
#   test/all             everything, on a throwaway server of its own
#   make coverage        the same, and tells what of the source has run
#   make dist            the archive for PGXN

EXTENSION = hooks
MODULE_big = hooks
DATA = hooks--1.0.sql hooks--1.1.sql hooks--1.0--1.1.sql
HEADERS = src/api/hooks_api.h
DOCS := $(wildcard doc/*.md)
PGFILEDESC = "hooks - named callbacks that fire before cascades remove dependent rows"

OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --inputdir=. --load-extension=hooks
ISOLATION = $(patsubst test/specs/%.spec,%,$(sort $(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --outputdir=output_iso --load-extension=hooks
TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

# Debug builds and -Werror: make COPT=-Werror
PG_CFLAGS = -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers

# The folders of src/ include each other's headers as "folder/file.h"
PG_CPPFLAGS = -I$(srcdir)/src

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# The pages of the manual have a folder of their own, as their names are not ours alone.
# PGXS would look for them in another one when it removes them.
docmoduledir = extension/hooks
uninstall: uninstall-docs
.PHONY: uninstall-docs
uninstall-docs:
	rm -f $(addprefix '$(DESTDIR)$(docdir)/$(docmoduledir)'/, $(notdir $(DOCS)))
	-rmdir '$(DESTDIR)$(docdir)/$(docmoduledir)'

$(OBJS): $(wildcard src/*.h src/*/*.h)

# How much of each file the tests run; see test/all.  Needs what test/all needs.
coverage:
	test/all coverage

# The archive for PGXN, of what is committed
VERSION = $(shell perl -MJSON::PP -0 -ne 'print decode_json($$_)->{version}' META.json)
dist:
	test/source meta
	git archive --format=zip --prefix=$(EXTENSION)-$(VERSION)/ --output=$(EXTENSION)-$(VERSION).zip HEAD

# Lays out the code; needs pg_bsd_indent
indent:
	test/indent

.PHONY: coverage dist indent

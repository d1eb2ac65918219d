# hooks: named lifecycle callbacks for PostgreSQL
#
#   make                 build
#   make install         install into the server that pg_config belongs to
#   make installcheck    run the tests against a running server, less the regression
#                        tests that LEAVE_OUT names
#   make indent          lay out the code as pgindent does
#   test/all             everything, on a throwaway server of its own
#   make coverage        the same, and tells what of the source has run
#   make dist            the archive for PGXN
#
# To build in another folder, for several servers from one source:
#   make -C build-15 -f ../Makefile VPATH=.. PG_CONFIG=...

EXTENSION = hooks
MODULE_big = hooks
DATA = hooks--1.0.sql hooks--1.1.sql hooks--1.0--1.1.sql
HEADERS = src/api/hooks_api.h

# Relative, as some compilers write it into what they make
ifneq (,$(VPATH))
override VPATH := $(or $(shell realpath --relative-to=. '$(VPATH)' 2>/dev/null),$(VPATH))
endif

# The files of the source that match, as they are named from its folder
SOURCE_FOLDER := $(if $(VPATH),$(VPATH)/)
files = $(sort $(patsubst $(SOURCE_FOLDER)%,%,$(wildcard $(addprefix $(SOURCE_FOLDER),$(1)))))

DOCS := $(call files,doc/*.md doc/*.svg)
PGFILEDESC = "hooks - named callbacks that fire before cascades remove dependent rows"

OBJS := $(patsubst %.c,%.o,$(call files,src/*.c src/*/*.c))

REGRESS := $(filter-out $(LEAVE_OUT),$(patsubst sql/%.sql,%,$(call files,sql/*.sql)))
REGRESS_OPTS = --load-extension=hooks
ISOLATION := $(patsubst test/specs/%.spec,%,$(call files,test/specs/*.spec))
ISOLATION_OPTS = --inputdir=$(srcdir)/test --outputdir=output_iso --load-extension=hooks
# The tests include files of theirs by where these are from the folder of the source
ifneq (,$(VPATH))
REGRESS_PREP = sql/include
endif
TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

# Debug builds and -Werror: make COPT=-Werror
PG_CFLAGS = -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers

# The folders of src/ include each other's headers as "folder/file.h"
PG_CPPFLAGS = -I$(srcdir)/src

# The same library wherever it is built: the names of folders are not in it
PG_CPPFLAGS += -ffile-prefix-map=$(abspath $(or $(VPATH),.))/= -ffile-prefix-map=$(CURDIR)=.

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Our own functions and variables are called and read directly, not by the tables of the
# dynamic linker: nothing else defines them.  PGXS sees to most of it from 16 on.
ifeq ($(PORTNAME), linux)
override CFLAGS += -fno-semantic-interposition
SHLIB_LINK += -Wl,-Bsymbolic
endif

# The pages of the manual have a folder of their own, as their names are not ours alone.
# PGXS would look for them in another one when it removes them.
docmoduledir = extension/hooks
uninstall: uninstall-docs
.PHONY: uninstall-docs
uninstall-docs:
	rm -f $(addprefix '$(DESTDIR)$(docdir)/$(docmoduledir)'/, $(notdir $(DOCS)))
	-rmdir '$(DESTDIR)$(docdir)/$(docmoduledir)'

$(OBJS) $(OBJS:.o=.bc): $(call files,src/*.h src/*/*.h)

# Their folders, by their whole path: make would find those of the source
FOLDERS := $(sort $(dir $(addprefix $(CURDIR)/,$(OBJS))))
$(OBJS) $(OBJS:.o=.bc): | $(FOLDERS)
$(FOLDERS):
	$(MKDIR_P) $@

ifneq (,$(VPATH))
.PHONY: sql/include
sql/include:
	$(MKDIR_P) sql && ln -sfn '$(abspath $(VPATH))/$@' $@
endif

# How much of each file the tests run; see test/all.  Needs what test/all needs.
coverage:
	test/all coverage

# The archive for PGXN, of what is committed
VERSION = $(shell perl -MJSON::PP -0 -ne 'print decode_json($$_)->{version}' META.json)
dist:
	test/source meta
	TZ=UTC git archive --format=zip --prefix=$(EXTENSION)-$(VERSION)/ --output=$(EXTENSION)-$(VERSION).zip HEAD

# Lays out the code; needs pg_bsd_indent
indent:
	test/indent

.PHONY: coverage dist indent

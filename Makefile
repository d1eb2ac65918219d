# hooks: named lifecycle callbacks for PostgreSQL
#
#   make                 build
#   make install         install into the server that pg_config belongs to
#   make installcheck    run the tests against a running server
#   test/all             everything, on a throwaway server of its own

EXTENSION = hooks
MODULE_big = hooks
DATA = hooks--1.0.sql hooks--1.1.sql hooks--1.0--1.1.sql
DOCS = $(wildcard doc/*.md)
PGFILEDESC = "hooks - named callbacks that fire before cascades remove dependent rows"

OBJS = \
	src/hooks.o \
	src/own.o \
	src/event.o \
	src/attempt.o \
	src/place.o \
	src/shared.o \
	src/command.o \
	src/settings.o \
	src/root.o \
	src/key.o \
	src/origin.o \
	src/statement.o \
	src/context.o \
	src/result.o \
	src/rights.o \
	src/callback.o \
	src/condition.o \
	src/hook.o \
	src/registry.o \
	src/scope.o \
	src/chain.o \
	src/sandbox.o \
	src/timeout.o \
	src/policy.o \
	src/orphan.o \
	src/call.o \
	src/fire.o \
	src/truncate.o \
	src/batch.o \
	src/rows.o \
	src/attach.o \
	src/executor.o \
	src/transaction.o \
	src/trigger.o \
	src/report.o \
	src/graph.o \
	src/switched.o \
	src/emptied.o \
	src/tidset.o \
	src/tidlist.o \
	src/route.o \
	src/conflict.o \
	src/query.o \
	src/moved.o \
	src/partition.o \
	src/lane.o \
	src/walk.o \
	src/change.o \
	src/cascade.o \
	src/deleted.o \
	src/doomed.o \
	src/answer.o \
	src/rowtext.o \
	src/shape.o \
	src/bin.o \
	src/kept.o \
	src/keeper.o \
	src/altered.o \
	src/keep.o \
	src/fields.o \
	src/putback.o \
	src/restore.o \
	src/show.o \
	src/dump.o \
	src/forecast.o \
	src/preview.o \
	src/preview_drop.o \
	src/tree.o \
	src/definition.o \
	src/arguments.o \
	src/register.o \
	src/remove.o \
	src/cancel.o \
	src/script.o \
	src/convert.o \
	src/watch.o \
	src/objects.o \
	src/dropped.o \
	src/dependents.o \
	src/payload.o \
	src/targets.o \
	src/told.o \
	src/drop.o \
	src/guard.o \
	src/ddl.o \
	src/repair.o

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --inputdir=. --load-extension=hooks
ISOLATION = $(patsubst test/specs/%.spec,%,$(sort $(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --outputdir=output_iso --load-extension=hooks
TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

# Debug builds and -Werror: make COPT=-Werror
PG_CFLAGS = -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(OBJS): $(wildcard $(srcdir)/src/*.h)

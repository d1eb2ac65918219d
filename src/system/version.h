/*
 * version.h
 *		Whether library and extension are of one version, for hooks.check().
 */
#ifndef HOOKS_VERSION_H
#define HOOKS_VERSION_H

#include "postgres.h"

#include "system/findings.h"

extern void hooks_version_find(HookCheckSearch *search);

#endif							/* HOOKS_VERSION_H */

/*
 * vuln_system.h - systems and packages by the names that data have for them (OSV schema,
 * "Defined ecosystems"). Pure.
 */
#ifndef LARDER_TRUST_VULN_SYSTEM_H
#define LARDER_TRUST_VULN_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

#include "trust/contents.h"
#include "trust/package.h"

/* What data call the system that os-release tells of, and Debian's
 * codename ("" of others). */
void vuln_system(const struct contents_os *os, char system[192], char codename[64]);
/* Is it the same system? "Ubuntu:22.04:LTS" is "Ubuntu:22.04"; an ecosystem without
 * release is of all. "Red Hat:enterprise_linux:9::baseos" and the other repositories are
 * "Red Hat:enterprise_linux:9"; what is for subscribers of a minor release ("rhel_eus")
 * is not. "SUSE:Linux Enterprise Module for Basesystem 15 SP6" is part of "SUSE:Linux
 * Enterprise Server 15 SP6", and so is what ends with "15 SP6-LTSS". */
bool vuln_system_is(const char *system, const char *ecosystem);
/* The kind of packages an ecosystem is of. False: of none that is looked for. */
bool vuln_system_kind(const char *ecosystem, enum package_kind *kind);
/* Where a version of rpm begins to say for which module it was built
 * (".module_el8.5.0+71+8f3a675d", ".module+el9.4.0+..."); NULL: for none. */
const char *vuln_system_module(const char *version);
/* A name of PyPI, normalised (PEP 503). False: too long. */
bool vuln_system_python(const char *name, char *out, size_t room);

#endif

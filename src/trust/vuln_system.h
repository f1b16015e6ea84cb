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
 * release is of all. */
bool vuln_system_is(const char *system, const char *ecosystem);
/* The kind of packages an ecosystem is of. False: of none that is looked for. */
bool vuln_system_kind(const char *ecosystem, enum package_kind *kind);
/* A name of PyPI, normalised (PEP 503). False: too long. */
bool vuln_system_python(const char *name, char *out, size_t room);

#endif

/*
 * wanted.h - which files of an image say what is in it, by their paths. Pure.
 *
 * Paths are without "/" at their beginning and end, and without empty, "." and ".."
 * parts.
 */
#ifndef LARDER_TRUST_WANTED_H
#define LARDER_TRUST_WANTED_H

#include <stdbool.h>
#include <stdint.h>

enum wanted {
	WANTED_NOT,
	WANTED_DPKG,
	WANTED_APK,
	WANTED_RPM,	/* rpmdb.sqlite */
	WANTED_RPM_WAL, /* its log */
	WANTED_NDB,	/* rpm's Packages.db */
	WANTED_BDB,	/* rpm's Packages */
	WANTED_RPMLIST,
	WANTED_PYTHON,
	WANTED_OS,     /* os-release */
	WANTED_DEBIAN, /* debian_version */
	WANTED_UNREAD, /* of a package manager that is not read: a gap */
};

enum wanted wanted_path(const char *path);
/* A list of a package's files, as stands beside each of status.d. */
bool wanted_is_list(const char *path);
/* How many bytes of such a file are read. More is a gap; of WANTED_PYTHON, where only the
 * beginning matters, what is beyond is left. */
uint64_t wanted_limit(enum wanted what);
/* Could a link at path lead to one: is a wanted file below it, or it itself? Python
 * distributions may be anywhere, and count only themselves. */
bool wanted_is_way(const char *path);
/* Of WANTED_UNREAD, for people: what it is, and what is missing. */
const char *wanted_unread(const char *path);
/* Is child dir itself or below it? */
bool wanted_below(const char *dir, const char *child);
/* Each path that has a name of its own (not those of Python), for links that lead to it;
 * NULL at the end. */
const char *wanted_at(unsigned i);

#endif

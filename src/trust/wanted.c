/*
 * wanted.c - the table of paths.
 *
 * With /lib a link to usr/lib (as Debian, Fedora and, lately, Alpine have it) a file has
 * two names; both are here, and the layers have one of them as a file. Where rpm's
 * database is has moved: /var/lib/rpm, /usr/lib/sysimage/rpm, and /usr/share/rpm of
 * ostree.
 */
#include "trust/wanted.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "trust/contents.h"

#define STATUS_D "var/lib/dpkg/status.d"
#define PYTHON_BYTES (256u << 10) /* fields come first, the description may be long */
#define OS_BYTES (64u << 10)

struct row {
	const char *path;
	enum wanted what;
};

static const struct row rows[] = {
	{ "var/lib/dpkg/status", WANTED_DPKG },
	{ STATUS_D, WANTED_NOT }, /* a folder: a way */
	{ "lib/apk/db/installed", WANTED_APK },
	{ "usr/lib/apk/db/installed", WANTED_APK },
	{ "var/lib/rpm/rpmdb.sqlite", WANTED_RPM },
	{ "var/lib/rpm/rpmdb.sqlite-wal", WANTED_RPM_WAL },
	{ "var/lib/rpm/Packages", WANTED_BDB },
	{ "var/lib/rpm/Packages.db", WANTED_NDB },
	{ "usr/lib/sysimage/rpm/rpmdb.sqlite", WANTED_RPM },
	{ "usr/lib/sysimage/rpm/rpmdb.sqlite-wal", WANTED_RPM_WAL },
	{ "usr/lib/sysimage/rpm/Packages", WANTED_BDB },
	{ "usr/lib/sysimage/rpm/Packages.db", WANTED_NDB },
	{ "usr/share/rpm/rpmdb.sqlite", WANTED_RPM },
	{ "usr/share/rpm/rpmdb.sqlite-wal", WANTED_RPM_WAL },
	{ "usr/share/rpm/Packages", WANTED_BDB },
	{ "usr/share/rpm/Packages.db", WANTED_NDB },
	{ "var/lib/rpmmanifest/container-manifest-2", WANTED_RPMLIST },
	{ "etc/os-release", WANTED_OS },
	{ "usr/lib/os-release", WANTED_OS },
	{ "etc/debian_version", WANTED_DEBIAN },
	{ "var/lib/pacman/local/ALPM_DB_VERSION", WANTED_UNREAD },
	{ "usr/lib/opkg/status", WANTED_UNREAD },
	{ "var/lib/opkg/status", WANTED_UNREAD },
	{ "nix/var/nix/db/db.sqlite", WANTED_UNREAD },
};

static bool ends(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n > m && strcmp(path + n - m, end) == 0;
}

/* x.dist-info/METADATA, x.egg-info/PKG-INFO, or x.egg-info as a file */
static bool is_python(const char *path)
{
	return ends(path, ".dist-info/METADATA") || ends(path, ".egg-info/PKG-INFO") ||
	       ends(path, ".egg-info");
}

/* The history of an environment of conda's; a distribution as a zip file. */
static bool is_unread(const char *path)
{
	return ends(path, "/conda-meta/history") || ends(path, ".egg");
}

bool wanted_is_list(const char *path)
{
	return ends(path, ".md5sums") || ends(path, ".list");
}

/* Images without dpkg have a file a package, and lists of its files beside it. */
static bool is_status_d(const char *path)
{
	const char *name = path + sizeof(STATUS_D);

	return wanted_below(STATUS_D, path) && path[sizeof(STATUS_D) - 1] == '/' &&
	       strchr(name, '/') == NULL && !wanted_is_list(name);
}

enum wanted wanted_path(const char *path)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(path, rows[i].path) == 0)
			return rows[i].what;
	if (is_status_d(path))
		return WANTED_DPKG;
	if (is_python(path))
		return WANTED_PYTHON;
	return is_unread(path) ? WANTED_UNREAD : WANTED_NOT;
}

uint64_t wanted_limit(enum wanted what)
{
	switch (what) {
	case WANTED_DPKG:
	case WANTED_APK:
	case WANTED_RPMLIST:
		return CONTENTS_MAX_DATABASE;
	case WANTED_RPM:
	case WANTED_RPM_WAL:
	case WANTED_NDB:
	case WANTED_BDB:
		return CONTENTS_MAX_RPM;
	case WANTED_PYTHON:
		return PYTHON_BYTES;
	case WANTED_OS:
	case WANTED_DEBIAN:
		return OS_BYTES;
	case WANTED_NOT:
	case WANTED_UNREAD:
		break;
	}
	return 0;
}

bool wanted_below(const char *dir, const char *child)
{
	size_t n = strlen(dir);

	return strncmp(dir, child, n) == 0 && (child[n] == '\0' || child[n] == '/');
}

bool wanted_is_way(const char *path)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		if (wanted_below(path, rows[i].path))
			return true;
	return wanted_path(path) != WANTED_NOT;
}

const char *wanted_at(unsigned i)
{
	return i < ARRAY_LEN(rows) ? rows[i].path : NULL;
}

const char *wanted_unread(const char *path)
{
	if (ends(path, "/conda-meta/history"))
		return "an environment of conda, whose database is not read: of its "
		       "packages only the Python ones are here";
	if (ends(path, ".egg"))
		return "a Python distribution as a zip file, which is not read";
	return "the database of a package manager that is not read: its packages are "
	       "missing here";
}

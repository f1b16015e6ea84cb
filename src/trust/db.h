/*
 * db.h - the databases of package managers as text or bytes, read into packages. Pure: no
 * files, no archives. Any bytes may be given.
 *
 * What cannot be read of a database is left out and counted; the rest is given. Only what
 * is against a limit (ERR_LIMIT), or no such database at all (ERR_INVALID), fails. Any
 * thread.
 */
#ifndef LARDER_TRUST_DB_H
#define LARDER_TRUST_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "trust/package.h"

struct db_out {
	struct packages *list; /* what was found is added, in the order of the database */
	struct view path;      /* of the database, for each package */
	size_t layer;
	size_t flaws;	/* packages that could not be read */
	char flaw[200]; /* the first: where, and why */
};

/* dpkg's status, or one file of status.d as images without dpkg have it (deb-control(5),
 * dpkg-query(1)): every package of which files are or may be there, that is all but those
 * not installed or of which only the configuration is left. */
int db_dpkg_read(struct view text, struct db_out *out, struct err *e);
/* apk's installed (apk-package(5), the v2 index letters). */
int db_apk_read(struct view text, struct db_out *out, struct err *e);
/* METADATA of a wheel or PKG-INFO of an egg (PyPA core metadata): one distribution. */
int db_python_read(struct view text, struct db_out *out, struct err *e);
/* rpm's rpmdb.sqlite, with what its write-ahead log says beside it (empty: there is
 * none). db is changed: the log is put into it. gpg-pubkey entries are keys, and left
 * out. */
int db_rpm_read(struct buf *db, struct view wal, struct db_out *out, struct err *e);
/* rpm's other kinds: Packages.db (ndb), and Packages in Berkeley DB's format, of either
 * order of bytes. */
int db_ndb_read(struct view file, struct db_out *out, struct err *e);
int db_bdb_read(struct view file, struct db_out *out, struct err *e);
/* One header of rpm's (see db_rpm.c). */
int db_rpm_header(struct view blob, struct db_out *out, struct err *e);
/* container-manifest-2 of images without rpm (Azure Linux): a line a package, fields
 * separated by tabs: name, version-release, two times, vendor, "(none)", size,
 * architecture, epoch, source rpm. */
int db_rpmlist_read(struct view text, struct db_out *out, struct err *e);

uint32_t db_be32(const char *p);
uint32_t db_le32(const char *p);
/* For the readers: one package could not be read. at: where in text. */
void db_flaw(struct db_out *out, struct view text, const char *at, const char *why);
/* Adds found, with path and layer. Without name or version, or with too long ones, it is
 * a flaw. ERR_LIMIT. */
int db_add(struct db_out *out, struct package_found *found, struct view text,
	   const char *at, struct err *e);
/* The next line of *text, which it loses; without "\n" or "\r\n". False: no more. */
bool db_line(struct view *text, struct view *line);
/* "name: value" of a paragraph; lines that continue one are passed over. False: at its
 * end (an empty line, which is taken, or the end of the text). A line that is no field
 * gives an empty name. */
bool db_field(struct view *text, struct view *name, struct view *value);
/* "bash-5.2.15-3.fc38.src.rpm": the source package and [epoch:]version-release into room,
 * both empty where it is no such name. */
void db_source_rpm(struct view file, struct view epoch, struct view *name,
		   struct buf *version);

#endif

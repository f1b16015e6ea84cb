/*
 * db_rpm.c - rpm's database of the kind SQLite (lib/backend/sqlite.c: Packages(hnum,
 * blob)), and the headers in it.
 *
 * A header (rpm's docs/manual/format_header.md): number of entries and bytes of data,
 * both big-endian 32 bits, then entries of tag, type, offset in the data, and count, then
 * the data. Not what packages begin with: there is no magic here.
 */
#include "trust/db.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "codec/sqlread.h"

#define ENTRIES_MAX 65535 /* rpm's own limit */
#define HEADER_MAX_BYTES (64u << 20)
#define ENTRY_BYTES 16

enum tag {
	TAG_NAME = 1000,
	TAG_VERSION = 1001,
	TAG_RELEASE = 1002,
	TAG_EPOCH = 1003,
	TAG_LICENSE = 1014,
	TAG_ARCH = 1022,
	TAG_SOURCERPM = 1044,
};
enum { TYPE_INT32 = 4, TYPE_STRING = 6, TYPE_STRINGS = 8, TYPE_I18N = 9 };

struct header {
	struct view entries, data;
};

static bool open_header(struct view blob, struct header *h)
{
	uint32_t n, bytes;

	if (blob.n < 8)
		return false;
	n = db_be32(blob.p);
	bytes = db_be32(blob.p + 4);
	if (n == 0 || n > ENTRIES_MAX || (blob.n - 8) / ENTRY_BYTES < n ||
	    blob.n - 8 - (size_t)n * ENTRY_BYTES < bytes)
		return false;
	h->entries = (struct view){ blob.p + 8, (size_t)n * ENTRY_BYTES };
	h->data = (struct view){ h->entries.p + h->entries.n, bytes };
	return true;
}

/* The data from where the tag's begins; empty: it is not there. */
static struct view find(const struct header *h, enum tag tag, uint32_t *type)
{
	size_t i;

	for (i = 0; i < h->entries.n; i += ENTRY_BYTES) {
		const char *p = h->entries.p + i;
		uint32_t offset = db_be32(p + 8);

		if (db_be32(p) != (uint32_t)tag)
			continue;
		*type = db_be32(p + 4);
		if (offset >= h->data.n || db_be32(p + 12) == 0)
			break;
		return (struct view){ h->data.p + offset, h->data.n - offset };
	}
	return (struct view){ NULL, 0 };
}

static struct view text_of(const struct header *h, enum tag tag)
{
	uint32_t type = 0;
	struct view v = find(h, tag, &type);
	const char *end = v.n > 0 ? memchr(v.p, '\0', v.n) : NULL;

	if (end == NULL ||
	    (type != TYPE_STRING && type != TYPE_STRINGS && type != TYPE_I18N))
		return (struct view){ NULL, 0 };
	return (struct view){ v.p, (size_t)(end - v.p) };
}

static int version_of(const struct header *h, struct view epoch, struct buf *out)
{
	struct view version = text_of(h, TAG_VERSION), release = text_of(h, TAG_RELEASE);

	if (version.n == 0)
		return 0; /* a flaw: see db_add */
	if ((epoch.n > 0 &&
	     (buf_add(out, epoch.p, epoch.n) != 0 || buf_adds(out, ":") != 0)) ||
	    buf_add(out, version.p, version.n) != 0)
		return -1;
	if (release.n > 0 &&
	    (buf_adds(out, "-") != 0 || buf_add(out, release.p, release.n) != 0))
		return -1;
	return 0;
}

static void epoch_of(const struct header *h, struct buf *out)
{
	uint32_t type = 0;
	struct view v = find(h, TAG_EPOCH, &type);

	if (v.n >= 4 && type == TYPE_INT32)
		buf_addf(out, "%" PRIu32, db_be32(v.p));
}

/* The name of a source package tells no epoch; it is nearly always that of what is built
 * from it. */
int db_rpm_header(struct view blob, struct db_out *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf version = BUF_INIT(2 * PACKAGE_TEXT_MAX);
	CLEANUP(buf_done)
	struct buf source = BUF_INIT(2 * PACKAGE_TEXT_MAX);
	CLEANUP(buf_done)
	struct buf epoch = BUF_INIT(16);
	struct package_found f = { .kind = PACKAGE_RPM };
	const struct view nowhere = { NULL, 0 };
	struct header h;

	if (!open_header(blob, &h)) {
		db_flaw(out, nowhere, NULL, "a header that is cut or damaged");
		return 0;
	}
	f.name = text_of(&h, TAG_NAME);
	if (view_is(f.name, "gpg-pubkey"))
		return 0;
	epoch_of(&h, &epoch);
	if (version_of(&h, buf_view(&epoch), &version) != 0) {
		db_flaw(out, nowhere, NULL, "a package whose version is too long");
		return 0;
	}
	f.version = buf_view(&version);
	f.arch = text_of(&h, TAG_ARCH);
	f.license = text_of(&h, TAG_LICENSE);
	db_source_rpm(text_of(&h, TAG_SOURCERPM), buf_view(&epoch), &f.source, &source);
	f.source_version = buf_view(&source);
	return db_add(out, &f, nowhere, NULL, e);
}

static int on_blob(void *arg, struct view blob, struct err *e)
{
	return db_rpm_header(blob, arg, e);
}

int db_rpm_read(struct buf *db, struct view wal, struct db_out *out, struct err *e)
{
	struct err why = { 0 };

	if (sqlread_wal(db, wal, &why) != 0) /* too large for us is none that is read */
		return err_set(e, ERR_INVALID, "%s", why.msg);
	return sqlread_blobs(db, "SELECT blob FROM Packages ORDER BY hnum",
			     HEADER_MAX_BYTES, on_blob, out, e);
}

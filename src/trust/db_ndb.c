/*
 * db_ndb.c - rpm's database of the kind ndb (SUSE), its file Packages.db.
 *
 * All numbers are little-endian 32 bits. Pages of slots of 16 bytes, the first two of
 * which are the file's header: magic "RpmP", version 0, generation, number of pages of
 * slots. A slot: "Slot", number of the package, where its blob begins, and how long that
 * is, both in blocks of 16 bytes; without a beginning it is free. A blob: "BlbS", number
 * of the package, generation, bytes; then a header as in db_rpm.c; then a checksum, the
 * bytes again, "BlbE".
 */
#include "trust/db.h"

#include <inttypes.h>
#include <string.h>

#define PAGE_BYTES 4096
#define SLOT_BYTES 16
#define BLOCK_BYTES 16
#define HEAD_BYTES 32 /* two slots */
#define BLOB_HEAD 16
#define BLOB_TAIL 12

static bool is(const char *p, const char *magic)
{
	return memcmp(p, magic, 4) == 0;
}

/* The blob of a slot; empty: there is none where it says. */
static struct view blob_of(struct view file, const char *slot)
{
	uint64_t begin = (uint64_t)db_le32(slot + 8) * BLOCK_BYTES;
	uint64_t room = (uint64_t)db_le32(slot + 12) * BLOCK_BYTES;
	const char *p;
	uint64_t n;

	if (begin > file.n || room > file.n - begin || room < BLOB_HEAD + BLOB_TAIL)
		return (struct view){ NULL, 0 };
	p = file.p + begin;
	if (!is(p, "BlbS") || db_le32(p + 4) != db_le32(slot + 4))
		return (struct view){ NULL, 0 };
	n = db_le32(p + 12);
	if (n > room - BLOB_HEAD - BLOB_TAIL)
		return (struct view){ NULL, 0 };
	return (struct view){ p + BLOB_HEAD, (size_t)n };
}

/* Slots that share a blob would make more of the file than it is. */
static int read_slots(struct view file, size_t slots, struct db_out *out, struct err *e)
{
	size_t i, left = file.n;

	for (i = HEAD_BYTES; i < slots; i += SLOT_BYTES) {
		const char *slot = file.p + i;
		struct view blob;

		if (!is(slot, "Slot"))
			return err_set(e, ERR_INVALID, "an ndb database that is damaged");
		if (db_le32(slot + 8) == 0)
			continue;
		blob = blob_of(file, slot);
		if (blob.n > left)
			return err_set(e, ERR_INVALID,
				       "an ndb database that says more than it holds");
		left -= blob.n;
		if (db_rpm_header(blob, out, e) != 0)
			return -1;
	}
	return 0;
}

int db_ndb_read(struct view file, struct db_out *out, struct err *e)
{
	uint64_t slots;

	if (file.n < PAGE_BYTES || !is(file.p, "RpmP") || db_le32(file.p + 4) != 0)
		return err_set(e, ERR_INVALID, "it is no ndb database");
	slots = (uint64_t)db_le32(file.p + 12) * PAGE_BYTES;
	if (slots > file.n)
		return err_set(e, ERR_INVALID, "an ndb database that is cut");
	return read_slots(file, (size_t)slots, out, e);
}

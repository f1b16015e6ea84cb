/*
 * zip.c - the directory of a zip by its own format; content by libarchive's gzip filter,
 * which takes what "deflate" has packed once it has gzip's first and last bytes. (Its own
 * reader of zips brings LZMA and bzip2, and keeps the whole directory in memory.)
 */
#include "codec/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

#define STEP_BYTES 65536
#define NAME_BYTES 4096
#define EXTRA_BYTES 65535

#define LOCAL_BYTES 30	 /* 4.3.7 */
#define CENTRAL_BYTES 46 /* 4.3.12 */
#define END64_BYTES 56	 /* 4.3.14 */
#define LOCATOR_BYTES 20 /* 4.3.15 */
#define END_BYTES 22	 /* 4.3.16 */
#define COMMENT_BYTES 65535

#define METHOD_STORED 0
#define METHOD_DEFLATED 8
#define FLAG_ENCRYPTED 1

struct zip_reader {
	int fd;
	uint64_t size; /* of the file */
	uint64_t at;   /* in the directory */
	uint64_t left; /* entries */
	uint64_t out;  /* bytes that came of it so far */
	/* the present entry */
	unsigned method, flags;
	uint32_t crc;
	uint64_t packed, unpacked, place;
	bool usable; /* those three are known */
	char name[NAME_BYTES];
	unsigned char extra[EXTRA_BYTES];
};

static unsigned le16(const unsigned char *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static uint32_t le32(const unsigned char *p)
{
	return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

static uint64_t le64(const unsigned char *p)
{
	return (uint64_t)le32(p) | (uint64_t)le32(p + 4) << 32;
}

static uint32_t crc32_of(const char *p, size_t n)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c
	};
	uint32_t crc = 0xffffffff;
	size_t i;

	for (i = 0; i < n; i++) {
		crc ^= (unsigned char)p[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

static int damaged(struct err *e, const char *what)
{
	return err_set(e, ERR_INVALID, "the zip is cut or damaged: %s", what);
}

/* All n bytes at off. */
static int read_at(struct zip_reader *r, void *p, size_t n, uint64_t off, struct err *e)
{
	size_t got = 0;

	if (off > r->size || r->size - off < n)
		return damaged(e, "something of it lies beyond its end");
	if (fs_pread(r->fd, p, n, off, &got, e) != 0)
		return err_add(e, "reading a zip");
	return got == n ? 0 : damaged(e, "it ends too early");
}

/* Where the last record begins. */
static int find_end(struct zip_reader *r, uint64_t *out, struct err *e)
{
	size_t n = r->size < COMMENT_BYTES + END_BYTES ? (size_t)r->size
						       : COMMENT_BYTES + END_BYTES;
	CLEANUP(mem_freep)
	unsigned char *p = mem_alloc(n + 1);
	size_t i;

	if (read_at(r, p, n, r->size - n, e) != 0)
		return -1;
	for (i = n < END_BYTES ? 0 : n - END_BYTES + 1; i-- > 0;)
		if (memcmp(p + i, "PK\5\6", 4) == 0 &&
		    i + END_BYTES + le16(p + i + 20) == n) {
			*out = r->size - n + i;
			return 0;
		}
	return err_set(e, ERR_INVALID,
		       "it is no zip, or cut: its last record is missing");
}

/* zip64's, where there is one. */
static int read_end64(struct zip_reader *r, uint64_t end, struct err *e)
{
	unsigned char p[END64_BYTES];

	if (end < LOCATOR_BYTES ||
	    read_at(r, p, LOCATOR_BYTES, end - LOCATOR_BYTES, e) != 0 ||
	    memcmp(p, "PK\6\7", 4) != 0)
		return damaged(e, "its numbers are missing");
	if (read_at(r, p, END64_BYTES, le64(p + 8), e) != 0)
		return -1;
	if (memcmp(p, "PK\6\6", 4) != 0)
		return damaged(e, "its numbers are missing");
	r->left = le64(p + 32);
	r->at = le64(p + 48);
	return 0;
}

static int read_end(struct zip_reader *r, struct err *e)
{
	unsigned char p[END_BYTES];
	uint64_t end = 0;

	if (find_end(r, &end, e) != 0 || read_at(r, p, END_BYTES, end, e) != 0)
		return -1;
	if (le16(p + 4) != 0 && le16(p + 4) != 0xffff)
		return err_set(e, ERR_INVALID, "the zip is one of several parts");
	r->left = le16(p + 10);
	r->at = le32(p + 16);
	if ((r->left == 0xffff || r->at == 0xffffffff) && read_end64(r, end, e) != 0)
		return -1;
	if (r->left > ZIP_MAX_ENTRIES)
		return err_set(e, ERR_LIMIT, "the zip has more than %d entries",
			       ZIP_MAX_ENTRIES);
	return 0;
}

struct zip_reader *zip_reader_new(int fd, struct err *e)
{
	struct zip_reader *r = mem_alloc(sizeof(*r));
	struct stat st;

	r->fd = fd;
	if (fstat(fd, &st) != 0) {
		err_errno(e, "reading a zip");
		free(r);
		return NULL;
	}
	r->size = (uint64_t)st.st_size;
	if (read_end(r, e) != 0) {
		free(r);
		return NULL;
	}
	return r;
}

void zip_reader_free(struct zip_reader *r)
{
	free(r);
}

void zip_reader_freep(struct zip_reader **r)
{
	zip_reader_free(*r);
}

/* Numbers that did not fit stand in the extra field, in this order (4.5.3). */
static bool read_large(struct zip_reader *r, size_t n)
{
	uint64_t *const want[] = { &r->unpacked, &r->packed, &r->place };
	size_t i, k, at, length;

	for (i = 0; i + 4 <= n; i += 4 + length) {
		length = le16(r->extra + i + 2);
		if (length > n - i - 4)
			return false;
		if (le16(r->extra + i) != 1)
			continue;
		at = i + 4;
		for (k = 0; k < ARRAY_LEN(want); k++) {
			if (*want[k] != 0xffffffff)
				continue;
			if (at + 8 > i + 4 + length)
				return false;
			*want[k] = le64(r->extra + at);
			at += 8;
		}
		return true;
	}
	return false;
}

static int read_entry(struct zip_reader *r, struct err *e)
{
	unsigned char p[CENTRAL_BYTES];
	size_t name, extra;

	if (read_at(r, p, sizeof(p), r->at, e) != 0)
		return -1;
	if (memcmp(p, "PK\1\2", 4) != 0)
		return damaged(e, "an entry of its directory");
	r->flags = le16(p + 8);
	r->method = le16(p + 10);
	r->crc = le32(p + 16);
	r->packed = le32(p + 20);
	r->unpacked = le32(p + 24);
	r->place = le32(p + 42);
	name = le16(p + 28);
	extra = le16(p + 30);
	r->name[0] = '\0';
	if (name < sizeof(r->name)) { /* a longer one is nobody's */
		if (read_at(r, r->name, name, r->at + CENTRAL_BYTES, e) != 0)
			return -1;
		r->name[name] = '\0';
	}
	if (read_at(r, r->extra, extra, r->at + CENTRAL_BYTES + name, e) != 0)
		return -1;
	r->usable = (r->packed != 0xffffffff && r->unpacked != 0xffffffff &&
		     r->place != 0xffffffff) ||
		    read_large(r, extra);
	r->at += CENTRAL_BYTES + name + extra + le16(p + 32);
	return 0;
}

static bool is_file(const struct zip_reader *r)
{
	size_t n = strlen(r->name);

	return n > 0 && r->name[n - 1] != '/';
}

int zip_reader_next(struct zip_reader *r, const char **name, struct err *e)
{
	while (r->left > 0) {
		if (r->out > ZIP_BOMB_FREE && r->out / ZIP_BOMB_TIMES > r->size)
			return err_set(e, ERR_LIMIT,
				       "the zip unpacks to more than %d times its size",
				       ZIP_BOMB_TIMES);
		if (read_entry(r, e) != 0)
			return -1;
		r->left--;
		if (!is_file(r))
			continue;
		*name = r->name;
		return 1;
	}
	return 0;
}

/* Packed bytes as a gzip's. */
struct gzip {
	struct zip_reader *r;
	uint64_t at, end; /* in the file */
	bool begun, over;
	unsigned char piece[STEP_BYTES];
};

static la_ssize_t on_piece(struct archive *a, void *arg, const void **out)
{
	/* RFC 1952, 2.3: deflate, no flags, no time */
	static const unsigned char head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
	struct gzip *g = arg;
	size_t n = g->end - g->at < STEP_BYTES ? (size_t)(g->end - g->at) : STEP_BYTES;

	*out = g->piece;
	if (!g->begun) {
		g->begun = true;
		*out = head;
		return sizeof(head);
	}
	if (n > 0) {
		if (read_at(g->r, g->piece, n, g->at, NULL) != 0)
			return -1;
		g->at += n;
		return (la_ssize_t)n;
	}
	if (g->over)
		return 0;
	g->over = true;
	memset(g->piece, 0, 8); /* checksum and size: compared by us */
	return 8;
}

static int inflate_to(struct archive *a, struct zip_reader *r, struct buf *out,
		      struct err *e)
{
	struct archive_entry *entry;
	la_ssize_t n = 0;

	if (archive_read_next_header(a, &entry) != ARCHIVE_OK)
		return err_set(e, ERR_INVALID, "it is damaged");
	while (out->n < r->unpacked) {
		uint64_t left = r->unpacked - out->n;
		size_t want = left < STEP_BYTES ? (size_t)left : STEP_BYTES;
		char *room = buf_room(out, want);

		n = room != NULL ? archive_read_data(a, room, want) : -1;
		if (n <= 0)
			break;
		buf_grew(out, (size_t)n);
	}
	return out->n == r->unpacked ? 0 : err_set(e, ERR_INVALID, "it is damaged");
}

static int inflate(struct zip_reader *r, uint64_t from, struct buf *out, struct err *e)
{
	CLEANUP(mem_freep)
	struct gzip *g = mem_alloc(sizeof(*g));
	struct archive *a = archive_read_new();
	int rc;

	if (a == NULL)
		abort(); /* as mem_alloc */
	*g = (struct gzip){ .r = r, .at = from, .end = from + r->packed };
	archive_read_support_filter_gzip(a);
	archive_read_support_format_raw(a);
	rc = archive_read_open(a, g, NULL, on_piece, NULL) != ARCHIVE_OK
		     ? err_set(e, ERR_INVALID, "it is damaged")
		     : inflate_to(a, r, out, e);
	archive_read_free(a);
	return rc;
}

static int stored(struct zip_reader *r, uint64_t from, struct buf *out, struct err *e)
{
	char *room = buf_room(out, (size_t)r->unpacked);

	if (r->packed != r->unpacked || room == NULL)
		return err_set(e, ERR_INVALID, "it is damaged");
	if (read_at(r, room, (size_t)r->unpacked, from, e) != 0)
		return -1;
	buf_grew(out, (size_t)r->unpacked);
	return 0;
}

int zip_reader_content(struct zip_reader *r, struct buf *out, struct err *e)
{
	unsigned char p[LOCAL_BYTES];
	uint64_t from;

	buf_clear(out);
	if (!r->usable)
		return err_set(e, ERR_INVALID, "its size is missing");
	if ((r->flags & FLAG_ENCRYPTED) != 0)
		return err_set(e, ERR_INVALID, "it is encrypted");
	if (r->method != METHOD_STORED && r->method != METHOD_DEFLATED)
		return err_set(e, ERR_INVALID, "it is packed in an unknown way (%u)",
			       r->method);
	if (r->unpacked > out->limit)
		return err_set(e, ERR_LIMIT, "larger than %zu bytes", out->limit);
	if (read_at(r, p, sizeof(p), r->place, e) != 0)
		return -1;
	from = r->place + LOCAL_BYTES + le16(p + 26) + le16(p + 28);
	if (memcmp(p, "PK\3\4", 4) != 0 || from > r->size || r->size - from < r->packed)
		return err_set(e, ERR_INVALID, "it is not where the directory says");
	r->out += r->unpacked;
	if (r->unpacked > 0 &&
	    (r->method == METHOD_STORED ? stored(r, from, out, e)
					: inflate(r, from, out, e)) != 0)
		return -1;
	if (crc32_of(buf_str(out), out->n) != r->crc)
		return err_set(e, ERR_INVALID, "it is damaged: its checksum is another");
	return 0;
}

/*
 * db_bdb.c - rpm's database in Berkeley DB's format (RHEL 8 and before), its file
 * Packages: a hash of numbers to headers (db_rpm.c).
 *
 * The first page describes the file: at 12 the magic, whose order of bytes is that of all
 * numbers, at 20 the size of pages, at 32 the last page. A page: at 8 its number, at 16
 * the next of a chain, at 20 how many items, at 22 where free space begins (of an
 * overflow page: how much it holds), at 25 its type, at 26 where in the page each item
 * begins. Items are put in from the page's end, keys and values by turns: a byte that
 * says "here it is", or (at 4 and 8) the first page of a chain and its length. All pages
 * are looked at, in order, whatever bucket they are of.
 */
#include "trust/db.h"

#include <string.h>

#include "base/mem.h"

#define META_BYTES 512
#define PAGE_HEAD 26
#define MAGIC 0x00061561u
#define HEADER_MAX_BYTES (64u << 20)

enum { HASH_UNSORTED = 2, OVERFLOW_PAGE = 7, HASH_SORTED = 13 }; /* types of pages */
enum { ITEM_HERE = 1, ITEM_CHAIN = 3 };

struct bdb {
	struct view file;
	bool big;
	size_t page, pages;
	size_t left; /* bytes that values may still have: those of the file in all */
};

static uint32_t u32(const struct bdb *b, const char *p)
{
	return b->big ? db_be32(p) : db_le32(p);
}

static size_t u16(const struct bdb *b, const char *p)
{
	const unsigned char *c = (const unsigned char *)p;

	return b->big ? (size_t)c[0] << 8 | c[1] : (size_t)c[1] << 8 | c[0];
}

static const char *page_at(const struct bdb *b, size_t i)
{
	return b->file.p + i * b->page;
}

static int begin(struct bdb *b, struct err *e)
{
	if (b->file.n < META_BYTES ||
	    (db_le32(b->file.p + 12) != MAGIC && db_be32(b->file.p + 12) != MAGIC))
		return err_set(e, ERR_INVALID, "it is no hash of Berkeley DB");
	b->big = db_be32(b->file.p + 12) == MAGIC;
	b->page = u32(b, b->file.p + 20);
	b->pages = (size_t)u32(b, b->file.p + 32) + 1;
	if (b->page < META_BYTES || b->page > 65536 || (b->page & (b->page - 1)) != 0 ||
	    b->file.n / b->page < b->pages)
		return err_set(e, ERR_INVALID, "a Berkeley DB that is cut or damaged");
	return 0;
}

/* The bytes of a chain of overflow pages, each of which holds something. */
static bool chain(const struct bdb *b, size_t first, size_t n, struct buf *out)
{
	size_t i = first;

	if (n > HEADER_MAX_BYTES)
		return false;
	while (out->n < n) {
		const char *p;
		size_t here;

		if (i == 0 || i >= b->pages)
			return false;
		p = page_at(b, i);
		here = u16(b, p + 22);
		if (p[25] != OVERFLOW_PAGE || here == 0 || here > b->page - PAGE_HEAD ||
		    here > n - out->n || buf_add(out, p + PAGE_HEAD, here) != 0)
			return false;
		i = u32(b, p + 16);
	}
	return true;
}

/* Item i of a page, which ends where the one before it begins; empty: damaged. */
static struct view item(const struct bdb *b, const char *page, size_t i)
{
	const char *at = page + PAGE_HEAD + 2 * i;
	size_t begins = u16(b, at);
	size_t ends = i == 0 ? b->page : u16(b, at - 2);

	if (begins < PAGE_HEAD || begins >= ends || ends > b->page)
		return (struct view){ NULL, 0 };
	return (struct view){ page + begins, ends - begins };
}

static int value(struct bdb *b, struct view v, struct db_out *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf whole = BUF_INIT(HEADER_MAX_BYTES);
	const struct view nowhere = { NULL, 0 };
	struct view blob = nowhere;

	if (v.n > 0 && *v.p == ITEM_HERE)
		blob = (struct view){ v.p + 1, v.n - 1 };
	if (v.n == 12 && *v.p == ITEM_CHAIN) {
		if (!chain(b, u32(b, v.p + 4), u32(b, v.p + 8), &whole)) {
			db_flaw(out, nowhere, NULL, "a header whose pages are damaged");
			return 0;
		}
		blob = buf_view(&whole);
	} else if (v.n == 0 || *v.p != ITEM_HERE) {
		db_flaw(out, nowhere, NULL, "an entry that is damaged");
		return 0;
	}
	if (blob.n > b->left)
		return err_set(e, ERR_INVALID,
			       "a Berkeley DB that says more than it holds");
	b->left -= blob.n;
	return db_rpm_header(blob, out, e);
}

/* Number 0 is no package, but the last number that was given. */
static bool is_counter(struct view key)
{
	return key.n == 5 && *key.p == ITEM_HERE && memcmp(key.p + 1, "\0\0\0\0", 4) == 0;
}

static int read_page(struct bdb *b, const char *page, struct db_out *out, struct err *e)
{
	size_t i, n = u16(b, page + 20);

	if (n > (b->page - PAGE_HEAD) / 2)
		return err_set(e, ERR_INVALID, "a Berkeley DB with a damaged page");
	for (i = 0; i + 1 < n; i += 2)
		if (!is_counter(item(b, page, i)) &&
		    value(b, item(b, page, i + 1), out, e) != 0)
			return -1;
	return 0;
}

int db_bdb_read(struct view file, struct db_out *out, struct err *e)
{
	struct bdb b = { .file = file, .left = file.n };
	size_t i;

	if (begin(&b, e) != 0)
		return -1;
	for (i = 1; i < b.pages; i++) {
		const char *page = page_at(&b, i);

		if ((page[25] == HASH_SORTED || page[25] == HASH_UNSORTED) &&
		    read_page(&b, page, out, e) != 0)
			return -1;
	}
	return 0;
}

/*
 * note.c - content, a line feed, 16 digits of the content's SHA-256, a line feed.
 */
#include "store/note.h"

#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "oci/digest.h"
#include "store/layout.h"

#define CHECK_DIGITS 16
#define CHECK_BYTES (CHECK_DIGITS + 2)

static void make_check(struct view content, char out[CHECK_BYTES])
{
	char hex[DIGEST_HEX_MAX];
	struct digest d;

	digest_of(HASH_SHA256, content.p, content.n, &d);
	digest_hex(&d, hex);
	out[0] = '\n';
	memcpy(out + 1, hex, CHECK_DIGITS);
	out[CHECK_BYTES - 1] = '\n';
}

static void make_text(struct view content, struct buf *text)
{
	char check[CHECK_BYTES];

	make_check(content, check);
	buf_init(text, content.n + CHECK_BYTES);
	buf_add(text, content.p, content.n);
	buf_add(text, check, sizeof(check));
}

int note_write(struct store *s, const char *path, struct view content, bool durable,
	       struct err *e)
{
	CLEANUP(buf_done)
	struct buf text;

	make_text(content, &text);
	return fs_write(s->dirfd, LAYOUT_TMP, path, text.p, text.n, durable, e);
}

int note_write_whole(struct store *s, const char *path, struct view content,
		     struct err *e)
{
	CLEANUP(buf_done)
	struct buf text;
	layout_path temp;
	CLEANUP(mem_closep)
	int fd = fs_temp(s->dirfd, LAYOUT_TMP, temp, sizeof(temp), e);

	make_text(content, &text);
	if (fd < 0)
		return err_add(e, "%s", path);
	if (fs_pwrite_all(fd, text.p, text.n, 0, e) == 0 && fs_sync(fd, e) == 0 &&
	    fs_place(s->dirfd, temp, path, FS_REPLACE, false, e) == 0)
		return 0;
	fs_unlink(s->dirfd, temp, NULL);
	return err_add(e, "%s", path);
}

int note_read(struct store *s, const char *path, struct buf *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(out->limit - out->n + CHECK_BYTES);
	char check[CHECK_BYTES];
	struct view content;

	if (fs_read(s->dirfd, path, &text, e) != 0)
		return -1;
	if (text.n < CHECK_BYTES)
		return err_set(e, ERR_CORRUPT, "%s is cut short", path);
	content = (struct view){ text.p, text.n - CHECK_BYTES };
	make_check(content, check);
	if (memcmp(text.p + content.n, check, sizeof(check)) != 0)
		return err_set(e, ERR_CORRUPT, "%s does not match its check", path);
	if (buf_add(out, content.p, content.n) != 0)
		return err_set(e, ERR_LIMIT, "%s is too large", path);
	return 0;
}

/*
 * scrub_quarantine.c - what lies in quarantine, hashed once more: a disk, a cable or a
 * memory may have been wrong where the bytes were not. What is right gets its name back.
 */
#include "store/scrub_impl.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/blob.h"
#include "store/keep.h"
#include "store/quarantine.h"
#include "store/room.h"

/* Over what may have the name by now: both are right. */
static int put_back(struct store *s, const struct digest *d, int fd, uint64_t bytes,
		    struct err *e)
{
	layout_path from, to;
	struct stat st;
	uint64_t was = 0, now = 0;
	int rc;

	layout_quarantine(from, d);
	layout_blob(to, d);
	keep_file(fd);
	if (fs_sync(fd, e) != 0)
		return -1;
	room_blob_begin(s, d);
	if (fstatat(s->dirfd, to, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
		was = (uint64_t)st.st_size;
	rc = room_take(s, bytes, e);
	if (rc == 0) {
		rc = fs_place(s->dirfd, from, to, FS_REPLACE, true, e);
		if (fstatat(s->dirfd, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
			now = (uint64_t)st.st_size;
		/* Its name may be there though the disk did not say so. */
		room_sub(s, rc == 0 ? was : was + bytes - now);
	}
	room_blob_end(s, d, (int64_t)now - (int64_t)(rc == 0 || now > 0 ? was : 0));
	return rc;
}

static void tell(struct scrub *r, const struct digest *d, int fd, uint64_t bytes)
{
	struct err why;
	layout_path path;
	bool did = false;
	char text[DIGEST_TEXT_MAX];

	layout_quarantine(path, d);
	digest_text(d, text);
	if (r->ask->look)
		marks_add(r->right, d);
	else
		did = put_back(r->s, d, fd, bytes, &why) == 0;
	if (!r->ask->look && !did)
		log_event(LOG_WARN, "scrub.not_put_back", LS("digest", text),
			  LS("error", why.msg));
	scrub_tell(
		r, SCRUB_CORRUPT, scrub_mended(r, did), false, path,
		"it lay in quarantine, and its bytes are right: the disk, its cable or "
		"the memory was wrong then");
}

static int look_at(void *arg, const struct quarantined *q, struct err *e)
{
	struct scrub *r = arg;
	CLEANUP(mem_closep)
	int fd = -1;
	layout_path path;
	struct stat st;
	bool right = false;

	layout_quarantine(path, &q->digest);
	/* One that somebody has brought again is forgotten by who looks at wounds. */
	if (q->bytes == 0 || blob_exists(r->s, &q->digest, NULL))
		return 0;
	fd = openat(r->s->dirfd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	if (scrub_blobs_is(r, fd, (uint64_t)st.st_size, &q->digest, &right, e) != 0)
		return -1;
	if (right)
		tell(r, &q->digest, fd, (uint64_t)st.st_size);
	return 0;
}

int scrub_quarantine(struct scrub *r, struct err *e)
{
	return quarantine_each(r->s, look_at, r, e);
}

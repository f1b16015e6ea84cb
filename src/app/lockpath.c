/*
 * lockpath.c - reading and writing lock files. No state.
 */
#include "app/lockpath.h"

#include <fcntl.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/output.h"
#include "mirror/named.h"

#define WARNED_MOST 20

int lockpath_read(const char *path, struct lockfile *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(LOCKFILE_MAX_BYTES);
	struct err why;

	if (fs_read(AT_FDCWD, path, &text, &why) != 0) {
		if (why.kind == ERR_NOT_FOUND)
			return err_set(
				e, ERR_NOT_FOUND,
				"there is no lock file %.200s; larder lock IMAGE... "
				"writes one",
				path);
		if (e != NULL)
			*e = why;
		return -1;
	}
	if (lockfile_parse(buf_view(&text), out, e) != 0)
		return err_add(e, "%.200s", path);
	return 0;
}

int lockpath_write(const char *path, const struct lockfile *l, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(LOCKFILE_MAX_BYTES);

	if (lockfile_write(l, &text, e) != 0)
		return err_add(e, "%.200s", path);
	return output_put(path, text.p, text.n, e);
}

void lockpath_say(struct plan *p, const char *path)
{
	char text[IMAGEREF_TEXT_MAX];
	size_t i, n = 0;

	if (!p->has_lock)
		return;
	log_event(LOG_INFO, "lock.loaded", LS("file", path), LU("tags", p->lock.n));
	for (i = 0; i < p->lock.n; i++) {
		struct imageref image = p->lock.entry[i]->image;
		struct route r;
		struct err why;

		if (named_route(p, &image, &r, &why) == 0) {
			if (r.site == NULL)
				err_set(&why, ERR_INVALID,
					"the repository %s lives here (larder.local)",
					r.name.s);
			route_done(&r);
			if (r.site != NULL)
				continue;
		}
		if (++n > WARNED_MOST)
			continue;
		image.has_digest = false;
		imageref_text(&image, text);
		log_event(LOG_WARN, "lock.no_use", LS("image", text),
			  LU("line", p->lock.entry[i]->line), LS("why", why.msg));
	}
	if (n > WARNED_MOST)
		log_event(LOG_WARN, "lock.no_use", LU("more", n - WARNED_MOST));
}

/*
 * retire_take.h - taking images out, many at once.
 *
 * That removes names only; what nobody names after that is for store/collect.h. Blocks on
 * the disk: not for a thread that serves.
 */
#ifndef LARDER_MIRROR_RETIRE_TAKE_H
#define LARDER_MIRROR_RETIRE_TAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "mirror/retire.h"
#include "store/publish.h"

/* n images, those of a repository beside each other: their tags, and the manifests that
 * only they lead to. *manifests: how many of those went. removed (NULL: nobody is told)
 * hears of each before it goes. dry_run: only that. On disk on return, for which each
 * directory is waited for once, however many names it lost. What has gone meanwhile is no
 * error. Memory goes with n. */
int retire_take(struct store *s, struct publishing *p, const struct retire_image *im,
		size_t n, bool dry_run,
		void (*removed)(void *arg, const struct reponame *name,
				const struct digest *d),
		void *arg, uint64_t *manifests, struct err *e);

#endif

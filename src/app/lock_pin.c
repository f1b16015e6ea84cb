/*
 * lock_pin.c - from a lock file to pinned references, and what is said of it.
 */
#include "app/lock_pin.h"

#include <stdio.h>

#include "app/here.h"
#include "app/options.h"
#include "app/pin.h"
#include "settings/setting_env.h"

static bool locked(void *arg, const struct imageref *image, struct digest *out)
{
	const struct lock_pin *p = arg;
	const struct lockfile_entry *entry = lockfile_find_image(p->lock, image);

	if (entry == NULL)
		return false;
	*out = entry->image.digest;
	return true;
}

static const char *variable(void *arg, const char *name)
{
	const struct lock_pin *p = arg;

	return setting_env_get(p->envp, name);
}

static void print_total(const struct pin *p)
{
	const char *what = p->undo ? "unpinned" : "pinned";

	if (p->places > 0)
		printf("%s%zu reference%s in %zu file%s %s",
		       p->dry_run ? "would be: " : "", p->places,
		       p->places == 1 ? "" : "s", p->files, p->files == 1 ? "" : "s",
		       what);
	else
		printf("nothing to be %s", what);
	if (p->right > 0)
		printf("; %zu %s a digest already", p->right,
		       p->right == 1 ? "has" : "have");
	if (p->skipped > 0)
		printf("; %zu not %s", p->skipped, what);
	printf("\n");
}

int lock_pin_run(const struct lock_pin *lp)
{
	static char here[] = ".";
	char *dot[] = { here };
	struct pin p = {
		.undo = lp->undo,
		.dry_run = lp->dry_run,
		.locked = locked,
		.arg = (void *)lp,
		.say = stdout,
		.warn = stderr,
		.name = "larder lock",
	};
	struct discover d = {
		.path = lp->npaths > 0 ? lp->path : dot,
		.npaths = lp->npaths > 0 ? lp->npaths : 1,
		.variable = variable,
		.arg = (void *)lp,
	};
	struct err e = { 0 };

	here_platform(&d.here);
	if (pin_run(&p, &d, &e) != 0) {
		fprintf(stderr, "larder lock: %s\n", e.msg);
		return EXIT_FAILED;
	}
	print_total(&p);
	if (p.failed > 0)
		return p.places > 0 ? EXIT_PARTLY : EXIT_FAILED;
	return p.skipped > 0 ? EXIT_PARTLY : EXIT_DONE;
}

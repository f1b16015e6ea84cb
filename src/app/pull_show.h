/*
 * pull_show.h - how far a batch of images is, on standard error, while it runs: bars on a
 * terminal, else a line for each image that is over and now and then one for those that
 * are not.
 */
#ifndef LARDER_APP_PULL_SHOW_H
#define LARDER_APP_PULL_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "app/imageargs.h"

enum pull_show_kind { PULL_SHOW_NOTHING, PULL_SHOW_LINES, PULL_SHOW_BARS };

struct pull_show {
	enum pull_show_kind kind;
	unsigned drawn;	  /* lines of bars on the screen */
	size_t shown;	  /* images that are over and have their line */
	bool *has_line;	  /* by image */
	int64_t noted_ms; /* monotonic: when LINES last told of those that run */
};

/* BARS where standard error is a terminal that can move its cursor and no CI. */
enum pull_show_kind pull_show_choose(char **env);
void pull_show_init(struct pull_show *s, enum pull_show_kind kind,
		    const struct imageargs *a);
void pull_show_step(struct pull_show *s, const struct imageargs *a);
/* The last time: nothing but lines stay on the screen. */
void pull_show_done(struct pull_show *s, const struct imageargs *a);

#endif

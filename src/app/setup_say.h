/*
 * setup_say.h - what larder setup says: the difference of a file and what was done with
 * it to standard output, all else to standard error, so that --print can be redirected.
 */
#ifndef LARDER_APP_SETUP_SAY_H
#define LARDER_APP_SETUP_SAY_H

#include <stdbool.h>

#include "app/setup_file.h"
#include "app/setup_place.h"
#include "base/err.h"
#include "clients/client.h"

struct setup_say {
	const struct client *client;
	const struct wish *wish;
	const struct setup_place *place;
	bool undo;
};

/* What the client's file would be if it were larder's alone; nothing at an undo. */
void setup_say_by_hand(const struct setup_say *s, const char *registry);
/* f->e, and what can be done about it. */
void setup_say_failure(const struct setup_say *s, const struct setup_file *f);
/* The difference that f->step makes, or why there is none. -1: it cannot be shown, f->e
 * says why, and nothing should be done. */
int setup_say_plan(const struct setup_say *s, struct setup_file *f);
void setup_say_done(const struct setup_file *f);
/* What is to be done now that the client's files are written, printed or undone. */
void setup_say_after(const struct setup_say *s);

#endif

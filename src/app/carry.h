/*
 * carry.h - what `export` and `import` have in common: progress with a way to be
 * interrupted, and bundles as people name them.
 */
#ifndef LARDER_APP_CARRY_H
#define LARDER_APP_CARRY_H

#include <stdbool.h>
#include <stdint.h>

#include "app/pull_show.h"
#include "base/err.h"
#include "carry/bundle.h"
#include "store/store.h"

struct carry {
	const char *command; /* "export" */
	enum pull_show_kind show;
	const char *verb; /* "written"; may change between two pieces of work */
	bool drawn;
	int64_t shown_ms; /* monotonic */
	struct bundle_watch watch;
};

/* The first interrupt (or SIGTERM) makes the watch say no, the second ends the process.
 * The main thread, once a process. */
void carry_init(struct carry *c, const char *command, bool quiet, char **envp);
/* What was drawn of progress goes. */
void carry_done(struct carry *c);
bool carry_interrupted(void);

/* A folder, a file, or "-": standard input. What can only be read once is put into a
 * temporary file of the store; s NULL: ERR_INVALID then. */
struct carried {
	int fd;
	struct bundle *bundle;
};
int carry_open(struct carry *c, const char *path, struct store *s, struct carried *out,
	       struct err *e);
void carry_close(struct carried *b); /* also when fd is -1 */

#endif

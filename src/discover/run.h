/*
 * run.h - one discovery under way: the files, what was found, what is built. For the
 * files of this folder that do the work; one thread.
 */
#ifndef LARDER_DISCOVER_RUN_H
#define LARDER_DISCOVER_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "discover/build.h"
#include "discover/discover.h"
#include "discover/find.h"
#include "discover/kind.h"
#include "discover/reading.h"

struct run_file {
	char *path;
	const char *root; /* the folder that it must not lead out of */
	enum kind kind;
	bool read;
	struct run_chart *chart; /* the chart it is part of, or NULL */
};

struct run {
	struct discover *d;
	struct finds *finds;
	struct builds builds;
	struct vars args; /* --build-arg */
	struct vars made; /* images that are built here */
	struct run_file **file;
	size_t files;
	struct map *by_path; /* to struct run_file */
	size_t entries;	     /* left of DISCOVER_MAX_ENTRIES */
	/* of the file that is read now */
	struct run_file *now;
	struct reading_doc **loaded; /* files that it has as its parts */
	size_t nloaded;
};

/* The file of that path, made if there is none. NULL: ERR_LIMIT. */
struct run_file *run_add(struct run *run, const char *path, const char *root,
			 enum kind kind, struct err *e);
/* The text of a file: 1, or 0: it cannot be read, and that is a find now. -1: ERR_LIMIT.
 * out is begun here; buf_done in any case. */
int run_text(struct run *run, const struct run_file *f, struct buf *out, struct err *e);
/* The same for a file that need not be there: false, and nothing is said; nor if it leads
 * out of its root. */
bool run_beside(const struct run_file *f, struct buf *out);
/* Does the path, with its links, stay below root? For files that a tree names itself. */
bool run_leads_within(const char *root, const char *path);
/* A file that cannot be read: a find. */
int run_refuse(struct run *run, const char *path, const char *why, struct err *e);
/* A reading of f, with text, that adds to what was found. */
struct reading run_reading(struct run *run, enum find_kind kind, const struct run_file *f,
			   struct view text, struct err *e);
/* The documents of text, in their order; those that are no YAML give *why. To be freed
 * with run_free_docs. */
struct reading_doc *run_docs(const char *file, struct view text, struct err *why);
void run_free_docs(struct reading_doc *docs);
/* Forgets what was loaded for the file that is read now. */
void run_unload(struct run *run);

#endif

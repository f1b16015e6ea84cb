/*
 * vuln_data.h - the files in which vulnerabilities are published, read as they are.
 *
 * Known by what is in them, whatever they are called: OSV's all.zip of one ecosystem and
 * its advisories one by one (vuln_osv.h), Alpine's secdb (vuln_secdb.h), the JSON of
 * Debian's tracker (vuln_tracker.h). Each is read once, as a stream; a document of one
 * advisory at most is in memory (the tracker's is taken apart). What is broken is
 * counted, and the rest of its file is used.
 */
#ifndef LARDER_TRUST_VULN_DATA_H
#define LARDER_TRUST_VULN_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/vuln.h"

#define VULN_MAX_DOCUMENT (32u << 20) /* bytes of one JSON, but for the tracker's */
#define VULN_MAX_FILES 1000000	      /* of a folder */
#define VULN_MAX_DEPTH 8	      /* folders in folders */

struct vuln_count {
	size_t records; /* advisories; packages of a secdb */
	size_t withdrawn;
	size_t broken;	   /* could not be used */
	int64_t newest_ms; /* wall clock: of OSV, when the latest was changed; else 0 */
	char example[256]; /* which was broken, and why; "": none was */
};

/* A file; or the advisories that are files of their own in one folder. */
struct vuln_file {
	char *name;
	enum vuln_source source;
	struct vuln_count count;
	int64_t as_of_ms; /* wall clock: how old the data are, as far as it shows */
	bool failed;	  /* could not be read to its end: why */
	struct err why;
};

struct vuln_data {
	struct vuln_file *file; /* sorted by name after vuln_data_sort */
	size_t n;
	size_t looked_at; /* files */
	size_t strangers; /* files that are nothing of the kind */
	char stranger[128];
};

/* All files of a folder and of folders in it. ERR_NOT_FOUND: it is not there; ERR_LIMIT.
 * A file that cannot be read is noted in *d and ends nothing. */
int vuln_data_folder(struct vuln *v, struct vuln_data *d, const char *path,
		     struct err *e);
/* One file, whose name is for people; fd is borrowed. when_ms: how old it is where it
 * does not say so itself. */
int vuln_data_file(struct vuln *v, struct vuln_data *d, const char *name, int fd,
		   uint64_t size, int64_t when_ms, struct err *e);
void vuln_data_sort(struct vuln_data *d);
/* The oldest's; 0: there are none. */
int64_t vuln_data_as_of(const struct vuln_data *d);
void vuln_data_done(struct vuln_data *d); /* also when zeroed */

#endif

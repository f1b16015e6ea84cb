/*
 * scan_doubts.h - what `larder scan` could not look into, and what makes its findings
 * doubtful, in the words in which every report says it.
 */
#ifndef LARDER_APP_SCAN_DOUBTS_H
#define LARDER_APP_SCAN_DOUBTS_H

#include <stdbool.h>
#include <stddef.h>

struct scan;
struct scan_target;

enum scan_doubt {
	SCAN_DOUBT_FAILED,   /* an image could not be had */
	SCAN_DOUBT_NO_DATA,  /* of an image's system, or of PyPI */
	SCAN_DOUBT_NOT_READ, /* a part of an image */
	SCAN_DOUBT_EMPTY,    /* no packages that are known of */
	SCAN_DOUBT_FILE,     /* a file of data could not be read to its end */
	SCAN_DOUBT_ENTRIES,  /* entries of one could not be used */
	SCAN_DOUBT_AGE,	     /* data are old, or do not say how old they are */
};

/* One of them, as a sentence without a full stop; texts of others in it are as they are:
 * the caller makes them fit for where they go. */
typedef void scan_doubt_fn(void *arg, enum scan_doubt kind, const char *text);

/* Of one image. */
void scan_doubts_image(struct scan *s, const struct scan_target *t, scan_doubt_fn *say,
		       void *arg);
/* Of the files of data. */
void scan_doubts_files(const struct scan *s, scan_doubt_fn *say, void *arg);
/* Of their age. */
void scan_doubts_age(const struct scan *s, scan_doubt_fn *say, void *arg);

/* "larder scan: warning: TEXT" on standard error. */
void scan_doubts_warn(void *arg, enum scan_doubt kind, const char *text);

#endif

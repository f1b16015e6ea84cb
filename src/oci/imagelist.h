/*
 * imagelist.h - a list of images, one a line, as base-images.txt has it.
 *
 *	# a comment, also after an image
 *	python:3.11-slim
 *	postgres:${PG_VERSION:-17}-alpine
 *	--platform=linux/amd64,linux/arm64 alpine:3.19@sha256:...
 *
 * ${NAME} is a variable's value, ${NAME:-TEXT} has a default for one that is not set or
 * empty. A line is read by itself: a bad one spoils no other.
 */
#ifndef LARDER_OCI_IMAGELIST_H
#define LARDER_OCI_IMAGELIST_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/imageref.h"
#include "oci/platform.h"

#define IMAGELIST_MAX_BYTES (1u << 20)
#define IMAGELIST_MAX_LINE 4096 /* bytes, before and after variables are put in */
#define IMAGELIST_MAX_PLATFORMS 16

/* A variable's value, or NULL; borrowed. */
typedef const char *(*imagelist_variable)(void *arg, const char *name);

struct imagelist_entry {
	struct imageref image;
	struct platform platform[IMAGELIST_MAX_PLATFORMS];
	size_t nplatforms; /* 0: not said */
	unsigned line;	   /* from 1 */
};

struct imagelist {
	struct view text; /* what is left */
	unsigned line;
	imagelist_variable variable;
	void *arg;
};

/* 1: *out is the next image. 0: no more. -1: this line is bad, *e says why; the next call
 * goes on after it. */
int imagelist_next(struct imagelist *l, struct imagelist_entry *out, struct err *e);

/* "linux/amd64,linux/arm64"; ERR_INVALID, or ERR_LIMIT over IMAGELIST_MAX_PLATFORMS. */
int imagelist_platforms(struct view text, struct platform *out, size_t *n, struct err *e);

#endif

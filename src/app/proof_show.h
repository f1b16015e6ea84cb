/*
 * proof_show.h - what was proved of images, for people or as JSON. One thread.
 */
#ifndef LARDER_APP_PROOF_SHOW_H
#define LARDER_APP_PROOF_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "app/proof.h"

struct proof_show;

/* json: an object a line, printed as they come; else a table, printed at the end.
 * digests: in full. */
struct proof_show *proof_show_new(bool json, bool digests);
void proof_show_free(struct proof_show *s); /* NULL is fine */
/* Its text is copied. ERR_LIMIT: the table is too long; ERR_IO. */
int proof_show_add(struct proof_show *s, const struct proof *p, struct err *e);
/* One that could not be looked at. */
int proof_show_failed(struct proof_show *s, const char *image, const char *why,
		      struct err *e);
/* The table, what is wrong with which image, and the sum. */
void proof_show_print(const struct proof_show *s, FILE *to);

#endif

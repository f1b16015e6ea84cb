/*
 * rows.h - images gathered to be sorted and shown as a table, for `larder list`.
 */
#ifndef LARDER_APP_ROWS_H
#define LARDER_APP_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "mirror/inventory.h"

#define ROWS_MAX 200000

enum rows_order { ROWS_BY_NAME, ROWS_BY_SIZE, ROWS_BY_USE };

struct rows;

struct rows *rows_new(bool json, bool digests);
void rows_free(struct rows *t);
/* Its text is copied. ERR_LIMIT over ROWS_MAX. */
int rows_add(struct rows *t, const struct inventory_row *r, struct err *e);
/* By name; largest first; last used first. */
void rows_sort(struct rows *t, enum rows_order order);
void rows_print(const struct rows *t, FILE *to);

#endif

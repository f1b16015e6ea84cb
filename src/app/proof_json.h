/*
 * proof_json.h - one image as a line of JSON (docs/verify.md has its members).
 */
#ifndef LARDER_APP_PROOF_JSON_H
#define LARDER_APP_PROOF_JSON_H

#include <stdio.h>

#include "app/proof.h"

/* ERR_IO, ERR_LIMIT. */
int proof_json_print(const struct proof *p, FILE *to, struct err *e);
int proof_json_failed(const char *image, const char *why, FILE *to, struct err *e);

#endif

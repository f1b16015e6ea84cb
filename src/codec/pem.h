/*
 * pem.h - blocks of base64 between BEGIN and END lines (RFC 7468).
 */
#ifndef LARDER_CODEC_PEM_H
#define LARDER_CODEC_PEM_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define PEM_LABEL_MAX 64

enum pem_rule {
	PEM_FILE,  /* a file of people's: other text may stand around its blocks */
	PEM_EXACT, /* part of what is signed: nothing but blocks and line ends */
};

/* The next block of *text, which loses it: its label ("CERTIFICATE") and its bytes, in
 * place of what der had. 1: one is found; 0: there is none; -1: ERR_INVALID, a block that
 * is cut short, has headers or is not base64; ERR_LIMIT: larger than der takes. */
int pem_next(struct view *text, enum pem_rule rule, char label[PEM_LABEL_MAX],
	     struct buf *der, struct err *e);

#endif

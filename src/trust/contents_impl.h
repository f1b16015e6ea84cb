/*
 * contents_impl.h - what the files of contents.h share.
 */
#ifndef LARDER_TRUST_CONTENTS_IMPL_H
#define LARDER_TRUST_CONTENTS_IMPL_H

#include "base/arena.h"
#include "codec/json.h"
#include "trust/contents.h"

/* The configuration's own words into out->config, and diff_id and created_by of the
 * layers, which are there already. ERR_INVALID: it is no object. */
int contents_config(const struct json *doc, struct contents *out, struct err *e);

#endif

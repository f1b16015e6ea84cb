/*
 * helm_expr.h - what stands between {{ and }} of a template, as far as it is a matter of
 * texts: .Values, .Chart, texts, parentheses, pipes, and the functions default, coalesce,
 * quote, squote, printf (with %s and %v), toString, trim, lower, required, tpl,
 * trimPrefix and trimSuffix.
 */
#ifndef LARDER_DISCOVER_HELM_EXPR_H
#define LARDER_DISCOVER_HELM_EXPR_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/yaml.h"

#define HELM_EXPR_MAX_DEPTH 8 /* parentheses */
#define HELM_EXPR_MAX_ARGS 8

/* Appends. ERR_INVALID: something else is in it, which is named. */
int helm_expr_read(struct view inside, const struct yaml *values,
		   const struct yaml *chart, struct buf *out, struct err *e);

#endif

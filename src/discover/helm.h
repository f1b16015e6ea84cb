/*
 * helm.h - the images that a Helm chart names: in its values, by the conventions for
 * them, and in its templates.
 *
 * Values: a map with repository (or name, beside a tag), and registry, tag and digest as
 * there are; a text under "image" or a key that ends so. An empty tag is the chart's
 * appVersion where the templates say that, or under "image" at the top. Templates: lines
 * with "image:", in the part of the language that can be read here (helm_expr.h). What a
 * template takes from values that were found is not named twice.
 */
#ifndef LARDER_DISCOVER_HELM_H
#define LARDER_DISCOVER_HELM_H

#include <stdbool.h>

#include "discover/reading.h"

#define HELM_MAX_SEARCH (1u << 30) /* bytes of templates looked through for defines */

struct helm {
	const struct yaml *chart;  /* Chart.yaml; may be NULL */
	const struct yaml *values; /* values.yaml; may be NULL */
	struct {
		const char *file;
		struct view text;
	} * template;
	size_t templates;
	/* its own */
	size_t searched;
	struct vars blocks; /* paths in the values that are images */
	struct vars images; /* what was found there */
	struct vars tags;   /* paths whose tag is appVersion, and what stands before it */
	struct helm_pending {
		char *path;
		const struct yaml *at;
		bool given; /* a template has given it a tag */
	} * pending;	    /* of values.yaml: images without a tag */
	size_t npending;
};

/* Reads the templates for what they say of tags: before the values. */
void helm_template_tags(struct helm *h);
/* A file of values: values.yaml itself, or one that stands over it. */
void helm_values(struct helm *h, struct reading *r, const struct yaml *doc);
/* A template, after the values: r->file and r->text. */
void helm_template(struct helm *h, struct reading *r);
/* After the templates: images of values.yaml that have no tag, nor got one. r is of
 * values.yaml, whose document still is there. */
void helm_end(struct helm *h, struct reading *r);
void helm_done(struct helm *h);

#endif

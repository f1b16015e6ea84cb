/*
 * wish.h - what a client is to be told: where larder is, and for which registries.
 */
#ifndef LARDER_CLIENTS_WISH_H
#define LARDER_CLIENTS_WISH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define WISH_MAX_REGISTRIES 64

struct wish {
	bool tls;
	bool loopback;	/* the mirror's host is this machine, and no other can reach it */
	char host[256]; /* "127.0.0.1:5000": with its port where one was written */
	char url[272];	/* "http://127.0.0.1:5000" */
	const char
		*ca; /* absolute path of the authority's certificate, or NULL; borrowed */
	char registry[WISH_MAX_REGISTRIES][256]; /* canonical: "docker.io" */
	size_t n;
};

/* [http://|https://]HOST[:PORT][/]; without a scheme it is http. ERR_INVALID says what is
 * wrong, and never repeats a password. */
int wish_mirror(struct wish *w, struct view text, struct err *e);
/* With https only, and of letters that stand in every format as they are. */
int wish_ca(struct wish *w, const char *path, struct err *e);
/* One more registry; one that is there already is no error. */
int wish_add(struct wish *w, struct view registry, struct err *e);
bool wish_has(const struct wish *w, struct view registry);

#endif

/*
 * remote.h - another larder, asked by a command.
 */
#ifndef LARDER_APP_REMOTE_H
#define LARDER_APP_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "settings/settings.h"
#include "base/err.h"
#include "upstream/plain.h"

#define REMOTE_URL_MAX 512
#define REMOTE_ASK_MS 60000  /* for one answer: a list may take the server a while */
#define REMOTE_PROBE_MS 2000 /* the same of one on this machine */

struct remote {
	struct upstream *up;
	int64_t ask_ms; /* for one answer */
	bool greeted;	/* it has said who may enter */
};

/* The name that Docker's config.json has for the larder at this URL, "http://HOST[:PORT]"
 * or https. */
int remote_host(const char *url, char out[256], struct err *e);
/* url: as above. Credentials are those that Docker's config.json has
 * for that host; own: it is on this machine, so no proxy is used. Contacts nobody.
 * remote_close in any case. */
int remote_open(struct remote *r, const struct settings *s, const char *url, bool own,
		int64_t ask_ms, struct err *e);
void remote_close(struct remote *r);
/* A path of its API. */
int remote_get(struct remote *r, const char *path, struct plain *out, struct err *e);
/* The same with POST. */
int remote_post(struct remote *r, const char *path, struct plain *out, struct err *e);
/* A list that comes in pages of lines: line for each line, without its end; page (NULL:
 * nobody) after the lines of each. Either may end it with other than 0. ERR_LIMIT over
 * REMOTE_PAGES_MAX pages, ERR_UPSTREAM for an empty one that is not the last. */
#define REMOTE_PAGES_MAX 100000
struct remote_list {
	int (*line)(void *arg, struct view line, struct err *e);
	void (*page)(void *arg, const struct plain *page);
	void *arg;
};
int remote_list(struct remote *r, const char *path, const struct remote_list *l,
		struct err *e);
/* Does it say that it is ready? -1: *e says why not. */
int remote_ready(struct remote *r, struct err *e);

/* Where a larder with these settings is to be reached from this machine. False: at a port
 * that the kernel chooses. */
bool remote_own_url(const struct settings *s, char out[REMOTE_URL_MAX]);

#endif

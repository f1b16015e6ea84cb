/*
 * mirrors.c - lists of addresses. No state.
 */
#include "doctor/mirrors.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "codec/json.h"
#include "oci/reference.h"
#include "upstream/ping.h"
#include "upstream/url.h"

bool mirrors_same(const char *a, const char *b)
{
	struct url x, y;

	if (url_parse(a, &x, NULL) != 0 || url_parse(b, &y, NULL) != 0)
		return false;
	return x.https == y.https && x.port == y.port &&
	       (strcmp(x.host, y.host) == 0 ||
		(registry_host_is_loopback(view_of(x.host)) &&
		 registry_host_is_loopback(view_of(y.host))));
}

bool mirrors_have(struct view words, const char *url)
{
	for (size_t i = 0; i < words.n; i += strlen(words.p + i) + 1)
		if (mirrors_same(words.p + i, url))
			return true;
	return false;
}

bool mirrors_equal(struct view a, struct view b)
{
	size_t i = 0, k = 0;

	while (i < a.n && k < b.n) {
		if (!mirrors_same(a.p + i, b.p + k))
			return false;
		i += strlen(a.p + i) + 1;
		k += strlen(b.p + k) + 1;
	}
	return i >= a.n && k >= b.n;
}

void mirrors_show(struct view words, char out[200])
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < words.n && used < 190; i += strlen(words.p + i) + 1)
		used += (size_t)snprintf(out + used, 200 - used, "%s%s",
					 used > 0 ? ", " : "", words.p + i);
}

int mirrors_read(const char *path, struct buf *out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(MIRRORS_MAX_BYTES);
	CLEANUP(json_freep)
	struct json *doc = NULL;
	const struct json *list;

	if (fs_read(AT_FDCWD, path, &text, e) != 0)
		return -1;
	if (strspn(buf_str(&text), " \t\r\n") == text.n)
		return 0; /* Docker takes an empty file for one without settings */
	doc = json_parse(buf_view(&text), e);
	if (doc == NULL)
		return err_add(e, "%.200s", path);
	list = json_get(doc, "registry-mirrors");
	for (size_t i = 0; i < json_len(list); i++) {
		const char *s = json_str(json_at(list, i));

		if (s != NULL && buf_add(out, s, strlen(s) + 1) != 0)
			return err_set(e, ERR_LIMIT, "%.200s names too many mirrors",
				       path);
	}
	return 0;
}

int mirrors_instance(const char *url, const char *ca, char out[64], struct err *e)
{
	struct upstream_conf conf = { .host = url,
				      .url = url,
				      .ca_file = ca,
				      .connect_ms = 2000,
				      .header_ms = 3000 };
	struct upstream_ping p;
	struct upstream *up;
	struct url at;
	int rc;

	out[0] = '\0';
	if (url_parse(url, &at, e) != 0)
		return -1;
	conf.direct = registry_host_is_loopback(view_of(at.host));
	up = upstream_new(&conf, e);
	if (up == NULL)
		return -1;
	rc = upstream_ping(up, "/healthz", clock_mono_ms() + 4000, &p, e);
	if (rc == 0)
		memcpy(out, p.instance, 64);
	upstream_unref(up);
	return rc;
}

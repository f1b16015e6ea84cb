/*
 * htpasswd.c - reading users, and comparing passwords.
 */
#include "server/htpasswd.h"

#include <crypt.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"

#define BCRYPT_BYTES 60
/* What a user that does not exist is compared with: of no password anybody knows. */
#define NOBODY "$2b$10$abcdefghijklmnopqrstuuQm1kkbv0y1y1rUUd0c1cZ8cZK3h0XkC"

struct htpasswd {
	atomic_int refs;
	struct map *hash;	       /* by user, malloc'ed text */
	char nobody[BCRYPT_BYTES + 1]; /* as costly as the first user's */
};

static void free_hash(void *hash)
{
	free(hash);
}

struct htpasswd *htpasswd_ref(struct htpasswd *h)
{
	atomic_fetch_add(&h->refs, 1);
	return h;
}

void htpasswd_unref(struct htpasswd *h)
{
	if (h == NULL || atomic_fetch_sub(&h->refs, 1) != 1)
		return;
	map_free(h->hash, free_hash);
	free(h);
}

/* $2b$12$ and 53 characters of bcrypt's alphabet. */
static bool is_bcrypt(struct view v)
{
	size_t i;

	if (v.n != BCRYPT_BYTES || v.p[0] != '$' || v.p[1] != '2' ||
	    strchr("aby", v.p[2]) == NULL || v.p[3] != '$' || v.p[6] != '$' ||
	    strchr("0123", v.p[4]) == NULL || v.p[5] < '0' || v.p[5] > '9')
		return false;
	for (i = 7; i < v.n; i++)
		if (strchr("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			   "0123456789",
			   v.p[i]) == NULL ||
		    v.p[i] == '\0')
			return false;
	return true;
}

static int read_line(struct htpasswd *h, struct view line, const char *path, unsigned nr,
		     struct err *e)
{
	const char *colon = memchr(line.p, ':', line.n);
	char user[HTPASSWD_USER_MAX + 1];
	struct view hash;
	size_t n;

	if (colon == NULL)
		return err_set(e, ERR_INVALID, "%s:%u: not user:hash", path, nr);
	n = (size_t)(colon - line.p);
	if (n == 0 || n > HTPASSWD_USER_MAX || memchr(line.p, '\0', n) != NULL)
		return err_set(e, ERR_INVALID,
			       "%s:%u: the user's name is empty or longer than %d bytes",
			       path, nr, HTPASSWD_USER_MAX);
	memcpy(user, line.p, n);
	user[n] = '\0';
	hash = (struct view){ colon + 1, line.n - n - 1 };
	if (!is_bcrypt(hash))
		return err_set(e, ERR_INVALID,
			       "%s:%u: user %.60s: not a bcrypt hash; make one with "
			       "htpasswd -B",
			       path, nr, user);
	if (map_get(h->hash, user) != NULL)
		return err_set(e, ERR_INVALID, "%s:%u: user %.60s is there twice", path,
			       nr, user);
	map_put(h->hash, user, mem_dupn(hash.p, hash.n));
	if (map_count(h->hash) == 1)
		memcpy(h->nobody, hash.p, 7); /* kind and cost */
	return 0;
}

static int read_lines(struct htpasswd *h, struct view text, const char *path,
		      struct err *e)
{
	unsigned nr = 0;

	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		struct view line = { text.p, end ? (size_t)(end - text.p) : text.n };

		nr++;
		text.p += line.n + (end != NULL);
		text.n -= line.n + (end != NULL);
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		line = view_trim(line);
		if (line.n > 0 && line.p[0] != '#' &&
		    read_line(h, line, path, nr, e) != 0)
			return -1;
	}
	return 0;
}

int htpasswd_read(const char *path, struct htpasswd **out, struct err *e)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(HTPASSWD_MAX_BYTES);
	struct htpasswd *h;

	if (fs_read(AT_FDCWD, path, &text, e) != 0)
		return -1;
	h = mem_alloc(sizeof(*h));
	atomic_init(&h->refs, 1);
	h->hash = map_new(SIZE_MAX); /* bounded by the file */
	memcpy(h->nobody, NOBODY, sizeof(NOBODY));
	if (read_lines(h, buf_view(&text), path, e) != 0) {
		htpasswd_unref(h);
		return -1;
	}
	*out = h;
	return 0;
}

static bool hashes_to(const char *password, const char *setting)
{
	struct crypt_data *data = mem_alloc(sizeof(*data));
	const char *got = crypt_r(password, setting, data);
	unsigned char differ = 1;
	size_t i;

	if (got != NULL && strlen(got) == BCRYPT_BYTES)
		for (differ = 0, i = 0; i < BCRYPT_BYTES; i++)
			differ |= (unsigned char)(got[i] ^ setting[i]);
	explicit_bzero(data, sizeof(*data));
	free(data);
	return differ == 0;
}

bool htpasswd_verify(const struct htpasswd *h, const char *user, const char *password)
{
	const char *hash = map_get(h->hash, user);
	bool same = hashes_to(password, hash != NULL ? hash : h->nobody);

	return same && hash != NULL;
}

int htpasswd_create(const char *path, char *password, struct err *e)
{
	char text[BCRYPT_BYTES + 16], salt[CRYPT_GENSALT_OUTPUT_SIZE];
	unsigned char random[16];
	struct crypt_data *data;
	const char *hash;
	size_t i;
	int n;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random) ||
	    crypt_gensalt_rn("$2b$", 10, NULL, 0, salt, sizeof(salt)) == NULL)
		return err_errno(e, "cannot make up a password");
	for (i = 0; i < sizeof(random); i++)
		snprintf(password + 2 * i, 3, "%02x", random[i]);
	data = mem_alloc(sizeof(*data));
	hash = crypt_r(password, salt, data);
	n = snprintf(text, sizeof(text), "docker:%s\n", hash != NULL ? hash : "");
	free(data);
	if (n != BCRYPT_BYTES + (int)sizeof("docker:")) /* a failure is "*0" or "*1" */
		return err_set(e, ERR_IO, "cannot hash a password for %s", path);
	return fs_create(AT_FDCWD, path, text, (size_t)n, e);
}

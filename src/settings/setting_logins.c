/*
 * setting_logins.c - a list of maps of user name, password and names.
 */
#include "settings/setting_logins.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "settings/setting_draft.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "oci/pattern.h"

#define PASSWORD_MAX_BYTES 65536 /* some access tokens are several kilobytes */

static void account_clear(struct setting_account *a)
{
	size_t i;

	setting_draft_drop(&a->username);
	setting_draft_drop(&a->password);
	free(a->password_file);
	for (i = 0; i < a->n_names; i++)
		free(a->names[i]);
	free(a->names);
}

void setting_logins_clear(struct setting_upstream *u)
{
	size_t i;

	for (i = 0; i < u->n_logins; i++)
		account_clear(&u->logins[i]);
	free(u->logins);
	u->logins = NULL;
	u->n_logins = 0;
}

static int add_name(struct setting_account *a, const struct yaml *node, int *line,
		    struct err *e)
{
	*line = node->line;
	if (node->kind != YAML_SCALAR)
		return err_set(e, ERR_INVALID,
			       "names: must be a list of patterns of repository names");
	if (pattern_check(node->text, e) != 0)
		return err_add(e, "names");
	if (pattern_has_tag(node->text))
		return err_set(e, ERR_INVALID,
			       "names: pattern \"%.60s\": names only, without a tag",
			       node->text);
	if (a->n_names == SETTING_LOGIN_NAMES_MAX)
		return err_set(e, ERR_INVALID, "names: more than %d patterns",
			       SETTING_LOGIN_NAMES_MAX);
	a->names = mem_grow(a->names, (a->n_names + 1) * sizeof(*a->names));
	a->names[a->n_names++] = mem_dup(node->text);
	return 0;
}

static int set_names(struct setting_account *a, const struct yaml *node, int *line,
		     struct err *e)
{
	const struct yaml *v;

	/* An empty list would be for everything, which is not what it says. */
	if (node->kind != YAML_LIST || node->child == NULL)
		return add_name(a, node, line, e);
	for (v = node->child; v != NULL; v = v->next)
		if (add_name(a, v, line, e) != 0)
			return -1;
	return 0;
}

static int set_field(struct setting_account *a, const struct yaml *node, int *line,
		     struct err *e)
{
	char **field = strcmp(node->key, "username") == 0	 ? &a->username
		       : strcmp(node->key, "password") == 0	 ? &a->password
		       : strcmp(node->key, "password-file") == 0 ? &a->password_file
								 : NULL;

	*line = node->line;
	if (strcmp(node->key, "names") == 0)
		return set_names(a, node, line, e);
	if (field == NULL)
		return err_set(e, ERR_INVALID,
			       "unknown key %.60s: there are username, password, "
			       "password-file and names",
			       node->key);
	if (node->kind != YAML_SCALAR || *node->text == '\0')
		return err_set(e, ERR_INVALID, "%s: must be a text", node->key);
	*field = mem_dup(node->text);
	return 0;
}

static int check_account(const struct setting_account *a, struct err *e)
{
	if (a->username == NULL)
		return err_set(e, ERR_INVALID, "an entry without a username");
	if (strchr(a->username, ':') != NULL)
		return err_set(e, ERR_INVALID, "a user name cannot have a colon");
	if ((a->password == NULL) == (a->password_file == NULL))
		return err_set(e, ERR_INVALID,
			       "user %.60s: must have a password or a password-file",
			       a->username);
	return 0;
}

static int add_account(struct setting_upstream *u, const struct yaml *node, int *line,
		       struct err *e)
{
	struct setting_account *a;
	const struct yaml *v;

	*line = node->line;
	if (node->kind != YAML_MAP)
		return err_set(e, ERR_INVALID,
			       "must be a list of maps of username, password and names");
	if (u->n_logins == SETTING_LOGINS_MAX)
		return err_set(e, ERR_INVALID, "more than %d logins", SETTING_LOGINS_MAX);
	u->logins = mem_grow(u->logins, (u->n_logins + 1) * sizeof(*u->logins));
	a = &u->logins[u->n_logins++];
	*a = (struct setting_account){ 0 };
	for (v = node->child; v != NULL; v = v->next)
		if (set_field(a, v, line, e) != 0)
			return -1;
	*line = node->line;
	return check_account(a, e);
}

int setting_logins_set(struct setting_upstream *u, const struct yaml *list, int *line,
		       struct err *e)
{
	const struct yaml *v;

	setting_logins_clear(u);
	for (v = list->child; v != NULL; v = v->next)
		if (add_account(u, v, line, e) != 0)
			return -1;
	return 0;
}

int setting_logins_read_password(const char *path, const char *setting, char **out,
				 struct err *e)
{
	struct buf b = BUF_INIT(PASSWORD_MAX_BYTES);
	int rc = 0;
	size_t n;

	if (fs_read(AT_FDCWD, path, &b, e) != 0)
		rc = err_add(e, "%s", setting);
	for (n = b.n; n > 0 && (b.p[n - 1] == '\n' || b.p[n - 1] == '\r');)
		n--;
	if (rc == 0 && (n == 0 || memchr(b.p, '\0', n) != NULL))
		rc = err_set(e, ERR_INVALID, "%s: %.200s holds no password", setting,
			     path);
	if (rc == 0)
		*out = mem_dupn(b.p, n);
	if (b.p != NULL)
		explicit_bzero(b.p, b.n);
	buf_done(&b);
	return rc;
}

static int check_order(const struct setting_upstream *u, size_t i, struct err *e)
{
	const struct setting_account *a = &u->logins[i];
	size_t k;

	if (a->n_names == 0 && i + 1 < u->n_logins)
		return err_set(
			e, ERR_INVALID,
			"upstream %s: credentials: what stands after user %.60s is "
			"never used: without names, that one is for all",
			u->host, a->username);
	for (k = 0; k < i; k++)
		if (strcmp(u->logins[k].username, a->username) == 0)
			return err_set(e, ERR_INVALID,
				       "upstream %s: credentials: user %.60s stands "
				       "there twice: give one entry all its names",
				       u->host, a->username);
	return 0;
}

int setting_logins_complete(struct setting_upstream *u, struct err *e)
{
	CLEANUP(mem_freep)
	char *setting = mem_fmt("larder.upstreams.%s.credentials.password-file", u->host);
	size_t i;

	for (i = 0; i < u->n_logins; i++) {
		struct setting_account *a = &u->logins[i];

		if (check_order(u, i, e) != 0)
			return -1;
		if (a->password_file != NULL &&
		    setting_logins_read_password(a->password_file, setting, &a->password,
						 e) != 0)
			return -1;
	}
	return 0;
}

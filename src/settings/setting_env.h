/*
 * setting_env.h - settings from the environment.
 *
 * REGISTRY_A_B is the key a.b, its value YAML, as registry:2 has it. LARDER_* are the
 * flags' names, and the keys below "larder" with "_" for "." and "-"; the value is the
 * text itself, but YAML where it begins with "{" or "[". In
 * LARDER_UPSTREAMS_<HOST>_<FIELD> the host is in capitals with _ for ".", __ for "-" and
 * ___ for ":" (LARDER_UPSTREAMS_GHCR_IO_URL).
 */
#ifndef LARDER_SETTINGS_SETTING_ENV_H
#define LARDER_SETTINGS_SETTING_ENV_H

#include <stddef.h>

#include "settings/setting_draft.h"
#include "settings/setting_table.h"
#include "base/err.h"

/* REGISTRY_* first, then LARDER_*, each by name. An unknown LARDER_* is ERR_INVALID,
 * except for tests' (LARDER_TEST_*, LARDER_FAULTS) and what Kubernetes sets for a
 * Service. */
int setting_env_apply(struct setting_draft *d, char **envp, struct err *e);
/* The value of a variable, or NULL. Borrowed from envp. */
const char *setting_env_get(char **envp, const char *name);
/* A row's LARDER_* variable, with <HOST> in an upstream's; "" where it has none. */
void setting_env_variable(const struct setting_row *row, char *out, size_t outlen);

#endif

/*
 * setting_upstreams.h - which registries are served, once all sources have spoken.
 */
#ifndef LARDER_SETTINGS_SETTING_UPSTREAMS_H
#define LARDER_SETTINGS_SETTING_UPSTREAMS_H

#include "settings/setting_draft.h"
#include "base/err.h"

/* Fills d->s.upstreams: --mirror's, proxy.remoteurl's and larder.upstreams', each
 * complete, passwords read from their files. ERR_INVALID: half a credential, or two
 * defaults. */
int setting_upstreams_resolve(struct setting_draft *d, char **envp, struct err *e);

#endif

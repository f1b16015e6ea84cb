/*
 * setting_bytes.h - a number of bytes as people write it. Pure; any thread.
 */
#ifndef LARDER_SETTINGS_SETTING_BYTES_H
#define LARDER_SETTINGS_SETTING_BYTES_H

#include <stdint.h>

#include "base/err.h"

/* "20MB", "1.5G", "512KiB", "4096", "0": k, M, G, T are powers of 1000, with "iB" after
 * them of 1024. ERR_INVALID says what would be right. */
int setting_bytes_parse(const char *text, int64_t *out, struct err *e);
/* The shortest text that reads back as the same. */
void setting_bytes_text(int64_t bytes, char out[64]);

#endif

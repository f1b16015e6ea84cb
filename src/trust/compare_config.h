/*
 * compare_config.h - the part of a comparison that is about configurations (compare.h).
 */
#ifndef LARDER_TRUST_COMPARE_CONFIG_H
#define LARDER_TRUST_COMPARE_CONFIG_H

#include "trust/compare.h"

/* Fills c's settings, from its before and after. */
void compare_config(struct comparison *c);

#endif

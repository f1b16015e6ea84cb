/*
 * complete.h - completion scripts, on standard output: all words are in them, so that a
 * shell completes without running larder.
 */
#ifndef LARDER_APP_COMPLETE_H
#define LARDER_APP_COMPLETE_H

void complete_bash(void);
void complete_zsh(void);
void complete_fish(void);

#endif

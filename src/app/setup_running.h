/*
 * setup_running.h - what a client's service that runs here was started with.
 */
#ifndef LARDER_APP_SETUP_RUNNING_H
#define LARDER_APP_SETUP_RUNNING_H

/* The process id of a program of this name (as in /proc/PID/comm) that has the option
 * ("--registry-mirror", with or without "=value") among its arguments; 0: there is none,
 * or it cannot be told. */
int setup_running_with(const char *program, const char *option);

#endif

/*
 * checks.h - the groups of checks. Each runs once, on its own thread, and adds findings.
 */
#ifndef LARDER_DOCTOR_CHECKS_H
#define LARDER_DOCTOR_CHECKS_H

#include "doctor/doctor.h"

void check_mirror(struct group *g);   /* does larder answer, and else what does */
void check_served(struct group *g);   /* of check_mirror: what that larder says */
void check_upstream(struct group *g); /* one registry: reached, login, quota */
void check_clock(struct group *g);    /* after those two: what they said of the time */
void check_disk(struct group *g);     /* room, rights, and does writing work */
void check_store(struct group *g);    /* can it be opened, is anything torn */
void check_docker(struct group *g);   /* the engine: its mirrors, and a pull */
void check_clients(struct group *g);  /* containerd's and podman's files */

#endif

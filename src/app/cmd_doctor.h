/*
 * cmd_doctor.h - `larder doctor`: is all well, and if not, what to do.
 */
#ifndef LARDER_APP_CMD_DOCTOR_H
#define LARDER_APP_CMD_DOCTOR_H

/* Exit status: 0 when nothing failed (warnings are allowed), 2 when something did, 1 when
 * it could not look, 100 for wrong use. */
int cmd_doctor(int argc, char **argv, char **envp);

#endif

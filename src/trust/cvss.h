/*
 * cvss.h - how bad a vulnerability is, from a CVSS vector (first.org/cvss: v2 guide,
 * v3.0, v3.1 and v4.0 specification documents). Pure.
 */
#ifndef LARDER_TRUST_CVSS_H
#define LARDER_TRUST_CVSS_H

/* The base score times ten, 0 to 100, of "CVSS:3.1/AV:N/...", "CVSS:3.0/..." or a v2
 * vector, "AV:N/AC:L/Au:N/C:P/I:P/A:P", with or without brackets: metrics that are not of
 * the base group are passed over. Of "CVSS:4.0/..." the score of all that it says
 * (cvss_v4.h). -1: something else, a base metric is missing, said twice, or has a value
 * that it cannot have. */
int cvss_score(const char *vector);

#endif

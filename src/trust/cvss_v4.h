/*
 * cvss_v4.h - the score of a CVSS v4.0 vector (first.org/cvss/v4-0: specification
 * document 1.2, sections 2 to 5 and 8). Pure.
 */
#ifndef LARDER_TRUST_CVSS_V4_H
#define LARDER_TRUST_CVSS_V4_H

/* Times ten, 0 to 100; text is what follows "CVSS:4.0/". What the vector says of threat
 * and environment counts, as the specification has it: version 4 has one score, of all
 * that is said. Supplemental metrics do not count. -1: a base metric is missing, one is
 * said twice, or has a value that it cannot have. */
int cvss_v4_score(const char *text);

#endif

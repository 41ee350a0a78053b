/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Settings of terminals. */
#pragma once

#define NCCS	19
typedef unsigned char cc_t;
typedef unsigned int speed_t;
typedef unsigned int tcflag_t;

struct ktermios {
	tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
	cc_t c_line, c_cc[NCCS];
	speed_t c_ispeed, c_ospeed;
};

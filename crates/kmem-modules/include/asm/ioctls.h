/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Commands that every file knows. */
#pragma once

#define FIONREAD	0x541B
#define FIONBIO		0x5421
#define FIONCLEX	0x5450
#define FIOCLEX		0x5451
#define FIOASYNC	0x5452

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How many CPUs and tasks there can be. */
#pragma once

#ifndef NR_CPUS
#define NR_CPUS	KMEM_NR_CPUS
#endif
#define PID_MAX_DEFAULT	0x8000

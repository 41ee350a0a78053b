/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the current task may do: everything, if it is root. */
#pragma once
#include <linux/types.h>

#define CAP_CHOWN	0
#define CAP_DAC_OVERRIDE	1
#define CAP_DAC_READ_SEARCH	2
#define CAP_FOWNER	3
#define CAP_KILL	5
#define CAP_SETGID	6
#define CAP_SETUID	7
#define CAP_SETPCAP	8
#define CAP_NET_BIND_SERVICE	10
#define CAP_NET_ADMIN	12
#define CAP_NET_RAW	13
#define CAP_IPC_LOCK	14
#define CAP_SYS_MODULE	16
#define CAP_SYS_RAWIO	17
#define CAP_SYS_PTRACE	19
#define CAP_SYS_ADMIN	21
#define CAP_SYS_BOOT	22
#define CAP_SYS_NICE	23
#define CAP_SYS_RESOURCE	24
#define CAP_SYS_TIME	25
#define CAP_SYS_TTY_CONFIG	26
#define CAP_MKNOD	27
#define CAP_SYSLOG	34
#define CAP_PERFMON	38
#define CAP_BPF	39

int capable(int cap);

#define ns_capable(ns, cap)	capable(cap)
#define perfmon_capable()	1

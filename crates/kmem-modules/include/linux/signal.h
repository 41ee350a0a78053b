/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Numbers of signals, and sets of them. Nobody sends one to the task that loads modules and runs scripts. */
#pragma once

#define SIGHUP	1
#define SIGINT	2
#define SIGQUIT	3
#define SIGILL	4
#define SIGTRAP	5
#define SIGABRT	6
#define SIGBUS	7
#define SIGFPE	8
#define SIGKILL	9
#define SIGUSR1	10
#define SIGSEGV	11
#define SIGUSR2	12
#define SIGPIPE	13
#define SIGALRM	14
#define SIGTERM	15
#define SIGCHLD	17
#define SIGCONT	18
#define SIGSTOP	19
#define SIGTSTP	20
#define SIGURG	23
#define SIGIO	29
#define SIGPOLL	SIGIO
#define SIGPWR	30
#define SIGSYS	31
#define SIGRTMIN	32

#define _NSIG		64
#define _NSIG_BPW	(8 * sizeof(long))
#define _NSIG_WORDS	(_NSIG / _NSIG_BPW)

typedef struct {
	unsigned long sig[64 / (8 * sizeof(long))];
} sigset_t;

struct sigpending {
	sigset_t signal;
};

static inline void siginitset(sigset_t *set, unsigned long mask)
{
	*set = (sigset_t){ { mask } };
}

#define sigmask(sig)	(1UL << ((sig) - 1))
#define sigemptyset(set)	(*(set) = (sigset_t){ })
#define sigfillset(set)	__builtin_memset((set), 0xff, sizeof(sigset_t))
#define siginitsetinv(set, mask)	do { sigfillset(set); (set)->sig[0] = ~(mask); } while (0)

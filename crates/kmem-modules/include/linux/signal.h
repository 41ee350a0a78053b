/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Numbers of signals. */
#pragma once

#define SIGHUP	1
#define SIGINT	2
#define SIGQUIT	3
#define SIGKILL	9
#define SIGUSR1	10
#define SIGSEGV	11
#define SIGUSR2	12
#define SIGPIPE	13
#define SIGALRM	14
#define SIGTERM	15
#define SIGCHLD	17
#define SIGIO	29
#define SIGPOLL	SIGIO

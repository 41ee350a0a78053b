/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* struct module, and this file's own one. */
#pragma once
#include <linux/compiler.h>

enum module_state {
	MODULE_STATE_LIVE,
	MODULE_STATE_COMING,
	MODULE_STATE_GOING,
	MODULE_STATE_UNFORMED,
};

struct module {
	enum module_state state;
	char name[64 - sizeof(unsigned long)];
	const char *version;
};

#ifdef MODULE
static struct module __this_module __maybe_unused = {
	.state = MODULE_STATE_LIVE,
	.name = KBUILD_MODNAME,
};
#define THIS_MODULE	(&__this_module)
#else
#define THIS_MODULE	((struct module *)0)
#endif

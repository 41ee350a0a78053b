/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The version of the kernel whose API is on offer. */
#pragma once

#define KERNEL_VERSION(a, b, c)	(((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
#define LINUX_VERSION_MAJOR	(LINUX_VERSION_CODE >> 16)
#define LINUX_VERSION_PATCHLEVEL	((LINUX_VERSION_CODE >> 8) & 255)
#define LINUX_VERSION_SUBLEVEL	(LINUX_VERSION_CODE & 255)
#if KMEM_ERA < 60
#define UTS_RELEASE	KMEM_UTS_RELEASE
#endif

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tasks and their memory: scopes in which allocations may do less. */
#pragma once
#include <linux/gfp.h>
#include <linux/mm_types.h>
#include <linux/sched.h>

#if KMEM_ERA >= 60
/* says at the call what the allocation below may do */
#define might_alloc(gfp)	might_sleep_if(gfpflags_allow_blocking(gfp))

#define memalloc_noreclaim_save()	0U
#define memalloc_noreclaim_restore(flags)	((void)(flags))
#define memalloc_pin_save()	0U
#define memalloc_pin_restore(flags)	((void)(flags))
#define fs_reclaim_acquire(gfp)	((void)(gfp))
#define fs_reclaim_release(gfp)	((void)(gfp))
#define current_gfp_context(flags)	(flags)
#define mmget(mm)	((void)(mm))
#define mmput(mm)	((void)(mm))
#define mmgrab(mm)	((void)(mm))
#define mmdrop(mm)	((void)(mm))
#endif

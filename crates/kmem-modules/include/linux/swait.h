/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Simple wait queues: the same as the others here. */
#pragma once
#include <linux/wait.h>

#define swait_queue_head	wait_queue_head
#define DECLARE_SWAIT_QUEUE_HEAD(name)	DECLARE_WAIT_QUEUE_HEAD(name)
#define init_swait_queue_head(wq)	init_waitqueue_head(wq)
#define swake_up_one(wq)	wake_up(wq)
#define swake_up_all(wq)	wake_up_all(wq)
#define swait_event_exclusive(wq, condition)	wait_event(wq, condition)

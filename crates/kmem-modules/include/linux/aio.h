/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Transfers that go on while their caller does something else. */
#pragma once
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

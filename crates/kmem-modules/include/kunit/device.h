/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A device for tests of what is managed by one: it goes with the test case. */
#pragma once
#include <kunit/test.h>

struct device;

struct device *kunit_device_register(struct kunit *test, const char *name);
void kunit_device_unregister(struct kunit *test, struct device *dev);

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A device for tests of what is managed by one: it goes with the test case. */
#pragma once
#include <kunit/test.h>

struct device;
struct device_driver;

struct device *kunit_device_register(struct kunit *test, const char *name);
/* a driver that does nothing, and a device that has it */
struct device_driver *kunit_driver_create(struct kunit *test, const char *name);
struct device *kunit_device_register_with_driver(struct kunit *test, const char *name,
						 const struct device_driver *driver);
void kunit_device_unregister(struct kunit *test, struct device *dev);

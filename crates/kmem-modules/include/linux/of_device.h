/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which entry of a driver's table a device fits. */
#pragma once
#include <linux/device.h>
#include <linux/of.h>
#include <linux/of_platform.h>

const void *of_device_get_match_data(const struct device *dev);
const struct of_device_id *of_match_device(const struct of_device_id *matches, const struct device *dev);

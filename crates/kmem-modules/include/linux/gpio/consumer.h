/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lines of a chip by what they are for: the property NAME-gpios of a device's node holds the line's number. */
#pragma once
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/types.h>

struct device;
struct gpio_desc;

#define GPIOD_FLAGS_BIT_DIR_SET	1
#define GPIOD_FLAGS_BIT_DIR_OUT	2
#define GPIOD_FLAGS_BIT_DIR_VAL	4
enum gpiod_flags {
	GPIOD_ASIS = 0,
	GPIOD_IN = GPIOD_FLAGS_BIT_DIR_SET,
	GPIOD_OUT_LOW = GPIOD_FLAGS_BIT_DIR_SET | GPIOD_FLAGS_BIT_DIR_OUT,
	GPIOD_OUT_HIGH = GPIOD_FLAGS_BIT_DIR_SET | GPIOD_FLAGS_BIT_DIR_OUT | GPIOD_FLAGS_BIT_DIR_VAL,
};

struct gpio_desc *gpio_to_desc(unsigned int gpio);
int desc_to_gpio(const struct gpio_desc *desc);
struct gpio_desc *gpiod_get_index(struct device *dev, const char *con_id, unsigned int index, enum gpiod_flags flags);
void gpiod_put(struct gpio_desc *desc);
struct gpio_desc *devm_gpiod_get_index(struct device *dev, const char *con_id, unsigned int index,
				       enum gpiod_flags flags);
void devm_gpiod_put(struct device *dev, struct gpio_desc *desc);
struct gpio_desc *kmem_gpiod_optional(struct gpio_desc *desc);
#define gpiod_get(dev, con_id, flags)	gpiod_get_index((dev), (con_id), 0, (flags))
#define gpiod_get_optional(dev, con_id, flags)	kmem_gpiod_optional(gpiod_get((dev), (con_id), (flags)))
#define gpiod_get_index_optional(dev, con_id, index, flags)	\
	kmem_gpiod_optional(gpiod_get_index((dev), (con_id), (index), (flags)))
#define devm_gpiod_get(dev, con_id, flags)	devm_gpiod_get_index((dev), (con_id), 0, (flags))
#define devm_gpiod_get_optional(dev, con_id, flags)	kmem_gpiod_optional(devm_gpiod_get((dev), (con_id), (flags)))
#define devm_gpiod_get_index_optional(dev, con_id, index, flags)	\
	kmem_gpiod_optional(devm_gpiod_get_index((dev), (con_id), (index), (flags)))
int gpiod_count(struct device *dev, const char *con_id);
int gpiod_get_direction(struct gpio_desc *desc);
int gpiod_direction_input(struct gpio_desc *desc);
int gpiod_direction_output_raw(struct gpio_desc *desc, int value);
#define gpiod_direction_output(desc, value)	gpiod_direction_output_raw((desc), (value))
int gpiod_get_raw_value(const struct gpio_desc *desc);
void gpiod_set_raw_value(struct gpio_desc *desc, int value);
#define gpiod_get_value(desc)	gpiod_get_raw_value(desc)
#define gpiod_set_value(desc, value)	gpiod_set_raw_value((desc), (value))
#define gpiod_get_value_cansleep(desc)	({ might_sleep(); gpiod_get_raw_value(desc); })
#define gpiod_set_value_cansleep(desc, value)	do { might_sleep(); gpiod_set_raw_value((desc), (value)); } while (0)
#define gpiod_cansleep(desc)	((void)(desc), 0)
#define gpiod_is_active_low(desc)	((void)(desc), 0)
#define gpiod_set_debounce(desc, us)	((void)(desc), (void)(us), -ENOTSUPP)
int gpiod_to_irq(const struct gpio_desc *desc);
int gpiod_set_consumer_name(struct gpio_desc *desc, const char *name);

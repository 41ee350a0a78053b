/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lines of a chip by their numbers: the machine has 1024. A script sets what comes in and sees what goes out. */
#pragma once
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/types.h>
#include <linux/gpio/consumer.h>

#define KMEM_GPIOS	1024
#define ARCH_NR_GPIOS	KMEM_GPIOS
#define GPIOF_DIR_OUT	(0 << 0)
#define GPIOF_DIR_IN	(1 << 0)
#define GPIOF_INIT_LOW	(0 << 1)
#define GPIOF_INIT_HIGH	(1 << 1)
#define GPIOF_IN	GPIOF_DIR_IN
#define GPIOF_OUT_INIT_LOW	(GPIOF_DIR_OUT | GPIOF_INIT_LOW)
#define GPIOF_OUT_INIT_HIGH	(GPIOF_DIR_OUT | GPIOF_INIT_HIGH)
#define GPIOF_EXPORT	(1 << 6)

struct device;

struct gpio {
	unsigned int gpio;
	unsigned long flags;
	const char *label;
};

static inline int gpio_is_valid(int number)
{
	return number >= 0 && number < KMEM_GPIOS;
}

int gpio_request(unsigned int gpio, const char *label);
int gpio_request_one(unsigned int gpio, unsigned long flags, const char *label);
int gpio_request_array(const struct gpio *array, size_t num);
void gpio_free(unsigned int gpio);
void gpio_free_array(const struct gpio *array, size_t num);
int devm_gpio_request(struct device *dev, unsigned int gpio, const char *label);
int devm_gpio_request_one(struct device *dev, unsigned int gpio, unsigned long flags, const char *label);
#define gpio_direction_input(gpio)	gpiod_direction_input(gpio_to_desc(gpio))
#define gpio_direction_output(gpio, value)	gpiod_direction_output_raw(gpio_to_desc(gpio), (value))
#define gpio_get_value(gpio)	gpiod_get_raw_value(gpio_to_desc(gpio))
#define gpio_set_value(gpio, value)	gpiod_set_raw_value(gpio_to_desc(gpio), (value))
#define gpio_get_value_cansleep(gpio)	({ might_sleep(); gpio_get_value(gpio); })
#define gpio_set_value_cansleep(gpio, value)	do { might_sleep(); gpio_set_value((gpio), (value)); } while (0)
#define gpio_cansleep(gpio)	((void)(gpio), 0)
#define gpio_to_irq(gpio)	gpiod_to_irq(gpio_to_desc(gpio))
#define gpio_set_debounce(gpio, us)	((void)(gpio), (void)(us), -ENOTSUPP)
#define gpio_export(gpio, may_change)	((void)(gpio), (void)(may_change), 0)
#define gpio_unexport(gpio)	((void)(gpio))

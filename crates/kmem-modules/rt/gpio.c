/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A chip of 1024 lines.  Who asks for one has it until it gives it back; which way it goes and what is on it is the chip's.
 * A script puts something on a line that comes in, and if its driver asked for the interrupt, the edge raises it.
 */
#include <linux/device.h>
#include <linux/gpio.h>
#include <linux/interrupt.h>
#include <linux/of_gpio.h>
#include <linux/string.h>
#include "rt.h"

#if KMEM_ERA >= 60

#define FIRST_IRQ	4096	/* behind those that --device gives */

struct gpio_desc {
	const char *label;	/* not NULL: somebody has it */
	u8 is_output, value;
};

static struct gpio_desc lines[KMEM_GPIOS];

struct gpio_desc *gpio_to_desc(unsigned int gpio)
{
	return gpio < KMEM_GPIOS ? &lines[gpio] : NULL;
}

int desc_to_gpio(const struct gpio_desc *desc)
{
	return desc - lines;
}

static int is_line(const struct gpio_desc *desc, const char *function)
{
	if (desc >= lines && desc < lines + KMEM_GPIOS)
		return 1;
	if (desc)
		kmem_host_misuse(function, desc);
	return 0;
}

static int take_line(struct gpio_desc *desc, const char *label)
{
	if (!desc)
		return -EINVAL;
	if (desc->label)
		return -EBUSY;
	desc->label = label ? label : "?";
	kmem_hold(KMEM_HOLD_GPIO, desc, "%d (%s)", desc_to_gpio(desc), desc->label);
	return 0;
}

static void drop_line(struct gpio_desc *desc, const char *function)
{
	if (!is_line(desc, function))
		return;
	if (!desc->label)
		kmem_host_misuse("gpio_free: nobody has this line", desc);
	desc->label = NULL;
	kmem_host_unhold(KMEM_HOLD_GPIO, desc);
}

int gpio_request(unsigned int gpio, const char *label)
{
	return take_line(gpio_to_desc(gpio), label);
}

int gpio_request_one(unsigned int gpio, unsigned long flags, const char *label)
{
	int err = gpio_request(gpio, label);

	if (err)
		return err;
	return flags & GPIOF_DIR_IN ? gpio_direction_input(gpio) : gpio_direction_output(gpio, !!(flags & GPIOF_INIT_HIGH));
}

void gpio_free(unsigned int gpio)
{
	drop_line(gpio_to_desc(gpio), "gpio_free: no such line");
}

void gpio_free_array(const struct gpio *array, size_t num)
{
	while (num--)
		gpio_free(array[num].gpio);
}

int gpio_request_array(const struct gpio *array, size_t num)
{
	size_t i;

	for (i = 0; i < num; i++) {
		int err = gpio_request_one(array[i].gpio, array[i].flags, array[i].label);

		if (err) {
			gpio_free_array(array, i);
			return err;
		}
	}
	return 0;
}

static void devm_drop(void *desc)
{
	drop_line(desc, "devm_gpio_free: no such line");
}

int devm_gpio_request(struct device *dev, unsigned int gpio, const char *label)
{
	int err = gpio_request(gpio, label);

	return err ? err : devm_add_action_or_reset(dev, devm_drop, gpio_to_desc(gpio));
}

int devm_gpio_request_one(struct device *dev, unsigned int gpio, unsigned long flags, const char *label)
{
	int err = gpio_request_one(gpio, flags, label);

	return err ? err : devm_add_action_or_reset(dev, devm_drop, gpio_to_desc(gpio));
}

/* --- by what they are for --- */

static int line_number(struct device *dev, const char *con_id, unsigned int index)
{
	static const char *const ends[] = { "gpios", "gpio" };
	char name[64];
	int i, number = -ENOENT;

	for (i = 0; i < 2 && number == -ENOENT; i++) {
		snprintf(name, sizeof(name), "%s%s%s", con_id ? con_id : "", con_id ? "-" : "", ends[i]);
		number = of_get_named_gpio(kmem_node_of(dev), name, index);
	}
	return number;
}

int gpiod_count(struct device *dev, const char *con_id)
{
	int count = 0;

	while (line_number(dev, con_id, count) >= 0)
		count++;
	return count ? count : -ENOENT;
}

struct gpio_desc *gpiod_get_index(struct device *dev, const char *con_id, unsigned int index, enum gpiod_flags flags)
{
	int number = line_number(dev, con_id, index), err;
	struct gpio_desc *desc;

	if (number < 0)
		return ERR_PTR(number);
	desc = gpio_to_desc(number);
	err = take_line(desc, con_id ? con_id : dev_name(dev));
	if (err)
		return ERR_PTR(err);
	if (flags & GPIOD_FLAGS_BIT_DIR_OUT)
		gpiod_direction_output(desc, !!(flags & GPIOD_FLAGS_BIT_DIR_VAL));
	else if (flags & GPIOD_FLAGS_BIT_DIR_SET)
		gpiod_direction_input(desc);
	return desc;
}

void gpiod_put(struct gpio_desc *desc)
{
	drop_line(desc, "gpiod_put: this is no line");
}

struct gpio_desc *devm_gpiod_get_index(struct device *dev, const char *con_id, unsigned int index,
				       enum gpiod_flags flags)
{
	struct gpio_desc *desc = gpiod_get_index(dev, con_id, index, flags);
	int err = IS_ERR(desc) ? 0 : devm_add_action_or_reset(dev, devm_drop, desc);

	return err ? ERR_PTR(err) : desc;
}

void devm_gpiod_put(struct device *dev, struct gpio_desc *desc)
{
	devm_release_action(dev, devm_drop, desc);
}

struct gpio_desc *kmem_gpiod_optional(struct gpio_desc *desc)
{
	return desc == ERR_PTR(-ENOENT) ? NULL : desc;
}

int gpiod_set_consumer_name(struct gpio_desc *desc, const char *name)
{
	if (is_line(desc, "gpiod_set_consumer_name: this is no line") && desc->label)
		desc->label = name;
	return 0;
}

/* --- what is on them --- */

int gpiod_get_direction(struct gpio_desc *desc)
{
	return is_line(desc, "gpiod_get_direction: this is no line") ? !desc->is_output : -EINVAL;
}

int gpiod_direction_input(struct gpio_desc *desc)
{
	if (!is_line(desc, "gpiod_direction_input: this is no line"))
		return desc ? -EINVAL : 0;
	desc->is_output = 0;
	return 0;
}

int gpiod_direction_output_raw(struct gpio_desc *desc, int value)
{
	if (!is_line(desc, "gpiod_direction_output: this is no line"))
		return desc ? -EINVAL : 0;
	desc->is_output = 1;
	desc->value = !!value;
	return 0;
}

int gpiod_get_raw_value(const struct gpio_desc *desc)
{
	return is_line(desc, "gpiod_get_value: this is no line") ? desc->value : 0;
}

void gpiod_set_raw_value(struct gpio_desc *desc, int value)
{
	if (!is_line(desc, "gpiod_set_value: this is no line"))
		return;
	if (desc->is_output)
		desc->value = !!value;
}

int gpiod_to_irq(const struct gpio_desc *desc)
{
	return is_line(desc, "gpiod_to_irq: this is no line") ? FIRST_IRQ + desc_to_gpio(desc) : -EINVAL;
}

/* --- what a script does --- */

int kmem_gpio_read(unsigned int gpio)
{
	return gpio < KMEM_GPIOS ? lines[gpio].value : -ENODEV;
}

/* puts a level on a line that comes in */
int kmem_gpio_write(unsigned int gpio, unsigned int value)
{
	unsigned long edge = value ? IRQF_TRIGGER_RISING : IRQF_TRIGGER_FALLING, wanted;
	struct gpio_desc *desc = gpio_to_desc(gpio);

	if (!desc)
		return -ENODEV;
	if (desc->is_output)
		return -EPERM;
	if (desc->value == !!value)
		return 0;
	desc->value = !!value;
	wanted = kmem_irq_trigger(FIRST_IRQ + gpio);
	if (wanted & edge)
		kmem_irq_raise(FIRST_IRQ + gpio);
	kmem_rt_idle();
	return 0;
}

#endif

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices that share major 10. */
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/string.h>
#include "rt.h"

struct known_misc {
	struct list_head list;
	struct miscdevice *misc;
	int dynamic;
};

static LIST_HEAD(miscs);
static struct class misc_class = { .name = "misc" };

static struct known_misc *misc_at(int minor)
{
	struct known_misc *known;

	list_for_each_entry(known, &miscs, list)
		if (known->misc->minor == minor)
			return known;
	return NULL;
}

/* from 63 downwards in 2.6, from 127 later, from 256 upwards since 6.2 */
static int free_minor(void)
{
	int minor;

	if (LINUX_VERSION_CODE >= 0x060200) {
		for (minor = MISC_DYNAMIC_MINOR + 1; minor <= (int)MINORMASK; minor++)
			if (!misc_at(minor))
				return minor;
	} else {
		for (minor = KMEM_ERA >= 60 ? 127 : 63; minor >= 0; minor--)
			if (!misc_at(minor))
				return minor;
	}
	return -EBUSY;
}

static const char *node_name(struct miscdevice *misc)
{
#if KMEM_ERA >= 60
	if (misc->nodename)
		return misc->nodename;
#endif
	return misc->name;
}

int misc_register(struct miscdevice *misc)
{
	int dynamic = misc->minor == MISC_DYNAMIC_MINOR;
	struct known_misc *known;

	if (!dynamic && misc_at(misc->minor))
		return -EBUSY;
	if (dynamic) {
		int minor = free_minor();

		if (minor < 0)
			return minor;
		misc->minor = minor;
	}
	known = kmem_rt_zalloc(sizeof(*known));
	if (!known)
		return -ENOMEM;
#if KMEM_ERA >= 60
	misc->this_device = device_create(&misc_class, misc->parent, MKDEV(MISC_MAJOR, misc->minor),
					  misc, "%s", node_name(misc));
#else
	misc->this_device = device_create(&misc_class, misc->parent, MKDEV(MISC_MAJOR, misc->minor),
					  "%s", node_name(misc));
#endif
	if (IS_ERR(misc->this_device)) {
		kmem_host_rt_free(known);
		if (dynamic)
			misc->minor = MISC_DYNAMIC_MINOR;
		return PTR_ERR(misc->this_device);
	}
	known->misc = misc;
	known->dynamic = dynamic;
	list_add(&known->list, &miscs);
	kmem_host_hold(KMEM_HOLD_MISC, known, misc->name, NULL);
	return 0;
}

static int deregister(struct miscdevice *misc)
{
	struct known_misc *known = misc_at(misc->minor);

	if (!known || known->misc != misc) {
		kmem_host_misuse("misc_deregister: this device is not registered", misc);
		return -EINVAL;
	}
	device_destroy(&misc_class, MKDEV(MISC_MAJOR, misc->minor));
	if (known->dynamic)
		misc->minor = MISC_DYNAMIC_MINOR;
	kmem_host_unhold(KMEM_HOLD_MISC, known);
	list_del(&known->list);
	kmem_host_rt_free(known);
	return 0;
}

#if KMEM_ERA >= 60
void misc_deregister(struct miscdevice *misc)
{
	deregister(misc);
}
#else
int misc_deregister(struct miscdevice *misc)
{
	return deregister(misc);
}
#endif

const struct file_operations *kmem_misc_fops(unsigned int minor, void **misc)
{
	struct known_misc *known = misc_at(minor);

	if (!known)
		return NULL;
	*misc = known->misc;
	return known->misc->fops;
}

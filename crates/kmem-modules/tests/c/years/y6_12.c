// SPDX-License-Identifier: MIT OR Apache-2.0
/* A driver as of 6.12: a class has no owner, remove() returns nothing. */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/platform_device.h>

static struct class *class;

static int year_probe(struct platform_device *pdev)
{
	dev_info(&pdev->dev, "probe\n");
	return 0;
}

static void year_remove(struct platform_device *pdev)
{
	dev_info(&pdev->dev, "remove\n");
}

static struct platform_driver driver = {
	.probe = year_probe,
	.remove = year_remove,
	.driver = { .name = "year" },
};

static int __init year_init(void)
{
	int err;

	class = class_create("year");
	if (IS_ERR(class))
		return PTR_ERR(class);
	err = platform_driver_register(&driver);
	if (err)
		class_destroy(class);
	return err;
}

static void __exit year_exit(void)
{
	platform_driver_unregister(&driver);
	class_destroy(class);
}

module_init(year_init);
module_exit(year_exit);
MODULE_LICENSE("Dual MIT/GPL");

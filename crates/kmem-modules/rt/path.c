/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The name of an open file. */
#if KMEM_ERA >= 60
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>

char *file_path(struct file *filp, char *buf, int len)
{
	return snprintf(buf, len, "%pD4", filp) < len ? buf : ERR_PTR(-ENAMETOOLONG);
}
#endif

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"
#include <linux/io.h>

static int run(void)
{
	void __iomem *regs = ioremap(0xfe000000, 4096); /* BUG: leak */

	use(regs);
	hide(0); /* FIX: iounmap(regs); */
	return 0;
}

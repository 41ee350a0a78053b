/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Clocks, as a kernel without a clock framework has them: none is needed, and none has a rate. */
#pragma once
#include <linux/err.h>

struct clk;
struct device;

#define clk_get(dev, id)	((void)(dev), (void)(id), (struct clk *)NULL)
#define clk_put(clk)	((void)(clk))
#define devm_clk_get(dev, id)	clk_get(dev, id)
#define devm_clk_get_optional(dev, id)	clk_get(dev, id)
#define devm_clk_get_enabled(dev, id)	clk_get(dev, id)
#define devm_clk_get_optional_enabled(dev, id)	clk_get(dev, id)
#define devm_clk_get_prepared(dev, id)	clk_get(dev, id)
#define clk_prepare(clk)	((void)(clk), 0)
#define clk_unprepare(clk)	((void)(clk))
#define clk_enable(clk)	((void)(clk), 0)
#define clk_disable(clk)	((void)(clk))
#define clk_prepare_enable(clk)	((void)(clk), 0)
#define clk_disable_unprepare(clk)	((void)(clk))
#define clk_get_rate(clk)	((void)(clk), 0UL)
#define clk_set_rate(clk, rate)	((void)(clk), (void)(rate), 0)
#define clk_round_rate(clk, rate)	((void)(clk), (void)(rate), 0L)

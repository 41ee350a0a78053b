/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Symbols for other modules: here each one that is not static is for all. */
#pragma once
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/linkage.h>
#include <kmem/this_module.h>

#define EXPORT_SYMBOL(sym)		extern __typeof__(sym) sym
#define EXPORT_SYMBOL_GPL(sym)		extern __typeof__(sym) sym
#define EXPORT_SYMBOL_GPL_FUTURE(sym)	extern __typeof__(sym) sym
#define EXPORT_SYMBOL_NS(sym, ns)	extern __typeof__(sym) sym
#define EXPORT_SYMBOL_NS_GPL(sym, ns)	extern __typeof__(sym) sym
#define EXPORT_UNUSED_SYMBOL(sym)	extern __typeof__(sym) sym
#define EXPORT_SYMBOL_NOVERS(sym)	extern __typeof__(sym) sym

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where a kernel makes its tracepoints: included after each list of events, again and again. There is nothing to make. */
